"""The walks: mentions, searches and direct messages from the newest back, then what else was said in their conversations.

The cursor remembers which conversations have been heard; a search by conversation brings the new answers below them, and nothing
that was paid for already (guarantee 3).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import SourceGone
from desk.mention import Mention
from desk.source import Source, Span
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.paging import listed, pick
from listeners.walks import Newest, gathered
from listeners.x.posts import FIELDS, id_at, joined, message_to_mention, time_of, to_mention

Json = dict[str, Any]
MESSAGE_FIELDS = {
    "dm_event.fields": "created_at,sender_id,dm_conversation_id,event_type,attachments,entities",
    "event_types": "MessageCreate",
    "expansions": "sender_id,attachments.media_keys",
    "user.fields": "username,name,public_metrics",
    "media.fields": "url,preview_image_url",
}
_PAGE = 100
_SEARCHED = timedelta(days=7) - timedelta(minutes=2)
"""How far back the recent search goes; an id from before that is refused."""
_ASKED, _WATCHED = 12, 120
"""Conversations in one search (a query holds 512 characters), and in all."""
_LOOKED_UP = 100


class Options(BaseModel):
    """What an X source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = ""
    """Our own account, without @; needed where only an app's bearer token is given."""
    mentions: bool = False
    """Posts that mention or answer us."""
    search: tuple[str, ...] = ()
    """Queries in X's search language; the last seven days."""
    direct: bool = False
    """Direct messages of the last thirty days; needs a person's consent (refresh token)."""
    replies: bool = True
    """Whether new answers in the conversations of what was heard are looked for."""
    replies_back: Span = timedelta(days=7)
    """How old a conversation may be for new answers in it to be looked for."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.mentions or self.search or self.direct):
            raise ValueError('name what to hear: mentions = true, search = ["yourshop"] or direct = true')
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, the oldest first in each stream, then what is gone."""
    options = Options.model_validate(source.options)
    at: dict[str, str] = json.loads(cursor) if cursor else {}
    if "me" not in at:
        at["me"] = who_we_are(client, options.account)
        yield Page(cursor=json.dumps(at, sort_keys=True))  # asking again is counted
    run = _Run(client, options, window, at["me"], json.loads(at.get("watched", "[]")))
    if options.mentions and not run.me:
        raise SourceGone("X does not say whose mentions are meant", advice='name your account: account = "yourshop"')
    more = False
    for page in gathered(run.streams(), json.dumps(at), window, complete=False):
        run.heard |= {mention.native_id for mention in page.mentions}
        run.watch(page.mentions)
        more = page.more
        yield replace(page, cursor=json.dumps({**json.loads(page.cursor or "{}"), "watched": json.dumps(run.watched)}))
    gone = tuple(run.gone())
    if gone:
        yield Page(deleted=gone, more=more)


def who_we_are(client: Client, account: str) -> str:
    """Return the number of our account, "" where nothing tells: by name, or by whose token it is."""
    if client.secrets.get("refresh_token"):
        return str(pick(client.get_json("/2/users/me"), "data.id", ""))
    if not account:
        return ""
    found = client.get_json(f"/2/users/by/username/{account.lstrip('@')}")
    if not pick(found, "data.id"):
        raise SourceGone(f"X knows no account @{account.lstrip('@')}", advice="check the setting account: the name without @")
    return str(found["data"]["id"])


def pages(client: Client, path: str, asked: Mapping[str, Any], token: str) -> Iterator[list[Json]]:
    """Walk a list: what the answer's ``meta.next_token`` holds is the next question's *token*; nothing found is no ``data``."""
    following, before = "", list[Json]()
    while True:
        body = client.get_json(path, {"max_results": _PAGE, **asked, **({token: following} if following else {})})
        items = listed(client, body, "data")
        if not items or items == before:
            return
        yield joined(body, items)
        here = str(pick(body, "meta.next_token", ""))
        if here in ("", following):
            return
        following, before = here, items


@dataclass
class _Run:
    """One run: what it hears, and which conversations it watches."""

    client: Client
    options: Options
    window: Window
    me: str
    watched: list[str]
    heard: set[str] = field(default_factory=set)

    def streams(self) -> dict[str, Newest]:
        """Return what is listened to; the conversations come last, for the others say which they are."""
        found: dict[str, Newest] = {}
        if self.options.mentions:
            found["mentions"] = partial(
                self._posts, f"/2/users/{self.me}/mentions", {}, "pagination_token", lambda moment: moment
            )
        for query in self.options.search:
            found[f"search:{query}"] = partial(
                self._posts, "/2/tweets/search/recent", {"query": query}, "next_token", self._recent
            )
        if self.options.direct:
            found["direct"] = self._messages
        if self.options.replies and (self.options.mentions or self.options.search):
            found["answers"] = self._answers
        return found

    def _recent(self, moment: datetime) -> datetime:
        return max(moment, self.window.now - _SEARCHED)

    def _posts(
        self, path: str, asked: Json, token: str, bound: Callable[[datetime], datetime], since: datetime
    ) -> Iterator[Batch]:
        """Yield posts from *since* on, the newest first; X sorts by their ids, which hold their times."""
        asked = FIELDS | asked | {"since_id": str(max(0, id_at(bound(since)) - 1))}
        for items in pages(self.client, path, asked, token):
            yield understood(items, partial(to_mention, me=self.me), path, lambda post: time_of(post["id"]))

    def _messages(self, _since: datetime) -> Iterator[Batch]:
        """Yield direct messages, the newest first; there is no way to say from when on."""
        for items in pages(self.client, "/2/dm_events", MESSAGE_FIELDS, "pagination_token"):
            read = partial(message_to_mention, me=self.me)
            yield understood(items, read, "direct messages", lambda event: event.get("created_at") or time_of(event["id"]))

    def _answers(self, since: datetime) -> Iterator[Batch]:
        """Yield what was said in the watched conversations from *since* on."""
        for start in range(0, len(self.watched), _ASKED):
            some = " OR ".join(f"conversation_id:{one}" for one in self.watched[start : start + _ASKED])
            query = f"({some}) is:reply"
            for batch in self._posts("/2/tweets/search/recent", {"query": query}, "next_token", self._recent, since):
                yield replace(batch, last=None)  # the next conversations begin with their newest again

    def watch(self, mentions: tuple[Mention, ...]) -> None:
        """Remember the conversations of what was heard: the newest, and none that is too old."""
        met = {mention.conversation for mention in mentions if mention.kind != "dm" and mention.conversation.isdigit()}
        young = self.window.now - self.options.replies_back
        self.watched = [one for one in sorted({*self.watched, *met}, key=int) if time_of(one) >= young][-_WATCHED:]

    def gone(self) -> Iterator[str]:
        """Look up the posts that were heard lately and not met again, and return those that are not there any more."""
        missed = [one for one in self.window.known if one.isdigit() and one not in self.heard]
        for start in range(0, len(missed), _LOOKED_UP):
            some = missed[start : start + _LOOKED_UP]
            found = listed(self.client, self.client.get_json("/2/tweets", {"ids": ",".join(some)}), "data")
            yield from sorted(set(some) - {str(post.get("id")) for post in found})
