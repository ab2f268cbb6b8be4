"""The three walks by which listeners hear, each keeping guarantees 1 and 3 for whoever uses it.

- `gathered`: the platform lists the newest first. All that is new is read before the oldest of it is kept.
- `forward`: the platform lists the oldest first from a moment on. Each page is kept as it comes.
- `onward`: the platform gives a token that says where to go on. Each page is kept as it comes.

How the streams of a source share a run is in `listeners.streams`, what a page holds in `listeners.batches`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from desk.mention import Mention
from listeners.batches import Batch, latest, moment
from listeners.contract import Broken, Cursor, Page, Window
from listeners.streams import Walk
from listeners.times import instant

_FIRST = "/since"
"""Beside an `onward` stream's place: from when on it was read at first."""
_AT_ONCE = 50
"""How many mentions `gathered` keeps in one transaction."""

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
    walk = Walk.resumed(cursor, window, back)
    yield from walk.all(_gather, streams, complete)


def _gather(walk: Walk, name: str, stream: Newest) -> Iterator[Page]:
    """Read back to the cursor, then yield the oldest first."""
    since = walk.since_of(name)
    mentions, failed, deleted = _read_back(walk, stream, since)
    before = instant(walk.at.get(name, ""))
    unread = [mention for mention in mentions if before is None or moment(mention) > before]
    again = [mention for mention in mentions if before is not None and moment(mention) <= before]
    rest = bool(again or failed or deleted)  # it is kept last: until then it is owed, whatever happens between
    pages = [unread[start : start + _AT_ONCE] for start in range(0, len(unread), _AT_ONCE)]
    for number, some in enumerate(pages, 1):
        if walk.spent >= walk.share:
            walk.cut = True
            return
        walk.spent += 1
        walk.stand(name, moment(some[-1]))
        walk.owe(name, since if rest or number < len(pages) else None)
        following = moment(pages[number][0]) if number < len(pages) else None
        more = following is not None and walk.spent >= walk.share
        yield Page(tuple(some), walk.cursor(), oldest_unread=following, more=more)
    walk.owe(name, None)
    if rest:  # ties, late arrivals and edits; they cost no further request, so they cost no budget
        yield Page(tuple(again), walk.cursor(), broken=tuple(failed), deleted=tuple(deleted))


def _read_back(walk: Walk, stream: Newest, since: datetime) -> tuple[list[Mention], list[Broken], list[str]]:
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
            walk.repeats = True
            break
    walk.seen |= found.keys()
    recent = [one for one in found.values() if moment(one) >= since]
    return sorted(recent, key=lambda one: (moment(one), one.native_id)), failed, deleted


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
    walk = Walk.resumed(cursor, window, back)
    yield from walk.all(_forward, streams, complete)


def _forward(walk: Walk, name: str, stream: Oldest) -> Iterator[Page]:
    """Keep page after page from the cursor on, then read the look back again."""
    before = instant(walk.at.get(name, ""))
    start = before or walk.window.since
    since = walk.since_of(name, before)
    for batch in stream(start):
        if walk.spent >= walk.share:
            walk.cut = True
            break
        walk.spent += 1
        stood = walk.at.get(name)
        walk.stand(name, batch.last or latest(batch))
        if before and walk.at.get(name) != stood:
            walk.owe(name, since)
        yield walk.page(batch, start, more=walk.spent >= walk.share)
        if stood == walk.at.get(name) and not walk.fresh and any(isinstance(one, Mention) for one in batch.found):
            walk.repeats = True
            break
    if before is not None:
        yield from _look_back(walk, name, stream, since, before)


def _look_back(walk: Walk, name: str, stream: Oldest, since: datetime, before: datetime) -> Iterator[Page]:
    """Read once more what was said lately before the cursor; it costs no budget, and is owed until it is kept."""
    met: set[str] = set()
    for batch in stream(since):
        here = {one.native_id for one in batch.found if isinstance(one, Mention)}
        if here and here <= met:
            walk.repeats = True
            break
        met |= here
        beyond = batch.last is not None and batch.last > before
        if beyond:
            walk.owe(name, None)
        yield walk.page(batch, since)
        if beyond:
            return
    if walk.owes(name):
        walk.owe(name, None)
        yield Page(cursor=walk.cursor())


Onward = Callable[[str], Iterable[Batch]]
"""Yields what comes after a token (empty for the very first time), each batch with the token that is true once it is kept."""


def onward(streams: Mapping[str, Onward], cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Walk lists that give a token for going on."""
    walk = Walk.resumed(cursor, window)
    yield from walk.all(_onward, streams, complete=False)


def _onward(walk: Walk, name: str, stream: Onward) -> Iterator[Page]:
    """Keep page after page from the token on: what waits there is kept, however long nobody came to read it."""
    since = instant(walk.at.setdefault(name + _FIRST, walk.window.since.isoformat())) or walk.window.since
    for batch in stream(walk.at.get(name, "")):
        walk.spent += 1
        repeats = batch.token == walk.at.get(name)
        walk.at[name] = batch.token or walk.at.get(name, "")
        spent = walk.spent >= walk.share
        yield walk.page(batch, since, more=batch.more and spent, deleted=batch.deleted)
        if not batch.more or repeats:
            return
        if spent:
            walk.cut = True
            return
