"""Today at a glance: what was heard, who waits, what is late, per team and platform; and the counts behind "what is rising"."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from store.tables import Mention, Tag, Ticket

SOON = timedelta(hours=2)


@dataclass(frozen=True)
class Load:
    """What one team owes."""

    waiting: int = 0
    late: int = 0
    soon: int = 0


@dataclass(frozen=True)
class Today:
    """The numbers of a desk at one moment. Answer times are hours from being heard to being answered, over seven days."""

    heard_today: int
    heard_yesterday: int
    heard_week: int
    teams: dict[str, Load]
    platforms: dict[str, int]
    """Mentions of customers in the last seven days, per platform."""
    answered_week: int
    median_answer_hours: float | None
    by_day: list[tuple[date, int]]
    """Mentions per day of the desk's time zone, the last 28 days, oldest first."""

    @property
    def load(self) -> Load:
        """What all teams owe together."""
        every = self.teams.values()
        return Load(*(sum(getattr(one, field) for one in every) for field in ("waiting", "late", "soon")))


def today(session: Session, *, now: datetime, zone: ZoneInfo) -> Today:
    """Return the numbers of this moment, in days of *zone*."""
    daily = _daily(session, now, zone, days=28)
    counts = [count for _, count in daily]
    hours = _answer_hours(session, now - timedelta(days=7))
    return Today(
        heard_today=counts[-1],
        heard_yesterday=counts[-2],
        heard_week=sum(counts[-7:]),
        teams=_teams(session, now),
        platforms=_platforms(session, now - timedelta(days=7)),
        answered_week=len(hours),
        median_answer_hours=median(hours) if hours else None,
        by_day=daily,
    )


def daily_topics(session: Session, *, now: datetime, zone: ZoneInfo, days: int = 35) -> dict[str, list[int]]:
    """Return for each friction topic how many people spoke of it on each of the last *days* days, oldest first."""
    since = _midnight(now, zone) - timedelta(days=days - 1)
    asked = (
        select(col(Tag.value), col(Mention.said_at), func.coalesce(Mention.author_id, -col(Mention.id)))
        .join(Mention, col(Mention.id) == Tag.mention_id)
        .where(col(Tag.stands), col(Tag.holds), Tag.aspect == "friction", col(Mention.said_at) >= since)
    )
    first = since.astimezone(zone).date()
    people: defaultdict[str, list[set[int]]] = defaultdict(lambda: [set() for _ in range(days)])
    for topic, said_at, person in session.execute(asked.execution_options(yield_per=5000)):
        day = (said_at.astimezone(zone).date() - first).days
        if 0 <= day < days:
            people[topic][day].add(person)
    return {topic: [len(everybody) for everybody in sets] for topic, sets in people.items()}


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _daily(session: Session, now: datetime, zone: ZoneInfo, days: int) -> list[tuple[date, int]]:
    """Count per day with one bound per day: days of the desk's zone have 23 or 25 hours twice a year."""
    start = _midnight(now, zone)
    bounds = [start - timedelta(days=back) for back in range(days - 1, -2, -1)]
    columns = [
        func.sum(case(((col(Mention.said_at) >= early) & (col(Mention.said_at) < late), 1), else_=0))
        for early, late in pairwise(bounds)
    ]
    heard = select(*columns).where(col(Mention.said_at) >= bounds[0], ~col(Mention.ours))
    return [(bound.date(), int(count or 0)) for bound, count in zip(bounds, session.execute(heard).one(), strict=False)]


def _teams(session: Session, now: datetime) -> dict[str, Load]:
    late = func.sum(case((col(Ticket.due_at) < now, 1), else_=0))
    soon = func.sum(case(((col(Ticket.due_at) >= now) & (col(Ticket.due_at) < now + SOON), 1), else_=0))
    asked: Any = select(Ticket.team, func.count(), late, soon).where(Ticket.status == "open").group_by(Ticket.team)
    return {team: Load(waiting, int(over), int(near)) for team, waiting, over, near in session.execute(asked)}


def _platforms(session: Session, since: datetime) -> dict[str, int]:
    asked = select(Mention.platform, func.count()).where(col(Mention.said_at) >= since, ~col(Mention.ours))
    rows: Sequence[Any] = session.execute(asked.group_by(Mention.platform)).all()
    return dict(sorted(rows, key=lambda row: -row[1]))


def _answer_hours(session: Session, since: datetime) -> list[float]:
    asked = select(Ticket.waiting_since, Ticket.answered_at).where(col(Ticket.answered_at) >= since)
    return [(answered - waiting).total_seconds() / 3600 for waiting, answered in session.exec(asked) if answered]
