"""Erase what is older than its source's retention (guarantee 11)."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from desk.errors import Conflict
from flows.settings import Settings
from flows.work.common import Clock, Tell, silent, utc_now
from store import erasing
from store.removing import Erased

_LATELY = timedelta(days=2)


@dataclass(frozen=True)
class Expired:
    """What was erased by source, and how many mentions are as old and stay while their ticket is open."""

    erased: dict[str, Erased] = field(default_factory=dict)
    spared: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        total = sum(self.erased.values(), Erased())
        said = f"Erased {total.mentions} mentions and {total.answers} answers"
        return f"{said}; {spared} more wait for their open tickets" if (spared := sum(self.spared.values())) else said


def limits(settings: Settings) -> dict[str, timedelta]:
    """Return how long what each source heard is kept, of those of which something is stored and that have a limit."""
    with settings.session(write=False) as session:
        names = erasing.sources(session)
    found = {name: settings.desk.retention_of(name) for name in names}
    return {name: span for name, span in found.items() if span}


def due(settings: Settings, *, clock: Clock = utc_now) -> dict[str, int]:
    """Return how much of each source `expire` would erase now; erases nothing."""
    now = clock()
    with settings.session(write=False) as session:
        return {name: erasing.count_outdated(session, name, now - span, now) for name, span in limits(settings).items()}


def expire(settings: Settings, by: str, *, clock: Clock = utc_now, tell: Tell = silent) -> Expired:
    """Erase what is due, some hundreds at a time, so that nobody waits for it; what is done is done when it breaks off."""
    now, erased, spared = clock(), dict[str, Erased](), dict[str, int]()
    for name, span in limits(settings).items():
        with settings.session() as session:
            total = Erased()
            with suppress(Conflict):  # an answer is being sent just now: the next night takes what is left of this source
                while (done := erasing.outdated(session, name, now - span, by=by, now=now)) != Erased():
                    total += done
                    tell(name, done.mentions + done.answers)
            erased |= {name: total} if total != Erased() else {}
            left = erasing.count_spared(session, name, now - span, now)
            spared |= {name: left} if left else {}
    if _erased_lately(settings, now):
        erasing.sweep(settings.engine)
    return Expired(erased, spared)


def _erased_lately(settings: Settings, now: datetime) -> bool:
    """Say whether anything was erased since last night, here or by hand: who was killed before sweeping has left traces."""
    with settings.session(write=False) as session:
        last = erasing.erasures(session, limit=1)
    return bool(last) and last[0].at > now - _LATELY
