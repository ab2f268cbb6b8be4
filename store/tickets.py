"""What teams owe: one ticket per conversation, opened once, reopened by a new mention, changed by one person at a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from desk.errors import Conflict, KummerkastenError, Vanished
from desk.routing import Decision
from store.events import change
from store.owing import Owed, Settled, facts, owe
from store.tables import Mention, Routing, Ticket
from store.writing import chunks, whole

STATUSES = ("open", "answered", "closed")

__all__ = ["STATUSES", "Settled", "assign", "move", "open_ticket", "set_priority", "set_status", "settle"]


def settle(session: Session, items: Iterable[Settled], now: datetime, *, worker: str | None = None) -> int:
    """Store decisions and open or reopen the tickets they ask for, in one transaction; return how many opened or reopened.

    With *worker*, mentions are left out that this worker no longer has a claim on: what was decided about them is outdated.
    """
    ordered = sorted(items, key=lambda one: (one.conversation_id, one.said_at, one.mention_id))
    return whole(session, lambda: _settle(session, ordered, now, worker))


def _settle(session: Session, items: Sequence[Settled], now: datetime, worker: str | None) -> int:
    known = facts(session, items, worker)
    items = [item for item in items if item.mention_id in known]
    _file(session, items, now)
    owed = [Owed(one, one.due_at, known[one.mention_id]) for one in items if one.due_at and not known[one.mention_id].deleted]
    moved = owe(session, owed, now)
    session.commit()
    return moved


def _file(session: Session, items: Sequence[Settled], now: datetime) -> None:
    rows = [
        {
            "mention_id": item.mention_id,
            "at": now,
            "rule": item.decision.rule,
            "team": item.decision.team,
            "priority": item.decision.priority,
            "allowance": str(item.decision.allowance),
            "answer": item.decision.answer,
            "topic": item.decision.topic,
        }
        for item in items
    ]
    if rows:
        session.execute(insert(Routing), rows)
    done = {"routed_at": now, "claimed_by": None, "claimed_until": None}
    for some in chunks(item.mention_id for item in items):
        session.execute(update(Mention).where(col(Mention.id).in_(some)).values(**done))


def open_ticket(
    session: Session,
    *,
    mention_id: int,
    conversation_id: int,
    decision: Decision,
    due_at: datetime,
    said_at: datetime,
    now: datetime,
) -> Ticket:
    """Open the conversation's ticket, or reopen the one that is there; opening twice is opening once; commits."""
    item = Settled(mention_id, conversation_id, said_at, decision, due_at)

    def work() -> Ticket:
        owe(session, [Owed(item, due_at, facts(session, [item])[mention_id])], now)
        session.commit()
        return session.exec(select(Ticket).where(Ticket.conversation_id == conversation_id)).one()

    return whole(session, work)


def assign(session: Session, ticket_id: int, assignee: str | None, *, by: str, version: int, now: datetime) -> None:
    """Give a ticket to somebody, or back to the team; commits. Raises Conflict naming who was faster."""
    _by_person(session, ticket_id, {"assignee": assignee, "manual": True}, by, version, now)


def set_status(session: Session, ticket_id: int, status: str, *, by: str, version: int, now: datetime) -> None:
    """Set a ticket open, answered or closed; commits. Raises Conflict naming who was faster."""
    if status not in STATUSES:
        raise KummerkastenError(f'"{status}" is no status; a ticket is {", ".join(STATUSES)}')
    times = {"answered_at": now if status == "answered" else None, "closed_at": now if status == "closed" else None}
    _by_person(session, ticket_id, {"status": status} | times, by, version, now)


def move(
    session: Session, ticket_id: int, team: str, *, by: str, version: int, now: datetime, due_at: datetime | None = None
) -> None:
    """Hand a ticket to another team, with a new deadline where its calendar gives one; commits. Raises Conflict."""
    due = {"due_at": due_at} if due_at else {}
    _by_person(session, ticket_id, {"team": team, "assignee": None, "manual": True} | due, by, version, now)


def set_priority(session: Session, ticket_id: int, priority: int, *, by: str, version: int, now: datetime) -> None:
    """Set a ticket's priority, 1 (most pressing) to 4; commits. Raises Conflict naming who was faster."""
    _by_person(session, ticket_id, {"priority": priority, "manual": True}, by, version, now)


def _by_person(session: Session, ticket_id: int, values: dict[str, Any], by: str, version: int, now: datetime) -> None:
    ticket = session.get(Ticket, ticket_id, populate_existing=True)
    if ticket is None:
        raise Vanished(f"there is no ticket {ticket_id}")
    if ticket.version != version:
        who = ticket.updated_by.partition(":")[2] or ticket.updated_by
        session.rollback()
        raise Conflict(f"{who} changed the ticket since you looked", winner=who)
    change(session, ticket, values, by=f"person:{by}", now=now)
    session.commit()
