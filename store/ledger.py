"""The ledger: what each reading of each source brought, what is due next, and what could not be understood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from desk.mention import storable
from desk.source import Source
from store import credentials, leases
from store.tables import Lease, Mention, Pull, Quarantine, SourceState
from store.writing import affected, upsert

GOOD = ("done", "more")
"""Outcomes of a pull in which everything that was asked for came."""


_PATIENCE = timedelta(minutes=10)
"""Longer than a lease lasts, and than an import takes."""


@dataclass(frozen=True)
class SourceStatus:
    """What an operator wants to know about one source."""

    name: str
    platform: str
    enabled: bool
    last: Pull | None
    last_good: Pull | None
    last_said: datetime | None
    mentions: int
    quarantined: int
    next_run_at: datetime | None
    running: bool
    dies_at: datetime | None = None
    """When its credential dies, where the platform tells."""

    def broken_off(self, now: datetime) -> bool:
        """Say whether its last run will not end: nobody holds the source (as no import does, which is given time)."""
        return bool(self.last and self.last.outcome == "running" and not self.running and self.last.started_at + _PATIENCE < now)


def due_sources(session: Session, sources: Iterable[Source], now: datetime) -> list[Source]:
    """Return the sources whose time has come, the longest waiting first.

    However many runs were missed in a pause, a source is due once: its next time is reckoned from the run that catches up.
    """
    times = {state.source: state.next_run_at for state in session.exec(select(SourceState))}
    due = [(times.get(source.name), source) for source in sources if source.enabled]
    waiting = [(at, source) for at, source in due if at is None or at <= now]
    return [source for _, source in sorted(waiting, key=lambda one: (one[0] is not None, one[0] or now))]


def start_pull(session: Session, source: Source, worker: str, now: datetime) -> int:
    """Open a ledger row, and close those that died running; commits. Return the row's id."""
    session.execute(_lost(now).where(col(Pull.source) == source.name))
    pull = Pull(source=source.name, platform=source.platform, started_at=now, worker=worker)
    session.add(pull)
    session.commit()
    return pull.id or 0


def lost_pulls(session: Session, now: datetime) -> int:
    """Close the ledger rows of workers that died: running, and nobody holds the source any more; commits. Return how many."""
    held = select(Lease.name).where(col(Lease.expires_at) > now)
    dead = _lost(now).where((leases.of_source("") + col(Pull.source)).not_in(held))
    lost = affected(session.execute(dead))
    session.commit()
    return lost


def _lost(now: datetime) -> Any:
    error = "the worker ended without a word; the next run goes on from its last page"
    return update(Pull).where(col(Pull.outcome) == "running").values(outcome="lost", ended_at=now, error=error)


def end_pull(
    session: Session,
    pull_id: int,
    *,
    outcome: str,
    now: datetime,
    next_run_at: datetime,
    error: str = "",
    advice: str = "",
    **quota: Any,
) -> Pull:
    """Close a ledger row and set when the source is due again; commits. *quota* may hold quota_left and quota_resets_at."""
    pull = session.get_one(Pull, pull_id)
    told = {"error": storable(error), "advice": storable(advice)}
    said = {"outcome": outcome, "ended_at": now, "next_run_at": next_run_at} | told | quota
    for field, value in said.items():
        setattr(pull, field, value)
    failures = session.exec(select(SourceState.failures).where(SourceState.source == pull.source)).first() or 0
    state = {"source": pull.source, "platform": pull.platform, "next_run_at": next_run_at}
    upsert(session, SourceState, state | {"failures": 0 if outcome in GOOD else failures + 1}, key=("source",))
    session.commit()
    return pull


def failures(session: Session, source: str) -> int:
    """Return how many runs in a row have failed."""
    return session.exec(select(SourceState.failures).where(SourceState.source == source)).first() or 0


def pulls(session: Session, source: str, limit: int = 50) -> list[Pull]:
    """Return the latest pulls of a source, the newest first."""
    return list(session.exec(select(Pull).where(Pull.source == source).order_by(col(Pull.id).desc()).limit(limit)))


def sources(session: Session, configured: Sequence[Source], now: datetime) -> list[SourceStatus]:
    """Return the state of each configured source, in the order of the configuration; then those heard before."""
    states = {state.source: state for state in session.exec(select(SourceState))}
    heard = {row.source: row for row in session.execute(_heard())}
    broken = dict(session.execute(_broken()).tuples().all())
    held = set(session.exec(select(Lease.name).where(col(Lease.expires_at) > now)))
    platforms = {source.name: (source.platform, source.enabled) for source in configured}
    ends = credentials.ends(session)
    dying = {source.name: ends.get((source.platform, source.credential)) for source in configured}
    gone = {name: (state.platform, False) for name, state in states.items() if name not in platforms}
    return [
        SourceStatus(
            name=name,
            platform=platform,
            enabled=enabled,
            last=_last(session, name),
            last_good=_last(session, name, GOOD),
            last_said=heard[name].last_said if name in heard else None,
            mentions=heard[name].mentions if name in heard else 0,
            quarantined=broken.get(name, 0),
            next_run_at=states[name].next_run_at if name in states else None,
            running=leases.of_source(name) in held,
            dies_at=dying.get(name),
        )
        for name, (platform, enabled) in (platforms | gone).items()
    ]


def quarantined(session: Session, source: str | None = None, limit: int = 100) -> list[Quarantine]:
    """Return what could not be understood and waits for a fix, the newest first."""
    asked = select(Quarantine).where(col(Quarantine.released_at).is_(None)).order_by(col(Quarantine.id).desc()).limit(limit)
    return list(session.exec(asked.where(Quarantine.source == source) if source else asked))


def _heard() -> Any:
    said = func.max(Mention.said_at, type_=Mention.__table__.c.said_at.type)  # type: ignore[attr-defined]
    return select(Mention.source, func.count().label("mentions"), said.label("last_said")).group_by(Mention.source)


def _broken() -> Any:
    return select(Quarantine.source, func.count()).where(col(Quarantine.released_at).is_(None)).group_by(Quarantine.source)


def _last(session: Session, source: str, outcomes: Sequence[str] = ()) -> Pull | None:
    asked = select(Pull).where(Pull.source == source).order_by(col(Pull.id).desc()).limit(1)
    return session.exec(asked.where(col(Pull.outcome).in_(outcomes)) if outcomes else asked).first()
