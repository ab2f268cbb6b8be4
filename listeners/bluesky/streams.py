"""The walks: search and notifications from the newest back, then threads in which somebody has answered, then direct messages.

Bluesky tells of a post how many answers lie directly below it. The cursor remembers that number for every post whose thread was
read, together with the page that holds the answers; where it has changed, the thread is read again (guarantee 3).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from desk.errors import SourceBusy, SourceDenied, SourceError, SourceGone
from desk.mention import Mention
from desk.source import Source, Span
from listeners.batches import Batch, Found, understood
from listeners.bluesky.chat import Chat
from listeners.bluesky.posts import age_of, sorted_at, to_mention
from listeners.bluesky.session import Me, me
from listeners.contract import Broken, Cursor, Page, Window
from listeners.http import Client
from listeners.paging import by_token, listed, pick
from listeners.walks import gathered, onward

Json = dict[str, Any]
_PAGE = 100
_LOOKED_UP = 25
"""Posts that one request looks up (app.bsky.feed.getPosts)."""
_REMEMBERED = 2_000
"""Posts whose answers are counted at most."""
_DEPTH = 10
"""How deep a thread is read at once; what lies deeper is counted there, and read by the next run."""


class Options(BaseModel):
    """What a Bluesky source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(min_length=3)
    """Our own account, as in "yourshop.bsky.social"."""
    search: tuple[str, ...] = ()
    """Words to look for; "#tag", "from:..." and phrases in quotation marks work as in the app."""
    mentions: bool = False
    """Posts that mention, answer or quote us."""
    direct: bool = False
    """Direct messages; the app password must allow them."""
    replies_back: Span = timedelta(days=14)
    """How old what was heard may be for new answers below it to be looked for."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.search or self.mentions or self.direct):
            raise ValueError('name what to hear: search = ["yourshop"], mentions = true or direct = true')
        return self


Walk = Callable[[Cursor | None], Iterator[Page]]


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*: posts oldest first, then new answers below them, what is gone, and direct messages."""
    options = Options.model_validate(source.options)
    who = me(client)
    posts = _Posts(client, who, options, window)
    chat = Chat(client, who, window.since)
    walks: list[Walk] = [posts.walk, posts.answers, posts.gone] if options.search or options.mentions else []
    walks += [partial(_chat, chat, window)] if options.direct else []
    return _one_after_another(walks, cursor)


def _one_after_another(walks: list[Walk], cursor: Cursor | None) -> Iterator[Page]:
    """Let each walk go on with the cursor of the one before; one that fails silences none, unless Bluesky wants peace."""
    failed: SourceError | None = None
    more = False
    for walk in walks:
        try:
            for page in walk(cursor):
                more = more or page.more
                cursor = page.cursor or cursor
                yield replace(page, more=more)
        except SourceError as error:
            if isinstance(error, SourceBusy) or (isinstance(error, SourceDenied) and not error.partly):
                raise
            failed = failed or error
    if failed:
        raise failed


def _chat(chat: Chat, window: Window, cursor: Cursor | None) -> Iterator[Page]:
    return onward({"direct": chat.onward}, cursor, window)


@dataclass
class _List:
    """A list of posts, read as far as somebody wants; it may be taken up again where it was left."""

    pages: Iterator[list[Json]]
    read: Callable[[Json], Any]
    when: Callable[[Json], object]
    place: str
    met: dict[str, Json] = field(default_factory=dict)

    def newest(self, _since: object) -> Iterator[Batch]:
        """Yield pages, the newest first."""
        for items in self.pages:
            self.met |= {item["uri"]: item for item in items if "uri" in item}
            yield understood(items, self.read, self.place, self.when)


@dataclass
class _Posts:
    """One run over what is said in public."""

    client: Client
    me: Me
    options: Options
    window: Window
    lists: dict[str, _List] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    behind: bool = False

    def walk(self, cursor: Cursor | None) -> Iterator[Page]:
        """Yield what search and notifications list."""
        read = partial(to_mention, did=self.me.did)
        for words in self.options.search:
            pages = self._pages("feed.searchPosts", {"q": words, "sort": "latest"}, "posts")
            self.lists[f"search:{words}"] = _List(pages, read, sorted_at, f'search for "{words}"')
        if self.options.mentions:
            pages = self._pages("notification.listNotifications", {"reasons": ["mention", "reply", "quote"]}, "notifications")
            self.lists["mentions"] = _List(pages, self._notified, lambda item: item["indexedAt"], "notifications")
        for page in gathered({name: one.newest for name, one in self.lists.items()}, cursor, self.window, complete=False):
            self.heard |= {mention.native_id for mention in page.mentions}
            self.behind = page.more
            yield page

    def _pages(self, method: str, asked: Json, items: str) -> Iterator[list[Json]]:
        asked = asked | {"limit": _PAGE}
        return by_token(self.client, f"/xrpc/app.bsky.{method}", asked, items=items, token="cursor", param="cursor")  # noqa: S106

    def _notified(self, item: Json) -> Any:
        """Return the post of a notification; others than those asked for hold none (servers before 2025 send them all)."""
        return to_mention(item, self.me.did) if item.get("reason") in ("mention", "reply", "quote") else None

    def answers(self, cursor: Cursor | None) -> Iterator[Page]:
        """Read the threads whose number of answers has changed; a page each, with the numbers that are true once it is kept."""
        at: dict[str, str] = json.loads(cursor) if cursor else {}
        counted: dict[str, int] = json.loads(at.get("answers", "{}"))
        counts = {} if self.behind else self._counts(counted)
        changed = [uri for uri, count in counts.items() if count != counted.get(uri, 0)]
        for uri in changed[: self.window.pages]:
            found, below = self._thread(uri)
            counted |= below | {uri: counts[uri]}
            young = {one: count for one, count in counted.items() if age_of(one, self.window.now) < self.options.replies_back}
            counted = dict(list(young.items())[-_REMEMBERED:])
            at["answers"] = json.dumps(counted)
            mentions = tuple(one for one in found if isinstance(one, Mention) and one.said_at >= self.window.since)
            self.heard |= {mention.native_id for mention in mentions}
            yield Page(mentions, json.dumps(at, sort_keys=True), broken=tuple(one for one in found if isinstance(one, Broken)))

    def _counts(self, counted: dict[str, int]) -> dict[str, int]:
        """Return how many answers each young post has: of those listed, and of those in threads that were read."""
        listed_now = {uri: view for one in self.lists.values() for uri, view in self._young(one).items()}
        counts = {uri: int(view["replyCount"] or 0) for uri, view in listed_now.items() if "replyCount" in view}
        others = [uri for uri in {**listed_now, **counted} if uri not in counts]
        return counts | {uri: int(view.get("replyCount") or 0) for uri, view in self._looked_up(others).items()}

    def _young(self, one: _List) -> dict[str, Json]:
        """Read a list on, back to where answers are looked for no more, and return its posts."""
        oldest = self.window.now - self.options.replies_back
        met = 0
        while met < len(one.met) and _at(next(reversed(one.met.values()))) >= oldest:
            met = len(one.met)
            next(one.newest(oldest), None)
        return {uri: view for uri, view in one.met.items() if _at(view) >= oldest}

    def _looked_up(self, uris: list[str]) -> dict[str, Json]:
        """Return the posts that are still there."""
        found: dict[str, Json] = {}
        for start in range(0, len(uris), _LOOKED_UP):
            body = self.client.get_json("/xrpc/app.bsky.feed.getPosts", {"uris": uris[start : start + _LOOKED_UP]})
            found |= {view["uri"]: view for view in listed(self.client, body, "posts") if "uri" in view}
        return found

    def _thread(self, uri: str) -> tuple[tuple[Found, ...], dict[str, int]]:
        """Return what was said below a post, and how many answers each post there has whose answers were read."""
        try:
            asked = {"uri": uri, "depth": _DEPTH, "parentHeight": 0}
            thread = pick(self.client.get_json("/xrpc/app.bsky.feed.getPostThread", asked), "thread", {})
        except SourceGone:  # deleted between the list and the question
            return (), {}
        nodes = list(_nodes(thread, 0))
        below = {str(post.get("uri")): int(post.get("replyCount") or 0) if depth < _DEPTH else 0 for post, depth in nodes}
        found = understood(
            (post for post, depth in nodes if depth), partial(to_mention, did=self.me.did), f"thread of {uri}"
        ).found
        return found, below

    def gone(self, cursor: Cursor | None) -> Iterator[Page]:
        """Look up what was heard lately and was not met again: what is not there has been deleted."""
        missed = [one for one in self.window.known if one.startswith("at://") and one not in self.heard]
        there = self._looked_up(missed) if missed else {}
        deleted = tuple(uri for uri in missed if uri not in there)
        if deleted:
            yield Page(deleted=deleted, cursor=cursor)


def _at(view: Json) -> datetime:
    return sorted_at(view) or datetime.min.replace(tzinfo=UTC)


def _nodes(node: Json, depth: int) -> Iterator[tuple[Json, int]]:
    """Yield the posts of a thread with how deep they lie; what is blocked or gone is none."""
    if isinstance(node.get("post"), dict):
        yield node["post"], depth
        for below in node.get("replies") or ():
            yield from _nodes(below, depth + 1)
