"""The walks: forward from the cursor, oldest first, then once more through what was heard lately.

Status ids carry their time; ``min_id`` walks forward without gaps, ``since_id`` does not; a page holds 40. Posts of other servers
arrive late, with ids of the time they were said: the look back finds them, and edits and deletions too.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import SourceGarbled, SourceGone
from desk.source import Source
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.mastodon.statuses import Here, Json, id_at, time_of
from listeners.mastodon.threads import Threads

_PAGE = 40
_MOST_CONVERSATIONS = 2_000
_DIALOGUES = 10
"""Direct conversations that are read before a page is kept."""
_LOOKED_UP = 20
"""Statuses that one request looks up again."""


class Options(BaseModel):
    """What a Mastodon source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hashtags: tuple[str, ...] = ()
    mentions: bool = False
    direct: bool = False
    replies: bool = True
    """Whether answers below what was heard are heard too."""
    account: str = ""
    """Our own account, where no token tells ("shop" or "shop@example.social"): what it says is ours."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.hashtags or self.mentions or self.direct):
            raise ValueError('name what to hear: hashtags = ["yourshop"], mentions = true or direct = true')
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first in each stream, then what changed within the look back."""
    options = Options.model_validate(source.options)
    at: dict[str, str] = json.loads(cursor) if cursor else {}
    walk = _Walk(client, window, at, Threads(client, _here(client, options, at), options.replies))
    streams = [walk.tag(name.lstrip("#")) for name in options.hashtags]
    streams += [walk.notifications()] if options.mentions else []
    streams += [walk.direct()] if options.direct else []
    for left, stream in zip(range(len(streams), 0, -1), streams, strict=True):
        walk.share = walk.spent + max(1, (window.pages - walk.spent) // left)
        yield from stream
    if not walk.behind:
        yield from walk.look_back([name.lstrip("#") for name in options.hashtags])


def _here(client: Client, options: Options, at: dict[str, str]) -> Here:
    """Ask the server for its name (once: the cursor remembers it) and, with a token, who we are."""
    if "instance" not in at:
        try:
            at["instance"] = str(client.get_json("/api/v2/instance")["domain"])
        except (SourceGone, KeyError, TypeError):  # a server before 4.0
            at["instance"] = client.host
    account_id = ""
    if client.has_token:
        account_id = str(client.get_json("/api/v1/accounts/verify_credentials")["id"])
    return Here(at["instance"], account_id, options.account)


@dataclass
class _Walk:
    """One run over one source: where each stream stands, and how much of the budget is spent."""

    client: Client
    window: Window
    at: dict[str, str]
    threads: Threads
    spent: int = 0
    share: int = 0
    behind: bool = False
    """Whether a stream stopped because its share of the budget was spent."""
    seen: set[str] = field(default_factory=set)

    def tag(self, name: str) -> Iterator[Page]:
        """Walk a hashtag's timeline forward."""
        key, path = f"tag:{name.lower()}", f"/api/v1/timelines/tag/{name}"
        return self._forward(key, path, {}, id_at(self.window.since), lambda status: status)

    def notifications(self) -> Iterator[Page]:
        """Walk forward through the notifications of mentions; their ids are not those of statuses."""
        return self._forward("mentions", "/api/v1/notifications", {"types[]": "mention"}, 0, lambda found: found.get("status"))

    def _forward(self, key: str, path: str, query: Json, first: int, status_of: Any) -> Iterator[Page]:
        here = int(self.at.get(key, first))
        while True:
            if self.spent >= self.share:
                self.behind = True
                return
            items = _listed(self.client.get_json(path, query | {"limit": _PAGE, "min_id": here}))
            self.spent += 1
            ids = [int(item["id"]) for item in items if str(item.get("id", "")).isdigit()]
            if not ids or max(ids) <= here:  # nothing newer (or a server that repeats itself for ever)
                return
            here = max(ids)
            self.at[key] = str(here)
            found = [status_of(item) for item in reversed(items)]  # a notification outlives its status
            yield self._page([status for status in found if status is not None], more=self.spent >= self.share)

    def direct(self) -> Iterator[Page]:
        """Read the dialogues that have something new, the longest waiting first; they are listed newest first."""
        here = int(self.at.get("direct", id_at(self.window.since)))
        waiting = self._conversations(here)
        for start in range(0, len(waiting), _DIALOGUES):
            if self.spent >= self.share:
                self.behind = True
                return
            some = waiting[start : start + _DIALOGUES]
            self.spent += 1
            self.at["direct"] = str(some[-1]["id"])
            yield self._page(some, more=start + _DIALOGUES < len(waiting))

    def _conversations(self, newer_than: int) -> list[Json]:
        """Return the last status of each dialogue in which something was said after *newer_than*, oldest first."""
        found: dict[str, Json] = {}
        query: Json = {"limit": _PAGE}
        while len(found) < _MOST_CONVERSATIONS:
            answer = self.client.get("/api/v1/conversations", query)
            items = [item for item in _listed(json.loads(answer.content)) if isinstance(item.get("last_status"), dict)]
            newer = {str(item["id"]): item["last_status"] for item in items if int(item["last_status"]["id"]) > newer_than}
            following = _next_max_id(answer.headers.get("link", ""))
            if not newer or newer.keys() <= found.keys() or not following:
                found |= newer
                break
            found |= newer
            query["max_id"] = following
        return sorted(found.values(), key=lambda status: int(status["id"]))

    def look_back(self, hashtags: Sequence[str]) -> Iterator[Page]:
        """Read again what was said lately: late arrivals by walking hashtags again, edits and deletions by asking for each."""
        for name in hashtags:
            yield from self._late(name)
        known = [native_id for native_id in self.window.known if native_id not in self.seen]
        for start in range(0, len(known), _LOOKED_UP):
            yield from self._looked_up(known[start : start + _LOOKED_UP])

    def _late(self, name: str) -> Iterator[Page]:
        key, path = f"tag:{name.lower()}", f"/api/v1/timelines/tag/{name}"
        until = int(self.at.get(key, 0))
        here = id_at(time_of(until) - self.window.look_back) if until else 0
        while until and here < until:
            items = _listed(self.client.get_json(path, {"limit": _PAGE, "min_id": here}))
            ids = [int(item["id"]) for item in items if str(item.get("id", "")).isdigit()]
            if not ids or max(ids) <= here:
                return
            here = max(ids)
            yield self._page([item for item in reversed(items) if int(item["id"]) <= until])

    def _looked_up(self, native_ids: Sequence[str]) -> Iterator[Page]:
        here = self.threads.here
        ids = {here.local(native_id): native_id for native_id in native_ids if here.local(native_id)}
        if not ids:
            return
        try:
            items = _listed(self.client.get_json("/api/v1/statuses", {"id[]": list(ids)}))
        except SourceGone:  # a server before 4.3 cannot look several up at once
            return
        there = {str(item["id"]) for item in items}
        page = self._page(items)
        yield replace(page, deleted=tuple(native_id for status_id, native_id in ids.items() if status_id not in there))

    def _page(self, statuses: Sequence[object], *, more: bool = False) -> Page:
        mentions, broken = self.threads.mentions(statuses)
        young = tuple(mention for mention in mentions if mention.said_at >= self.window.since)
        self.seen |= {mention.native_id for mention in young}
        return Page(
            young, json.dumps(self.at, sort_keys=True), broken=broken, oldest_unread=_latest(young) if more else None, more=more
        )


def _latest(mentions: Sequence[Any]) -> datetime | None:
    return max((mention.said_at for mention in mentions), default=None)


def _listed(answer: object) -> list[Json]:
    if not isinstance(answer, list):
        raise SourceGarbled("the server sent something else than a list")
    return [item if isinstance(item, dict) else {} for item in answer]


def _next_max_id(link: str) -> str:
    """Return where the next older page begins, as the Link header says it."""
    for part in link.split(","):
        address, _, rel = part.partition(";")
        if 'rel="next"' in rel:
            return parse_qs(urlsplit(address.strip(" <>")).query).get("max_id", [""])[0]
    return ""
