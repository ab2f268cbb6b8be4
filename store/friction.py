"""What hurts customers: topics by people affected, by week and platform, with the words behind them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from store.tables import Author, Mention, Tag


@dataclass(frozen=True)
class Scope:
    """Which mentions to look at: said from *since* until *until*, on one platform, in one language."""

    since: datetime
    until: datetime
    platform: str | None = None
    language: str | None = None

    def before(self) -> "Scope":
        """Return the period of the same length before this one."""
        return Scope(self.since - (self.until - self.since), self.since, self.platform, self.language)


@dataclass(frozen=True)
class FrictionRow:
    """One topic: how many people it troubles (an anonymous mention is one person), how many mentions, how many of them urgent."""

    topic: str
    people: int
    mentions: int
    urgent: int
    people_before: int | None
    """In the period before; None where nobody listened yet when that began, so that nothing can be compared."""
    new: bool = False
    """Whether it has never come up before."""


@dataclass(frozen=True)
class Quote:
    """What one person said about a topic."""

    mention: Mention
    author: str
    probability: float | None


@dataclass(frozen=True)
class Week:
    """One topic on one platform in the week that begins on *monday*."""

    topic: str
    monday: date
    platform: str
    people: int


_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_PERSON: Any = func.coalesce(col(Mention.author_id), -col(Mention.id))


def friction(session: Session, scope: Scope) -> list[FrictionRow]:
    """Return the topics by people affected, the most first."""
    urgent = aliased(Tag)
    asked = (
        select(col(Tag.value), func.count(_PERSON.distinct()), func.count(), func.count(col(urgent.id)))
        .join(Mention, col(Mention.id) == Tag.mention_id)
        .join(urgent, _stands(urgent, "urgent", "yes") & (col(urgent.mention_id) == Mention.id), isouter=True)
        .where(*_in(scope))
        .group_by(col(Tag.value))
    )
    before = _people(session, scope.before()) if _listened(session, scope.before()) else None
    found = session.execute(asked).tuples().all()
    new = _never_before(session, scope, [topic for topic, *_ in found if before is not None and topic not in before])
    rows = [
        FrictionRow(topic, people, mentions, pressing, None if before is None else before.get(topic, 0), topic in new)
        for topic, people, mentions, pressing in found
    ]
    return sorted(rows, key=lambda row: (-row.people, row.topic))


def stages(session: Session, scope: Scope, stage_of: Mapping[str, str]) -> dict[str, int]:
    """Return how many people each stage troubles, each person once, given the stage of each topic; "" for topics without one."""
    stage = case(stage_of, value=col(Tag.value), else_="") if stage_of else literal("")
    return dict(session.execute(_tagged(stage, scope, func.count(_PERSON.distinct())).group_by(stage)).tuples().all())


def weeks(session: Session, scope: Scope, zone: ZoneInfo, topics: Sequence[str] = ()) -> list[Week]:
    """Return people per topic, week and platform; weeks begin on Monday in *zone*."""
    asked = select(col(Tag.value), col(Mention.said_at), col(Mention.platform), _PERSON)
    asked = asked.join(Mention, col(Mention.id) == Tag.mention_id).where(*_in(scope, topics))
    found: defaultdict[tuple[str, date, str], set[int]] = defaultdict(set)
    for topic, said_at, platform, person in session.execute(asked.execution_options(yield_per=5000)):
        day = said_at.astimezone(zone).date()
        found[topic, day - timedelta(days=day.weekday()), platform].add(person)
    return [Week(*key, people=len(people)) for key, people in sorted(found.items())]


def quotes(session: Session, scope: Scope, topic: str, limit: int = 20, offset: int = 0) -> list[Quote]:
    """Return what people said about *topic*, the clearest first, one quote per person before anybody's second."""
    turn = func.row_number().over(partition_by=_PERSON, order_by=(col(Tag.probability).desc(), col(Mention.id).desc()))
    asked = _quoted(scope, [topic]).order_by(turn, col(Tag.probability).desc(), col(Mention.said_at).desc())
    return [_quote(row) for row in session.execute(asked.limit(limit).offset(offset)).tuples()]


def every_quote(session: Session, scope: Scope, topics: Sequence[str] = ()) -> Iterator[tuple[str, Quote]]:
    """Yield each topic and what was said about it, in order of time, in flat memory: the rows of an export."""
    asked = _quoted(scope, topics).add_columns(col(Tag.value)).order_by(col(Mention.said_at), col(Mention.id))
    for row in session.execute(asked.execution_options(yield_per=1000)):
        yield row[3], _quote(row[:3])


def heard(session: Session, scope: Scope) -> tuple[int, int]:
    """Return how much customers said in a period, about whatever, and how much of it nobody has read yet."""
    unread = func.count().filter(col(Mention.read_at).is_(None))
    asked = select(func.count(), unread).select_from(Mention).where(*_said(scope), ~col(Mention.ours))
    total, waiting = session.exec(asked).one()
    return total, waiting


def platforms(session: Session) -> list[str]:
    """Return the platforms that anything was heard from."""
    return sorted(session.exec(select(Mention.platform).distinct()))


def _quote(row: Any) -> Quote:
    mention, author, probability = row
    return Quote(mention, (author.handle or author.name) if author else "", probability)


def _quoted(scope: Scope, topics: Sequence[str]) -> Any:
    return (
        select(Mention, Author, col(Tag.probability))
        .select_from(Tag)
        .join(Mention, col(Mention.id) == Tag.mention_id)
        .join(Author, col(Author.id) == Mention.author_id, isouter=True)
        .where(*_in(scope, topics))
    )


def _people(session: Session, scope: Scope) -> dict[str, int]:
    asked = _tagged(col(Tag.value), scope, func.count(_PERSON.distinct()))
    return dict(session.execute(asked.group_by(col(Tag.value))).tuples().all())


def _never_before(session: Session, scope: Scope, topics: Sequence[str]) -> set[str]:
    """Return those of *topics* that nobody spoke of before a period."""
    if not topics:
        return set()
    ever = replace(scope, since=_EVER, until=scope.since)
    return set(topics) - set(session.execute(_tagged(col(Tag.value), ever, topics=topics).distinct()).scalars())


def _listened(session: Session, scope: Scope) -> bool:
    """Say whether anything was heard, on the platform that is asked for, before a period had gone by a quarter."""
    begun = scope.since + (scope.until - scope.since) / 4
    asked = select(col(Mention.id)).where(col(Mention.said_at) < begun)
    if scope.platform:
        asked = asked.where(col(Mention.platform) == scope.platform)
    return session.execute(asked.limit(1)).first() is not None


def _tagged(first: Any, scope: Scope, *more: Any, topics: Sequence[str] = ()) -> Any:
    return select(first, *more).select_from(Tag).join(Mention, col(Mention.id) == Tag.mention_id).where(*_in(scope, topics))


def _stands(tag: Any, aspect: str, value: str | None = None) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = col(tag.stands) & col(tag.holds) & (col(tag.aspect) == aspect)
    return holds & (col(tag.value) == value) if value else holds


def _in(scope: Scope, topics: Sequence[str] = ()) -> list[ColumnElement[bool]]:
    return [_stands(Tag, "friction"), *_said(scope), *([col(Tag.value).in_(topics)] if topics else [])]


def _said(scope: Scope) -> list[ColumnElement[bool]]:
    conditions = [col(Mention.said_at) >= scope.since, col(Mention.said_at) < scope.until, col(Mention.deleted_at).is_(None)]
    if scope.platform:
        conditions.append(col(Mention.platform) == scope.platform)
    if scope.language:
        conditions.append(col(Mention.language) == scope.language)
    return conditions
