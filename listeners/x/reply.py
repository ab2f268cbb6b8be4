"""Answer on X, below a post or in a direct conversation, and look whether that was done already."""

import re
from datetime import datetime
from itertools import chain
from typing import Any

from desk.source import Source
from listeners.contract import Receipt, ReplyTo
from listeners.http import Client
from listeners.paging import body_of, by_token, pick
from listeners.times import instant
from listeners.x.posts import link, words
from listeners.x.streams import MESSAGE_FIELDS, who_we_are

Json = dict[str, Any]
CHARACTERS, CHARACTERS_DIRECT = 280, 10_000
_LATEST = 50
_PAGES = {"items": "data", "token": "meta.next_token", "param": "pagination_token"}
_GREETING = re.compile(r"^(@\w+\s+)+")
"""The names that X puts before an answer by itself."""


def reply(client: Client, _source: Source, to: ReplyTo, text: str, _key: str) -> Receipt:
    """Send *text* below a post, or into a direct conversation."""
    if to.kind == "dm":
        convo = to.conversation.removeprefix("dm/")
        sent = body_of(client, client.send("POST", f"/2/dm_conversations/{convo}/messages", json={"text": text}))
        return _message(convo, sent["data"]["dm_event_id"])
    body = {"text": text, "reply": {"in_reply_to_tweet_id": to.native_id}}
    sent = body_of(client, client.send("POST", "/2/tweets", json=body))
    return _post(sent["data"]["id"])


def look(client: Client, source: Source, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    """Return our own answer *text* of *since* or later, None where there is none."""
    me = who_we_are(client, str(source.options.get("account", "")))
    since = since.replace(microsecond=0)
    return _written(client, me, to, text, since) if to.kind == "dm" else _posted(client, me, to, text, since)


def _posted(client: Client, me: str, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    asked = {"max_results": _LATEST, "start_time": since.isoformat().replace("+00:00", "Z")}
    asked["tweet.fields"] = "created_at,referenced_tweets,entities,note_tweet"
    for post in chain.from_iterable(by_token(client, f"/2/users/{me}/tweets", asked, **_PAGES)):
        below = {one.get("id") for one in post.get("referenced_tweets") or () if one.get("type") == "replied_to"}
        if to.native_id in below and _bare(words(post)).split() == _bare(text).split():
            return _post(post["id"])
    return None


def _bare(text: str) -> str:
    return _GREETING.sub("", text.strip())


def _post(post_id: object) -> Receipt:
    return Receipt(str(post_id), link("", str(post_id)))


def _written(client: Client, me: str, to: ReplyTo, text: str, since: datetime) -> Receipt | None:
    convo = to.conversation.removeprefix("dm/")
    asked = MESSAGE_FIELDS | {"max_results": _LATEST}
    path = f"/2/dm_conversations/{convo}/dm_events"
    for event in chain.from_iterable(by_token(client, path, asked, **_PAGES)):
        sent_at = instant(event.get("created_at"))
        if sent_at and sent_at < since:  # the newest come first
            return None
        if str(pick(event, "sender_id")) == me and words(event).split() == text.split() and sent_at and sent_at >= since:
            return _message(convo, event["id"])
    return None


def _message(convo: str, event_id: object) -> Receipt:
    return Receipt(f"dm/{event_id}", f"https://x.com/messages/{convo}")
