"""Which threads are read again: those whose number of answers has changed, and those in which somebody spoke lately.

Platforms that list threads by their beginning do not show that somebody answered an old one; they show how many answers it has.
The numbers travel in the cursor. They count only once everything that was read is kept, so a crash or a spent budget means
reading again, never missing (guarantee 1).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from desk.mention import Mention
from listeners.batches import Batch
from listeners.contract import Cursor, Page, Window

_NAME = "answers"
"""Under which the numbers stand in the cursor, beside the places of the walk's streams."""
_SETTLES = timedelta(minutes=5)
"""How long a platform may take to list what it has taken (an answer that we have just sent)."""


@dataclass
class Recount:
    """One run's knowledge of the threads: their numbers when they were last read whole, and now."""

    place: Cursor | None
    """The cursor of the walk."""
    before: Mapping[str, int]
    lately: frozenset[str]
    """The threads in which somebody spoke within the look back."""
    now: dict[str, int] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)

    @classmethod
    def at(cls, cursor: Cursor | None, lately: Iterable[str]) -> "Recount":
        """Return what *cursor* knows."""
        place = json.loads(cursor) if cursor else {}
        before = place.pop(_NAME, {})
        return cls(json.dumps(place) if place else None, before, frozenset(lately))

    def due(self, thread: str, answers: int, within: str = "") -> bool:
        """Say whether a thread must be read; where not, its number is taken over, with those of the threads *within* it."""
        if thread in self.lately or self.before.get(_key(thread, within), 0) != answers:
            return True
        self.read(thread, answers, within)
        self.now |= {key: number for key, number in self.before.items() if key.startswith(_key("", thread))}
        return False

    def read(self, thread: str, answers: int, within: str = "") -> None:
        """Remember that a thread was read whole when it had so many answers."""
        if answers:
            self.now[_key(thread, within)] = answers

    def fresh(self, batch: Batch) -> Batch:
        """Return *batch* without what this run has heard: a walk takes a page of nothing new for a server that repeats itself."""
        found = tuple(one for one in batch.found if not isinstance(one, Mention) or one.native_id not in self.heard)
        self.heard |= {one.native_id for one in found if isinstance(one, Mention)}
        return replace(batch, found=found)

    def kept(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Yield a walk's pages with the old numbers, and the new numbers once all of them are kept."""
        cut = False
        for page in pages:
            self.place = page.cursor or self.place
            cut = cut or page.more
            yield replace(page, cursor=self._cursor(self.before))
        self.now = dict(self.before) if cut else self.now
        if self.now != self.before:
            yield Page(cursor=self._cursor(self.now))

    def forgetting(self, threads: Iterable[str]) -> Cursor:
        """Return a cursor by which *threads*, and those that have them within, are read again whatever their numbers.

        Where something is gone, something else may have come: the number is the same then.
        """
        spoiled = set(threads)
        spoiled |= {outer for outer, _, inner in (key.partition(" ") for key in self.now) if inner in spoiled}
        self.now = {key: number for key, number in self.now.items() if key.partition(" ")[0] not in spoiled}
        return self._cursor(self.now)

    def _cursor(self, numbers: Mapping[str, int]) -> Cursor:
        place = json.loads(self.place) if self.place else {}
        return json.dumps(place | ({_NAME: numbers} if numbers else {}), sort_keys=True)


def _key(thread: str, within: str) -> str:
    return f"{within} {thread}" if within else thread


def number(value: object) -> int:
    """Return a number of answers as a platform writes it; 0 where it writes none."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return 0


def settled(window: Window) -> Window:
    """Return *window* without what was said a moment ago: what a platform does not list yet must not pass for deleted."""
    before = window.now - _SETTLES
    return replace(window, known={key: said for key, said in window.known.items() if said < before})
