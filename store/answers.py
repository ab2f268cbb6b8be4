"""What keeping a page means for tickets: our own answer was heard, or the customer took something back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from store.events import change, note
from store.tables import Conversation, Mention, Routing, Ticket
from store.writing import chunks

PLATFORM = "platform"
"""Who changes a ticket when the platform shows that it has been answered or taken back."""


def note_our_answers(session: Session, platform: str, answered: Mapping[str, datetime], now: datetime) -> None:
    """Mark as answered the open tickets of conversations (by native id) in which we spoke after the customer.

    Where the customer has asked again after our words, the ticket stays open for that.
    """
    for some in chunks(sorted(answered)):
        asked = (
            select(Ticket, Conversation.native_id)
            .join(Conversation, col(Conversation.id) == Ticket.conversation_id)
            .where(Conversation.platform == platform, col(Conversation.native_id).in_(some), Ticket.status == "open")
            .order_by(col(Ticket.id))
            .with_for_update(of=Ticket)
        )
        for ticket, native_id in session.exec(asked).all():
            at = answered[native_id]
            if at > ticket.waiting_since:
                waiting = _asked_after(session, ticket.conversation_id, at)
                change(session, ticket, waiting or {"status": "answered", "answered_at": at}, by=PLATFORM, now=now)


def _asked_after(session: Session, conversation_id: int, moment: datetime) -> dict[str, Any]:
    """Return what a ticket waits for that a rule wanted answered, and that was said after *moment*; empty where nothing is."""
    asked = (
        select(Mention.id, Mention.said_at)
        .join(Routing, col(Routing.mention_id) == Mention.id)
        .where(Mention.conversation_id == conversation_id, Mention.said_at > moment)
        .where(col(Mention.deleted_at).is_(None), col(Routing.answer))
        .order_by(col(Mention.said_at), col(Mention.id))
    )
    first = session.exec(asked).first()
    return {"mention_id": first[0], "waiting_since": first[1]} if first else {}


def note_deletions(session: Session, mentions: Sequence[int], conversations: Sequence[int], now: datetime) -> None:
    """Tell tickets that what they wait for was deleted, and close those of which nothing of the customer's is left."""
    for some in chunks(sorted(set(mentions))):
        waiting = select(Ticket.id).where(col(Ticket.mention_id).in_(some), Ticket.status == "open").order_by(col(Ticket.id))
        for ticket_id in session.exec(waiting).all():
            note(session, ticket_id, PLATFORM, now, [{"what": "deleted", "before": "", "after": ""}])
    for some in chunks(sorted(set(conversations))):
        left = select(Mention.conversation_id).where(
            col(Mention.conversation_id).in_(some), col(Mention.deleted_at).is_(None), ~col(Mention.ours)
        )
        asked = (
            select(Ticket)
            .where(col(Ticket.conversation_id).in_(some), col(Ticket.conversation_id).not_in(left), Ticket.status != "closed")
            .order_by(col(Ticket.id))
            .with_for_update()
        )
        for ticket in session.exec(asked).all():
            change(session, ticket, {"status": "closed", "closed_at": now}, by=PLATFORM, now=now)
