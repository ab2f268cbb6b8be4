"""A team's queue: the open tickets, the most pressing first, with all that a person needs to choose the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from desk.reading import Tags
from store.search import search
from store.tables import Author, Mention, Tag, Ticket
from store.tags import tags_of

_EXCERPT = 280
_HITS = 1_000
"""A search looks at this many of the newest mentions that hold the words; older ones need a narrower query."""
_ORDER = (col(Ticket.priority), col(Ticket.due_at), col(Ticket.id))
"""The most pressing first."""
MOST = 10_000
"""Counting stops here: nobody pages through more."""


@dataclass(frozen=True)
class Filters:
    """What to show of the tickets; None or an empty string leaves a question open."""

    team: str | None = None
    status: str | None = "open"
    topic: str | None = None
    platform: str | None = None
    source: str | None = None
    language: str | None = None
    kind: str | None = None
    sentiment: str | None = None
    assignee: str | None = None
    """A name, or "-" for tickets that nobody has taken."""
    late: bool = False
    query: str = ""

    @property
    def of_mentions(self) -> bool:
        """Whether it is asked what mentions are like, not only their tickets."""
        return any((self.platform, self.source, self.language, self.kind))


@dataclass(frozen=True)
class QueueRow:
    """One ticket as a queue shows it."""

    ticket: Ticket
    mention: Mention
    excerpt: str
    author: str
    handle: str
    tags: Tags
    said: int
    """Mentions in the conversation."""

    @property
    def topics(self) -> list[tuple[str, float]]:
        """Friction topics with their probabilities, the likeliest first."""
        return sorted(self.tags.friction.items(), key=lambda one: -one[1])


@dataclass(frozen=True)
class Queue:
    """One page of a queue: its tickets, how many there are on all pages (counted to MOST), and which page this is."""

    rows: list[QueueRow]
    total: int
    page: int


def queue(session: Session, filters: Filters, *, now: datetime, limit: int = 50, page: int = 1) -> Queue:
    """Return a page of tickets by priority, then by deadline; the last page where *page* lies behind it."""
    conditions = _conditions(session, filters, now)
    total = _count(session, filters, conditions)
    page = min(page, max(1, -(-total // limit)))
    return Queue(_rows(session, conditions, limit, (page - 1) * limit), total, page)


def after(session: Session, filters: Filters, ticket: Ticket | None, *, now: datetime) -> int | None:
    """Return the conversation that comes after *ticket* in a queue; its first where none does and the ticket has left it."""
    conditions = _conditions(session, filters, now)
    if ticket is not None:
        found = _first(session, [*conditions, _behind(ticket)])
        if found or _first(session, [*conditions, col(Ticket.id) == ticket.id]):
            return found
    return _first(session, conditions)


def _behind(ticket: Ticket) -> ColumnElement[bool]:
    """Return what holds for the tickets that come after one in _ORDER."""
    priority, due_at, number = _ORDER
    alike = (priority == ticket.priority) & (due_at == ticket.due_at) & (number > ticket.id)
    return (priority > ticket.priority) | ((priority == ticket.priority) & (due_at > ticket.due_at)) | alike


def _first(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int | None:
    asked = select(Ticket.conversation_id).join(Mention, col(Mention.id) == Ticket.mention_id).where(*conditions)
    return session.exec(asked.order_by(*_ORDER).limit(1)).first()


def _rows(session: Session, conditions: Sequence[ColumnElement[bool]], limit: int, offset: int) -> list[QueueRow]:
    asked: Any = select(Ticket, Mention, Author).select_from(Ticket).join(Mention, col(Mention.id) == Ticket.mention_id)
    asked = asked.join(Author, col(Author.id) == Mention.author_id, isouter=True).where(*conditions)
    rows = session.execute(asked.order_by(*_ORDER).limit(limit).offset(offset)).tuples().all()
    tags = tags_of(session, [mention.id for _, mention, _ in rows])
    said = _said(session, [ticket.conversation_id for ticket, _, _ in rows])
    return [
        QueueRow(
            ticket=ticket,
            mention=mention,
            excerpt=_excerpt(mention),
            author=author.name or author.handle if author else "",
            handle=author.handle if author else "",
            tags=tags[mention.id],
            said=said.get(ticket.conversation_id, 1),
        )
        for ticket, mention, author in rows
    ]


def _count(session: Session, filters: Filters, conditions: Sequence[ColumnElement[bool]]) -> int:
    asked: Any = select(col(Ticket.id))
    if filters.of_mentions:
        asked = asked.join(Mention, col(Mention.id) == Ticket.mention_id)
    some = asked.where(*conditions).limit(MOST).subquery()
    return int(session.execute(select(func.count()).select_from(some)).scalar_one())


def _conditions(session: Session, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (col(Ticket.team), filters.team),
            (col(Ticket.status), filters.status),
            (col(Mention.platform), filters.platform),
            (col(Mention.source), filters.source),
            (col(Mention.language), filters.language),
            (col(Mention.kind), filters.kind),
        )
        if value
    ]
    if filters.assignee:
        mine = col(Ticket.assignee)
        conditions.append(mine.is_(None) if filters.assignee == "-" else mine == filters.assignee)
    if filters.late:
        conditions.append((col(Ticket.due_at) < now) & (col(Ticket.status) == "open"))
    for aspect, value in (("friction", filters.topic), ("sentiment", filters.sentiment)):
        if value:
            conditions.append(_tagged(aspect, value))
    if filters.query.strip():
        conditions.append(col(Ticket.conversation_id).in_(_found(session, filters.query)))
    return conditions


def _tagged(aspect: str, value: str) -> ColumnElement[bool]:
    standing = (col(Tag.stands), col(Tag.holds))
    about = (col(Tag.mention_id) == Ticket.mention_id, col(Tag.aspect) == aspect, col(Tag.value) == value)
    return select(col(Tag.id)).where(*about, *standing).exists()


def _found(session: Session, query: str) -> list[int]:
    hits = search(session, query, _HITS)
    return list(session.execute(select(col(Mention.conversation_id)).where(col(Mention.id).in_(hits)).distinct()).scalars())


def _said(session: Session, conversations: list[int]) -> dict[int, int]:
    asked = select(col(Mention.conversation_id), func.count()).where(col(Mention.conversation_id).in_(conversations))
    return dict(session.execute(asked.group_by(col(Mention.conversation_id))).tuples().all())


def _excerpt(mention: Mention) -> str:
    words = " ".join(
        f"{mention.title}: {mention.text}"[: 4 * _EXCERPT].split() if mention.title else mention.text[: 4 * _EXCERPT].split()
    )
    return words if len(words) <= _EXCERPT else words[: _EXCERPT - 1].rstrip() + "…"
