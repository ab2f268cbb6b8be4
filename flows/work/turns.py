"""Whose turn it is: sources of different credentials take turns, so that one platform's limits starve no other (guarantee 5).

A platform that makes its sources wait holds some of the threads at most, and is asked last while it wants peace.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from desk.source import Source
from listeners.limits import Limits

AT_ONCE = 8
"""How many sources are heard at once."""
OF_ONE = 3
"""How many of them may share one credential of one platform."""
Account = tuple[str, str]


def account(source: Source) -> Account:
    """Return what limits are shared by."""
    return source.platform, source.credential


def spread(sources: Sequence[Source]) -> list[Source]:
    """Return *sources* so that each account has its turn before any has its second; within one, the order stays."""
    waiting: dict[Account, deque[Source]] = {}
    for source in sources:
        waiting.setdefault(account(source), deque()).append(source)
    return list(_round_robin(waiting))


def _round_robin(waiting: dict[Account, deque[Source]]) -> Iterator[Source]:
    while waiting:
        for one in list(waiting):
            yield waiting[one].popleft()
            if not waiting[one]:
                del waiting[one]


class Turns:
    """What is still to be heard, for all threads of a run."""

    def __init__(self, sources: Sequence[Source], limits: Limits, clock: Callable[[], datetime]) -> None:
        self._waiting = spread(sources)
        self._limits, self._clock = limits, clock
        self._running: dict[Account, int] = {}
        self._changed = threading.Condition()

    def take(self) -> Source | None:
        """Return the next source, once one may be heard; None where nothing is left."""
        with self._changed:
            while self._waiting:
                free = [source for source in self._waiting if self._running.get(account(source), 0) < OF_ONE]
                if free:
                    return self._begin(min(free, key=self._in_peace))
                self._changed.wait()
            return None

    def done(self, source: Source) -> None:
        """Note that a source has been heard."""
        with self._changed:
            self._running[account(source)] -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody begin any more."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def _begin(self, source: Source) -> Source:
        self._waiting.remove(source)
        self._running[account(source)] = self._running.get(account(source), 0) + 1
        return source

    def _in_peace(self, source: Source) -> bool:
        """Say whether the platform wants to be left alone right now: then its sources come last."""
        return self._limits.of(*account(source)).free_at(self._clock()) is not None
