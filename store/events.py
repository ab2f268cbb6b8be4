"""Every change of a ticket, with who and when: the one place where a ticket row is changed.

Guarantee 9: two people never own one ticket. Each change names the version it saw; the second one changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from desk.errors import Conflict
from store.tables import Ticket, TicketEvent
from store.writing import affected

_TOLD = ("status", "team", "assignee", "priority", "due_at")
"""Fields whose changes people read in a ticket's history."""


def change(session: Session, ticket: Ticket, values: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Change *ticket* as it was read, within the caller's transaction; raises Conflict naming who was faster."""
    row = dict(values) | {"version": ticket.version + 1, "updated_at": now, "updated_by": by}
    seen = (col(Ticket.id) == ticket.id, col(Ticket.version) == ticket.version)
    if affected(session.execute(update(Ticket).where(*seen).values(**row))) != 1:
        session.rollback()
        winner = session.exec(select(Ticket.updated_by).where(Ticket.id == ticket.id)).first() or ""
        raise Conflict(f"somebody changed the ticket since you looked: {_who(winner)}", winner=_who(winner))
    told = [
        {"what": field, "before": _said(getattr(ticket, field)), "after": _said(values[field])}
        for field in _TOLD
        if field in values and getattr(ticket, field) != values[field]
    ]
    note(session, ticket.id, by, now, told)
    for field, value in row.items():
        setattr(ticket, field, value)
    session.expunge(ticket)  # what it says is stored already


def note(session: Session, ticket_id: int | None, by: str, now: datetime, told: list[dict[str, str]]) -> None:
    """Write events of a ticket."""
    if told:
        session.execute(insert(TicketEvent), [{"ticket_id": ticket_id, "at": now, "by": by} | one for one in told])


def _who(signature: str) -> str:
    return signature.partition(":")[2] or signature


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)
