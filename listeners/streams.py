"""One run over the streams of a source: each has its place in the cursor and its share of the budget, and none silences another.

A source may have several streams (a page's comments, its direct messages). One that fails costs the others nothing: its error is
raised when they have been read.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self, TypeVar

from desk.errors import SourceBusy, SourceDenied, SourceError
from desk.mention import Mention
from listeners.batches import NOT_UNDERSTOOD, Batch, latest, moment
from listeners.contract import Broken, Cursor, Page, Window
from listeners.times import instant

S = TypeVar("S")
_OWED = "\nowed"
"""Ends the name under which the cursor keeps from when on an unfinished stream must be read again; no stream is named so."""


def _for_all(error: Exception) -> bool:
    """Say whether an error of one stream means that the platform wants to be asked nothing more now."""
    return isinstance(error, SourceBusy) or (isinstance(error, SourceDenied) and not error.partly)


@dataclass
class Walk:
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

    @classmethod
    def resumed(cls, cursor: Cursor | None, window: Window, back: timedelta = timedelta(0)) -> Self:
        """Return a run that goes on where *cursor* stands, and looks back for *back* at least."""
        return cls(window, json.loads(cursor) if cursor else {}, back)

    def all(self, hear: Callable[["Walk", str, S], Iterator[Page]], streams: Mapping[str, S], complete: bool) -> Iterator[Page]:
        """Let each stream speak, with its share of the budget, then say what is gone."""
        for left, (name, stream) in zip(range(len(streams), 0, -1), streams.items(), strict=True):
            self.share = self.spent + max(1, (self.window.pages - self.spent) // left)
            for page in self._hearing(hear(self, name, stream)):
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
        except (SourceError, *NOT_UNDERSTOOD) as error:
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

    def page(self, batch: Batch, since: datetime, *, more: bool = False, deleted: tuple[str, ...] = ()) -> Page:
        """Return a page of what a batch holds since a moment, and remember what of it is new in this run."""
        since = min(since, self.window.since)
        mentions = tuple(one for one in batch.found if isinstance(one, Mention) and moment(one) >= since)
        self.fresh = {one.native_id for one in mentions} - self.seen
        self.seen |= self.fresh
        failed = tuple(one for one in batch.found if isinstance(one, Broken))
        waits = latest(batch) if more else None
        gone = deleted or batch.deleted
        return Page(mentions, self.cursor(), deleted=gone, broken=failed, oldest_unread=waits, more=more)

    def since_of(self, name: str, before: datetime | None = None) -> datetime:
        """Return from when on a stream is read (again), and remember the latest of them."""
        before = before or instant(self.at.get(name, ""))
        since = before - max(self.window.look_back, self.back) if before else self.window.since
        since = min(since, instant(self.at.get(name + _OWED)) or since)
        self.since = max(self.since, since) if self.since else since
        return since

    def owe(self, name: str, since: datetime | None) -> None:
        """Remember from when on a stream must be read again until all that was new there is kept: what was edited or answered
        lately may stand far down a list that goes by when things were said at first.
        """
        self.at.pop(name + _OWED, None)
        if since is not None:
            self.at[name + _OWED] = since.isoformat()

    def owes(self, name: str) -> bool:
        """Say whether a stream must be read again."""
        return name + _OWED in self.at

    def stand(self, name: str, last: datetime | None) -> None:
        """Move a stream's place on, never back, and never into the future: a platform's clock may be wrong."""
        stood = instant(self.at.get(name, ""))
        if last is not None:
            here = min(last, self.window.now)
            self.at[name] = (max(here, stood) if stood else here).isoformat()
