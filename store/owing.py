"""What rules do to tickets: open one, reopen it for new words, sharpen it; never against a person, never twice.

- A conversation has one ticket. A mention that asks for an answer opens it; several workers at once open one.
- Words that we have answered on the platform already owe nothing any more: their ticket is opened as answered, so that
  history that is read for the first time does not fill the queues.
- In an open ticket another mention may press more, never less: the earlier deadline and the more pressing rule count.
- An answered or closed ticket is reopened by words that were heard after it ended, or edited since, or shown again after
  they had been deleted. Its deadline starts anew, whoever set the old one.
- Where a person has taken over (``manual``), team, assignee and priority stay as they are, reopened or not.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from desk.routing import Decision
from store.answers import PLATFORM
from store.events import change, note
from store.tables import Mention, Ticket
from store.writing import chunks, insert_new


@dataclass(frozen=True)
class Settled:
    """One routed mention: which it is, what the rules decided, and by when an answer is owed (None where none is)."""

    mention_id: int
    conversation_id: int
    said_at: datetime
    decision: Decision
    due_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """What the store knows of a routed mention; ``answered_at`` is when we spoke after it on the platform, if we did."""

    heard_at: datetime
    edited_at: datetime | None
    deleted: bool
    answered_at: datetime | None


@dataclass(frozen=True)
class Owed:
    """One mention that a team owes an answer, and by when."""

    item: Settled
    due_at: datetime
    facts: Facts


def facts(session: Session, items: Sequence[Settled], worker: str | None = None) -> dict[int, Facts]:
    """Return facts by mention, and keep everybody else's hands off these mentions until the transaction ends.

    With *worker*, those are left out that this worker has no claim on (any more): edited since, or taken by another.
    """
    ours = _our_words(session, [item.conversation_id for item in items])
    said = {item.mention_id: item for item in items}
    found: dict[int, Facts] = {}
    for some in chunks(sorted(said)):
        asked = select(Mention.id, Mention.heard_at, Mention.edited_at, Mention.deleted_at).where(col(Mention.id).in_(some))
        if worker is not None:
            asked = asked.where(Mention.claimed_by == worker)
        for mention_id, heard_at, edited_at, deleted_at in session.exec(asked.order_by(col(Mention.id)).with_for_update()):
            item = said[mention_id or 0]
            last_words = max(item.said_at, edited_at or item.said_at)
            later = [at for at in ours[item.conversation_id] if at > last_words]
            found[item.mention_id] = Facts(heard_at, edited_at, deleted_at is not None, min(later, default=None))
    return found


def _our_words(session: Session, conversations: Iterable[int]) -> defaultdict[int, list[datetime]]:
    found: defaultdict[int, list[datetime]] = defaultdict(list)
    for some in chunks(sorted(set(conversations))):
        asked = select(Mention.conversation_id, Mention.said_at).where(
            col(Mention.conversation_id).in_(some), col(Mention.ours), col(Mention.deleted_at).is_(None)
        )
        for conversation_id, said_at in session.exec(asked):
            found[conversation_id].append(said_at)
    return found


def owe(session: Session, owed: Sequence[Owed], now: datetime) -> int:
    """Open, reopen or sharpen tickets; return how many were opened or reopened. *owed* comes in the order it was said."""
    tickets = _tickets(session, [one.item.conversation_id for one in owed])
    first: dict[int, Owed] = {}
    for one in owed:
        if one.item.conversation_id not in tickets:
            first.setdefault(one.item.conversation_id, one)
    _open(session, list(first.values()), now)
    tickets |= _tickets(session, list(first))
    moved = 0
    for one in owed:
        ticket = tickets[one.item.conversation_id]
        if first.get(one.item.conversation_id) is one and _is_its(ticket, one, now):
            moved += _tell(session, ticket, one, now)
        else:
            moved += _press(session, ticket, one, now)
    return moved


def _tickets(session: Session, conversations: Sequence[int]) -> dict[int, Ticket]:
    found: dict[int, Ticket] = {}
    for some in chunks(sorted(set(conversations))):
        asked = select(Ticket).where(col(Ticket.conversation_id).in_(some)).order_by(col(Ticket.id)).with_for_update()
        rows = session.exec(asked.execution_options(populate_existing=True)).all()
        found |= {ticket.conversation_id: ticket for ticket in rows}
    return found


def _open(session: Session, owed: Sequence[Owed], now: datetime) -> None:
    rows = [
        {
            "conversation_id": one.item.conversation_id,
            "mention_id": one.item.mention_id,
            "team": one.item.decision.team,
            "status": "answered" if one.facts.answered_at else "open",
            "priority": one.item.decision.priority,
            "topic": one.item.decision.topic,
            "rule": one.item.decision.rule,
            "manual": False,
            "waiting_since": one.item.said_at,
            "due_at": one.due_at,
            "opened_at": now,
            "answered_at": one.facts.answered_at,
            "updated_at": now,
            "updated_by": PLATFORM if one.facts.answered_at else f"rule:{one.item.decision.rule}",
            "version": 1,
        }
        for one in owed
    ]
    insert_new(session, Ticket, rows)


def _is_its(ticket: Ticket, one: Owed, now: datetime) -> bool:
    return ticket.mention_id == one.item.mention_id and ticket.version == 1 and ticket.opened_at == now


def _tell(session: Session, ticket: Ticket, one: Owed, now: datetime) -> bool:
    note(session, ticket.id, f"rule:{ticket.rule}", now, [{"what": "opened", "before": "", "after": ticket.team}])
    if one.facts.answered_at:
        note(session, ticket.id, PLATFORM, now, [{"what": "status", "before": "open", "after": "answered"}])
    return ticket.status == "open"


def _press(session: Session, ticket: Ticket, one: Owed, now: datetime) -> bool:
    if one.facts.answered_at:
        return False
    values = _sharpened(ticket, one) if ticket.status == "open" else _reopened(ticket, one)
    if values:
        change(session, ticket, values, by=f"rule:{one.item.decision.rule}", now=now)
    return values.get("status") == "open"


def _reopened(ticket: Ticket, one: Owed) -> dict[str, Any]:
    """Return what a mention changes of an answered or closed ticket; nothing where it was seen before that ended."""
    item = one.item
    ended_at = (ticket.closed_at if ticket.status == "closed" else ticket.answered_at) or ticket.updated_at
    shown_again = ticket.status == "closed" and ticket.updated_by == PLATFORM
    edited = one.facts.edited_at is not None and one.facts.edited_at > ended_at
    new = item.mention_id != ticket.mention_id and max(one.facts.heard_at, item.said_at) > ended_at
    if not (shown_again or edited or new):
        return {}
    values = {"status": "open", "mention_id": item.mention_id, "waiting_since": item.said_at, "due_at": one.due_at}
    return values | {"answered_at": None, "closed_at": None} | _ruled(ticket, item)


def _sharpened(ticket: Ticket, one: Owed) -> dict[str, Any]:
    """Return what another mention changes of an open ticket: it may press more, it never presses less."""
    item, earlier = one.item, min(one.due_at, ticket.due_at)
    if ticket.manual:
        return {}
    if item.mention_id == ticket.mention_id:  # the same mention, tagged or routed anew
        wanted = _ruled(ticket, item) | {"due_at": one.due_at}
    elif (item.decision.priority, one.due_at) < (ticket.priority, ticket.due_at):
        wanted = _ruled(ticket, item) | {"due_at": earlier, "mention_id": item.mention_id}
    else:
        wanted = {"due_at": earlier}
    return {field: value for field, value in wanted.items() if getattr(ticket, field) != value}


def _ruled(ticket: Ticket, item: Settled) -> dict[str, Any]:
    if ticket.manual:  # a person has taken it over: rules keep their hands off
        return {}
    decision = item.decision
    return {"team": decision.team, "priority": decision.priority, "topic": decision.topic, "rule": decision.rule}
