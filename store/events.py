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
    told = [
        {"what": field, "before": _said(getattr(ticket, field)), "after": _said(values[field])}
        for field in _TOLD
        if field in values and getattr(ticket, field) != values[field]
    ]
    asked = update(Ticket).where(col(Ticket.id) == ticket.id, col(Ticket.version) == ticket.version).values(**row)
    if affected(session.execute(asked, execution_options={"synchronize_session": False})) != 1:
        session.rollback()
        winner = session.exec(select(Ticket.updated_by).where(Ticket.id == ticket.id)).first() or ""
        raise Conflict(f"{_who(winner)} changed the ticket since you looked", winner=_who(winner))
    note(session, ticket.id, by, now, told)
    if ticket in session:
        session.expunge(ticket)  # from here on it is a copy of the row, not a change to be stored
    for field, value in row.items():
        setattr(ticket, field, value)


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
