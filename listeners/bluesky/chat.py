"""Bluesky's direct messages: once from the conversations as they stand, from then on from the log of what happens."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desk.errors import NotUnderstood, SourceGone
from desk.mention import Author, Mention
from listeners.batches import Batch, moment, understood
from listeners.bluesky.posts import PLATFORM, attached
from listeners.bluesky.session import CHAT, Me
from listeners.http import Client
from listeners.paging import listed
from listeners.times import instant

Json = dict[str, Any]
_CONVERSATIONS, _MESSAGES = 20, 100


def message_to_mention(message: Json, convo: str, people: dict[str, Json], did: str) -> Mention | None:
    """Turn a direct message into a Mention; None for what is none (a deleted one, a system message). Raises NotUnderstood."""
    if "text" not in message:
        return None
    sender = message["sender"]["did"]
    said_at = instant(message["sentAt"])
    if said_at is None:
        raise NotUnderstood(f"a message of {message['sentAt']!r}")
    who = people.get(sender, {})
    handle = who.get("handle") or ""
    return Mention(
        platform=PLATFORM,
        native_id=native(convo, message["id"]),
        conversation=f"dm/{convo}",
        kind="dm",
        text=message["text"].strip(),
        author=Author(
            native_id=sender,
            handle=handle,
            name=who.get("displayName") or "",
            url=f"https://bsky.app/profile/{handle or sender}",
        ),
        url=f"https://bsky.app/messages/{convo}",
        said_at=said_at,
        ours=sender == did,
        attachments=tuple(attached(message.get("embed") or {})),
    )


def native(convo: str, message_id: str) -> str:
    """Return a message's native id."""
    return f"dm/{convo}/{message_id}"


def asked(client: Client, me: Me, method: str, **params: Any) -> Any:
    """Ask for direct messages at the server where our account lives."""
    given = {name: value for name, value in params.items() if value}
    return client.get_json(client.at(f"{me.home}/xrpc/chat.bsky.convo.{method}"), given, CHAT)


@dataclass
class Chat:
    """The direct messages of one account, from *since* on."""

    client: Client
    me: Me
    since: datetime
    people: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Who takes part in each conversation."""

    def onward(self, token: str) -> Iterator[Batch]:
        """Yield what lies in the conversations, then what the log tells; the log's place is noted before the rest is read."""
        state = json.loads(token) if token else {"log": asked(self.client, self.me, "getLog").get("cursor", ""), "convos": ""}
        while "convos" in state:
            batch, following = self._history(state["convos"])
            state = {"log": state["log"]} | ({"convos": following} if following else {})
            yield Batch(batch.found, token=json.dumps(state))
        while True:
            body = asked(self.client, self.me, "getLog", cursor=state["log"])
            events = listed(self.client, body, "logs")
            following = body.get("cursor") or state["log"]
            more = bool(events) and following != state["log"]
            state = {"log": following}
            found = understood(self._said(events), self._read, "log").found
            yield Batch(found, token=json.dumps(state), more=more, deleted=tuple(self._gone(events)))

    def _history(self, cursor: str) -> tuple[Batch, str]:
        """Return what was said in a page of conversations, and where the next page begins ("" after the last)."""
        body = asked(self.client, self.me, "listConvos", limit=_CONVERSATIONS, cursor=cursor)
        lately = [convo for convo in listed(self.client, body, "convos") if self._lately(convo)]
        found: list[Any] = []
        for convo in lately:
            self.people[convo["id"]] = _by_did(convo.get("members"))
            found += [{"convoId": convo["id"], "message": one} for one in reversed(list(self._messages(convo["id"])))]
        ordered = sorted(
            understood(found, self._read, "conversations").found,
            key=lambda one: moment(one) if isinstance(one, Mention) else self.since,
        )
        following = body.get("cursor") or ""
        return Batch(tuple(ordered)), following if lately and following != cursor else ""

    def _lately(self, convo: Json) -> bool:
        """Say whether something was said in a conversation lately; they come in the order of their last word."""
        last = instant((convo.get("lastMessage") or {}).get("sentAt"))
        return last is not None and last >= self.since

    def _messages(self, convo: str) -> Iterator[Json]:
        """Yield a conversation's messages, the newest first, back to *since*."""
        cursor, seen = "", set()
        while True:
            body = asked(self.client, self.me, "getMessages", convoId=convo, limit=_MESSAGES, cursor=cursor)
            fresh = [one for one in listed(self.client, body, "messages") if one.get("id") not in seen]
            seen |= {one.get("id") for one in fresh}
            yield from fresh
            oldest = instant(fresh[-1].get("sentAt")) if fresh else None
            cursor = body.get("cursor") or ""
            if not cursor or oldest is None or oldest < self.since:
                return

    def _said(self, events: list[Json]) -> list[Json]:
        said = [event for event in events if str(event.get("$type", "")).endswith("#logCreateMessage")]
        for event in said:
            self.people.setdefault(event.get("convoId", ""), {}).update(_by_did(event.get("relatedProfiles")))
        return said

    def _read(self, event: Json) -> Mention | None:
        convo = event["convoId"]
        return message_to_mention(event["message"], convo, self._who(convo), self.me.did)

    def _who(self, convo: str) -> dict[str, Json]:
        """Return the people of a conversation, asked for once where the log did not tell them."""
        if not self.people.get(convo):
            try:
                body = asked(self.client, self.me, "getConvo", convoId=convo)
            except SourceGone:  # we have left it since
                body = {}
            self.people[convo] = _by_did((body.get("convo") or {}).get("members"))
        return self.people[convo]

    @staticmethod
    def _gone(events: list[Json]) -> Iterator[str]:
        for event in events:
            if str(event.get("$type", "")).endswith("#logDeleteMessage"):
                yield native(event["convoId"], event["message"]["id"])


def _by_did(people: list[Json] | None) -> dict[str, Json]:
    return {one["did"]: one for one in people or () if "did" in one}
