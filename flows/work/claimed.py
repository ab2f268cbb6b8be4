"""Work through what waits in batches that several workers share: each claims its own, and what breaks off is free at once."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from flows.settings import Settings
from flows.work.common import Clock, Tell, worker_name
from store.claims import release

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


class Waiting(Protocol):
    """A mention that waits for a step."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Waits = TypeVar("Waits", bound=Waiting)
Claim = Callable[["Session", str, "datetime", int], Sequence[Waits]]
"""Claims up to so many mentions for a worker at a moment."""


def work_off(
    settings: Settings,
    claim: "Claim[Waits]",
    work: Callable[[Sequence[Waits], str], None],
    *,
    step: str,
    clock: Clock,
    tell: Tell,
    stop: threading.Event | None,
    batch: int,
) -> int:
    """Let *work* (given a batch and the worker's name) do all that *claim* finds; return how many mentions that were."""
    worker, total = worker_name(), 0
    while not (stop and stop.is_set()):
        with settings.session() as session:
            waiting = claim(session, worker, clock(), batch)
        if not waiting:
            break
        try:
            work(waiting, worker)
        except BaseException:
            with settings.session() as session:
                release(session, [one.id for one in waiting], worker)
            raise
        total += len(waiting)
        tell(step, len(waiting))
    return total
