"""What teams owe: one ticket per conversation, opened once, reopened by a new mention, changed by one person at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from desk.errors import Conflict, KummerkastenError
from desk.routing import Decision
from store.events import change, note
from store.tables import Mention, Routing, Ticket
from store.writing import insert_new, table

STATUSES = ("open", "answered", "closed")


@dataclass(frozen=True)
class Settled:
    """One routed mention: which it is, what the rules decided, and by when an answer is owed (None where none is)."""

    mention_id: int
    conversation_id: int
    said_at: datetime
    decision: Decision
    due_at: datetime | None


def settle(session: Session, items: Iterable[Settled], now: datetime) -> int:
    """Store decisions and open or reopen the tickets they ask for, in one transaction; return how many opened or reopened."""
    moved = 0
    for item in sorted(items, key=lambda one: (one.conversation_id, one.said_at, one.mention_id)):
        _file(session, item, now)
        if item.due_at is not None:
            moved += _owe(session, item, item.due_at, now)
    session.commit()
    return moved


def _file(session: Session, item: Settled, now: datetime) -> None:
    decision = item.decision
    session.execute(
        insert(Routing).values(
            mention_id=item.mention_id,
            at=now,
            rule=decision.rule,
            team=decision.team,
            priority=decision.priority,
            allowance=str(decision.allowance),
            answer=decision.answer,
            topic=decision.topic,
        )
    )
    done = {"routed_at": now, "claimed_by": None, "claimed_until": None}
    session.execute(update(Mention).where(col(Mention.id) == item.mention_id).values(**done))


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
    _owe(session, Settled(mention_id, conversation_id, said_at, decision, due_at), due_at, now)
    session.commit()
    return session.exec(select(Ticket).where(Ticket.conversation_id == conversation_id)).one()


def _owe(session: Session, item: Settled, due_at: datetime, now: datetime) -> bool:
    """Open, reopen or sharpen the ticket of a conversation; return whether it was opened or reopened."""
    decision, by = item.decision, f"rule:{item.decision.rule}"
    row = {
        "conversation_id": item.conversation_id,
        "mention_id": item.mention_id,
        "team": decision.team,
        "status": "open",
        "priority": decision.priority,
        "topic": decision.topic,
        "rule": decision.rule,
        "manual": False,
        "waiting_since": item.said_at,
        "due_at": due_at,
        "opened_at": now,
        "updated_at": now,
        "updated_by": by,
        "version": 1,
    }
    if new := insert_new(session, Ticket, [row], returning=[table(Ticket).c.id]):
        note(session, new[0].id, by, now, [{"what": "opened", "before": "", "after": decision.team}])
        return True
    ticket = session.exec(
        select(Ticket)
        .where(Ticket.conversation_id == item.conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    values = _sharpened(ticket, item, due_at) if ticket.status == "open" else _reopened(ticket, item, due_at)
    if values:
        change(session, ticket, values, by=by, now=now)
    return values.get("status") == "open"


def _reopened(ticket: Ticket, item: Settled, due_at: datetime) -> dict[str, Any]:
    """Return what a new mention changes of an answered or closed ticket; one that was said before the answer changes nothing."""
    ended_at = ticket.closed_at if ticket.status == "closed" else ticket.answered_at
    if item.mention_id == ticket.mention_id or (ended_at and item.said_at <= ended_at):
        return {}
    values = {"status": "open", "mention_id": item.mention_id, "waiting_since": item.said_at, "due_at": due_at}
    return values | {"answered_at": None, "closed_at": None} | _ruled(ticket, item)


def _sharpened(ticket: Ticket, item: Settled, due_at: datetime) -> dict[str, Any]:
    """Return what another mention changes of an open ticket: it may press more, it never presses less."""
    if ticket.manual:
        return {}
    if item.mention_id == ticket.mention_id:  # the same mention, tagged or routed anew
        wanted = _ruled(ticket, item) | {"due_at": due_at}
    elif (item.decision.priority, due_at) < (ticket.priority, ticket.due_at):
        wanted = _ruled(ticket, item) | {"due_at": min(due_at, ticket.due_at), "mention_id": item.mention_id}
    else:
        wanted = {"due_at": min(due_at, ticket.due_at)}
    return {field: value for field, value in wanted.items() if getattr(ticket, field) != value}


def _ruled(ticket: Ticket, item: Settled) -> dict[str, Any]:
    if ticket.manual:  # a person has taken it over: rules keep their hands off
        return {}
    decision = item.decision
    return {"team": decision.team, "priority": decision.priority, "topic": decision.topic, "rule": decision.rule}


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
        raise KummerkastenError(f"there is no ticket {ticket_id}")
    if ticket.version != version:
        who = ticket.updated_by.partition(":")[2] or ticket.updated_by
        session.rollback()
        raise Conflict(f"{who} changed the ticket since you looked", winner=who)
    change(session, ticket, values, by=f"person:{by}", now=now)
    session.commit()
