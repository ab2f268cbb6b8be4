"""The three walks by which listeners hear, each keeping guarantees 1 and 3 for whoever uses it.

- `gathered`: the platform lists the newest first. All that is new is read before the oldest of it is kept.
- `forward`: the platform lists the oldest first from a moment on. Each page is kept as it comes.
- `onward`: the platform gives a token that says where to go on. Each page is kept as it comes.

A source may have several streams (a page's comments, its direct messages); each has its own place in the cursor and its share of
the run's budget, and one that fails silences none of the others: its error is raised when they have been read.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, tostring

from pydantic import ValidationError

from desk.errors import NotUnderstood, SourceBusy, SourceDenied, SourceError
from desk.mention import Mention
from listeners.contract import Broken, Cursor, Page, Window
from listeners.times import instant

Found = Mention | Broken
S = TypeVar("S")
_FIRST = "/since"
"""Beside an `onward` stream's place: from when on it was read at first."""
_OWED = "\nowed"
"""Ends the name under which the cursor keeps from when on an unfinished stream must be read again; no stream is named so."""
_NOT_UNDERSTOOD = (NotUnderstood, ValidationError, LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What goes wrong where a platform's JSON is not what it should be."""
_AT_ONCE = 50
"""How many mentions `gathered` keeps in one transaction."""


@dataclass(frozen=True)
class Batch:
    """One page as a platform gave it, understood. ``last`` is when its last item was said or changed (what the platform sorts
    by), None where nothing tells; ``token`` is where `onward` goes on, ``more`` whether something waits there.
    """

    found: tuple[Found, ...] = ()
    last: datetime | None = None
    token: str = ""
    more: bool = True
    deleted: tuple[str, ...] = ()


def understood(
    items: Iterable[Any],
    to_mention: Callable[[Any], Mention | Sequence[Mention] | None],
    place: str,
    when: Callable[[Any], object] | None = None,
) -> Batch:
    """Turn *items* into a batch: what cannot become a mention is kept as it came, with the reason.

    ``to_mention`` returns None for an item that is none (a rating without words, a system message). *place* names what was read
    ("comments of 123"); *when* returns what the platform sorts by.
    """
    found: list[Found] = []
    last = None
    for number, item in enumerate(items, 1):
        try:
            read = to_mention(item)
            found += [read] if isinstance(read, Mention) else read or ()
        except _NOT_UNDERSTOOD as error:
            found.append(broken(item, error, f"{place}, item {number}"))
        last = (_when(when, item) or last) if when else last
    return Batch(tuple(found), last)


def _when(when: Callable[[Any], object], item: Any) -> datetime | None:
    try:
        return instant(when(item))
    except _NOT_UNDERSTOOD:
        return None


def _for_all(error: Exception) -> bool:
    """Say whether an error of one stream means that the platform wants to be asked nothing more now."""
    return isinstance(error, SourceBusy) or (isinstance(error, SourceDenied) and not error.partly)


def broken(item: object, error: Exception, place: str) -> Broken:
    """Return a payload for quarantine."""
    return Broken(_raw(item), _reason(error), place)


def _raw(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, Element):
        return tostring(item)
    return json.dumps(item, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else str(error) or type(error).__name__


def moment(mention: Mention) -> datetime:
    """Return when a mention was said, or last changed."""
    return max(mention.said_at, mention.edited_at) if mention.edited_at else mention.said_at


Newest = Callable[[datetime], Iterable[Batch]]
"""Yields what was said or changed since a moment, the newest first; it may go on for ever, nobody listens to what is older."""


def gathered(
    streams: Mapping[str, Newest],
    cursor: Cursor | None,
    window: Window,
    *,
    back: timedelta = timedelta(0),
    complete: bool = True,
) -> Iterator[Page]:
    """Walk lists that begin with the newest: read back to the cursor and the look back, then keep the oldest first.

    The look back is at least *back* long. What was heard lately and is not there any more has been deleted, unless the
    lists are not *complete*.
    """
    walk = _Walk(window, json.loads(cursor) if cursor else {}, back)
    yield from walk.all(walk.gather, streams, complete)


Oldest = Callable[[datetime], Iterable[Batch]]
"""Yields what was said or changed at a moment or after it, the oldest first."""


def forward(
    streams: Mapping[str, Oldest],
    cursor: Cursor | None,
    window: Window,
    *,
    back: timedelta = timedelta(0),
    complete: bool = True,
) -> Iterator[Page]:
    """Walk lists that begin with the oldest: on from the cursor, then once more through the look back.

    The look back is at least *back* long. What was heard lately and is not there any more has been deleted, unless the
    lists are not *complete*.
    """
    walk = _Walk(window, json.loads(cursor) if cursor else {}, back)
    yield from walk.all(walk.forward, streams, complete)


Onward = Callable[[str], Iterable[Batch]]
"""Yields what comes after a token (empty for the very first time), each batch with the token that is true once it is kept."""


def onward(streams: Mapping[str, Onward], cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Walk lists that give a token for going on."""
    walk = _Walk(window, json.loads(cursor) if cursor else {}, timedelta(0))
    yield from walk.all(walk.onward, streams, complete=False)


@dataclass
class _Walk:
    """One run: where each stream stands, what was seen, how much of the budget is spent, and what failed."""

    window: Window
    at: dict[str, str]
    back: timedelta
    spent: int = 0
    share: int = 0
    cut: bool = False
    """Whether a stream stopped because its share of the budget was spent."""
    repeats: bool = False
    """Whether a stream was left because the platform repeated itself: what was not met there may be there all the same."""
    waits: datetime | None = None
    """When the oldest was said of what waits behind a stream that was cut, as far as that is known."""
    seen: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    """What the last page brought that was not seen in this run before."""
    since: datetime | None = None
    """From when on every stream was read."""
    failed: Exception | None = None

    def all(self, hear: Callable[[str, S], Iterator[Page]], streams: Mapping[str, S], complete: bool) -> Iterator[Page]:
        """Let each stream speak, with its share of the budget, then say what is gone."""
        for left, (name, stream) in zip(range(len(streams), 0, -1), streams.items(), strict=True):
            self.share = self.spent + max(1, (self.window.pages - self.spent) // left)
            for page in self._hearing(hear(name, stream)):
                yield self._with_backlog(page)
        yield from self._end(complete)

    def _with_backlog(self, page: Page) -> Page:
        """Return *page* knowing of what waits behind a stream that was cut before: who reads the last page must learn of it."""
        if page.more:
            self.waits = min(filter(None, (self.waits, page.oldest_unread)), default=None)
        return replace(page, more=True, oldest_unread=self.waits) if self.cut else page

    def _hearing(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Let one stream speak; whatever happens to it, the next one has its turn, unless the platform wants peace."""
        if self.failed and _for_all(self.failed):
            self.cut = True
            return
        try:
            yield from pages
        except (SourceError, *_NOT_UNDERSTOOD) as error:
            self.failed = error if self.failed is None or _for_all(error) else self.failed

    def _end(self, complete: bool) -> Iterator[Page]:
        """Raise what failed; else say what is gone."""
        if self.failed:
            raise self.failed
        if complete and not self.cut and not self.repeats and self.since is not None:
            gone = sorted(key for key, said in self.window.known.items() if said >= self.since and key not in self.seen)
            if gone:
                yield Page(deleted=tuple(gone), cursor=self.cursor())

    def cursor(self) -> Cursor:
        """Return where all streams stand."""
        return json.dumps(self.at, sort_keys=True)

    def gather(self, name: str, stream: Newest) -> Iterator[Page]:
        """Read back to the cursor, then yield the oldest first."""
        since = self._since(name)
        mentions, failed, deleted = self._read_back(stream, since)
        before = instant(self.at.get(name, ""))
        unread = [mention for mention in mentions if before is None or moment(mention) > before]
        again = [mention for mention in mentions if before is not None and moment(mention) <= before]
        rest = bool(again or failed or deleted)  # it is kept last: until then it is owed, whatever happens between
        pages = [unread[start : start + _AT_ONCE] for start in range(0, len(unread), _AT_ONCE)]
        for number, some in enumerate(pages, 1):
            if self.spent >= self.share:
                self.cut = True
                return
            self.spent += 1
            self._stand(name, moment(some[-1]))
            self._owe(name, since if rest or number < len(pages) else None)
            following = moment(pages[number][0]) if number < len(pages) else None
            more = following is not None and self.spent >= self.share
            yield Page(tuple(some), self.cursor(), oldest_unread=following, more=more)
        self._owe(name, None)
        if rest:  # ties, late arrivals and edits; they cost no further request, so they cost no budget
            yield Page(tuple(again), self.cursor(), broken=tuple(failed), deleted=tuple(deleted))

    def _read_back(self, stream: Newest, since: datetime) -> tuple[list[Mention], list[Broken], list[str]]:
        found: dict[str, Mention] = {}
        failed: list[Broken] = []
        deleted: list[str] = []
        for batch in stream(since):
            mentions = [one for one in batch.found if isinstance(one, Mention)]
            fresh = [one for one in mentions if one.native_id not in found]
            found |= {one.native_id: one for one in fresh}
            failed += [one for one in batch.found if isinstance(one, Broken)]
            deleted += batch.deleted
            if batch.last is not None and batch.last < since:
                break
            if mentions and not fresh:
                self.repeats = True
                break
        self.seen |= found.keys()
        recent = [one for one in found.values() if moment(one) >= since]
        return sorted(recent, key=lambda one: (moment(one), one.native_id)), failed, deleted

    def forward(self, name: str, stream: Oldest) -> Iterator[Page]:
        """Keep page after page from the cursor on, then read the look back again."""
        before = instant(self.at.get(name, ""))
        start = before or self.window.since
        since = self._since(name, before)
        for batch in stream(start):
            if self.spent >= self.share:
                self.cut = True
                break
            self.spent += 1
            stood = self.at.get(name)
            self._stand(name, batch.last or self._latest(batch))
            if before and self.at.get(name) != stood:
                self._owe(name, since)
            yield self._page(batch, start, more=self.spent >= self.share)
            if stood == self.at.get(name) and not self.fresh and any(isinstance(one, Mention) for one in batch.found):
                self.repeats = True
                break
        if before is not None:
            yield from self._look_back(name, stream, since, before)

    def _look_back(self, name: str, stream: Oldest, since: datetime, before: datetime) -> Iterator[Page]:
        """Read once more what was said lately before the cursor; it costs no budget, and is owed until it is kept."""
        met: set[str] = set()
        for batch in stream(since):
            here = {one.native_id for one in batch.found if isinstance(one, Mention)}
            if here and here <= met:
                self.repeats = True
                break
            met |= here
            beyond = batch.last is not None and batch.last > before
            if beyond:
                self._owe(name, None)
            yield self._page(batch, since)
            if beyond:
                return
        if name + _OWED in self.at:
            self._owe(name, None)
            yield Page(cursor=self.cursor())

    def onward(self, name: str, stream: Onward) -> Iterator[Page]:
        """Keep page after page from the token on: what waits there is kept, however long nobody came to read it."""
        since = instant(self.at.setdefault(name + _FIRST, self.window.since.isoformat())) or self.window.since
        for batch in stream(self.at.get(name, "")):
            self.spent += 1
            repeats = batch.token == self.at.get(name)
            self.at[name] = batch.token or self.at.get(name, "")
            spent = self.spent >= self.share
            yield self._page(batch, since, more=batch.more and spent, deleted=batch.deleted)
            if not batch.more or repeats:
                return
            if spent:
                self.cut = True
                return

    def _page(self, batch: Batch, since: datetime, *, more: bool = False, deleted: tuple[str, ...] = ()) -> Page:
        since = min(since, self.window.since)
        mentions = tuple(one for one in batch.found if isinstance(one, Mention) and moment(one) >= since)
        self.fresh = {one.native_id for one in mentions} - self.seen
        self.seen |= self.fresh
        failed = tuple(one for one in batch.found if isinstance(one, Broken))
        waits = self._latest(batch) if more else None
        gone = deleted or batch.deleted
        return Page(mentions, self.cursor(), deleted=gone, broken=failed, oldest_unread=waits, more=more)

    @staticmethod
    def _latest(batch: Batch) -> datetime | None:
        return max((moment(one) for one in batch.found if isinstance(one, Mention)), default=None)

    def _since(self, name: str, before: datetime | None = None) -> datetime:
        """Return from when on a stream is read (again), and remember the latest of them."""
        before = before or instant(self.at.get(name, ""))
        since = before - max(self.window.look_back, self.back) if before else self.window.since
        since = min(since, instant(self.at.get(name + _OWED)) or since)
        self.since = max(self.since, since) if self.since else since
        return since

    def _owe(self, name: str, since: datetime | None) -> None:
        """Remember from when on a stream must be read again until all that was new there is kept: what was edited or answered
        lately may stand far down a list that goes by when things were said at first.
        """
        self.at.pop(name + _OWED, None)
        if since is not None:
            self.at[name + _OWED] = since.isoformat()

    def _stand(self, name: str, last: datetime | None) -> None:
        """Move a stream's place on, never back, and never into the future: a platform's clock may be wrong."""
        stood = instant(self.at.get(name, ""))
        if last is not None:
            here = min(last, self.window.now)
            self.at[name] = (max(here, stood) if stood else here).isoformat()
