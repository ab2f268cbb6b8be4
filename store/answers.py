"""What keeping a page means for tickets: our own answer was heard, or the customer took everything back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from store.events import change
from store.tables import Conversation, Mention, Ticket
from store.writing import chunks

PLATFORM = "platform"
"""Who changes a ticket when the platform shows that it has been answered or taken back."""


def note_our_answers(session: Session, platform: str, answered: Mapping[str, datetime], now: datetime) -> None:
    """Mark as answered the open tickets of conversations in which we spoke after the customer."""
    for some in chunks(answered):
        asked = (
            select(Ticket, Conversation.native_id)
            .join(Conversation, col(Conversation.id) == Ticket.conversation_id)
            .where(Conversation.platform == platform, col(Conversation.native_id).in_(some), Ticket.status == "open")
        )
        for ticket, native_id in session.exec(asked).all():
            if answered[native_id] > ticket.waiting_since:
                change(session, ticket, {"status": "answered", "answered_at": answered[native_id]}, by=PLATFORM, now=now)


def close_the_deleted(session: Session, conversations: Sequence[int], now: datetime) -> None:
    """Close the tickets of conversations in which nothing of the customer's is left."""
    for some in chunks(set(conversations)):
        left = select(Mention.conversation_id).where(
            col(Mention.conversation_id).in_(some), col(Mention.deleted_at).is_(None), col(Mention.ours).is_(False)
        )
        asked = select(Ticket).where(
            col(Ticket.conversation_id).in_(some), col(Ticket.conversation_id).not_in(left), Ticket.status != "closed"
        )
        for ticket in session.exec(asked).all():
            change(session, ticket, {"status": "closed", "closed_at": now}, by=PLATFORM, now=now)
