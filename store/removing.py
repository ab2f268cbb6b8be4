"""Take mentions out of the database with all that hangs on them: the one place where rows of what was heard are deleted.

With a mention go its earlier wordings, readings, tags, routings, what we answered to it (which speaks to whoever said it), and
the whole conversation with its ticket where nobody but us has said anything else in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from desk.errors import Conflict
from store import tombstones
from store.events import change
from store.tables import Author, Conversation, Delivery, Mention, MentionVersion, Reading, Routing, Tag, Ticket, TicketEvent
from store.tags import lock
from store.writing import affected, chunks

BY = "erasure"
"""Who changes a ticket that was about what is erased."""


@dataclass(frozen=True)
class Erased:
    """How much was erased; ``answers`` are our own, ``quarantined`` raw payloads."""

    mentions: int = 0
    answers: int = 0
    conversations: int = 0
    accounts: int = 0
    quarantined: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Graves:
    """What must not come back: *theirs*, or (where time keeps it off) only what we said; for ever, or until now."""

    theirs: bool = True
    for_ever: bool = False


def remove(session: Session, ids: Sequence[int], now: datetime, graves: Graves) -> Erased:
    """Delete mentions within the caller's transaction, which holds `tombstones.hold`; return how much went.

    Raises Conflict, with nothing deleted, while an answer is being sent to one of their conversations.
    """
    deliveries = _deliveries(session, {row.conversation_id for row in _rows(session, col(Mention.id), ids).values()}, now)
    gone = _rows(session, col(Mention.id), ids)
    gone |= _answers_to(session, gone, deliveries)
    emptied = _emptied(session, gone)
    gone |= _rows(session, col(Mention.conversation_id), emptied)
    for some in chunks(sorted(gone)):
        lock(session, some)  # a tagger may have some of them in hand
    doomed = _doomed(deliveries, gone, emptied)
    _bury(session, gone, emptied, doomed, now, graves)
    _settle_tickets(session, gone, emptied, now)
    for some in chunks(one.id for one in doomed):
        session.execute(delete(Delivery).where(col(Delivery.id).in_(some)))
    for some in chunks(sorted(gone)):
        for kind in (Tag, Reading, Routing, MentionVersion):
            session.execute(delete(kind).where(col(kind.mention_id).in_(some)))
        session.execute(delete(Mention).where(col(Mention.id).in_(some)))
    for some in chunks(sorted(emptied)):
        session.execute(delete(Conversation).where(col(Conversation.id).in_(some)))
    _drop_authors(session, {row.author_id for row in gone.values() if row.author_id and row.ours})
    accounts = _drop_authors(session, {row.author_id for row in gone.values() if row.author_id and not row.ours})
    ours = sum(row.ours for row in gone.values())
    return Erased(len(gone) - ours, ours, len(emptied), accounts)


def _rows(session: Session, column: Any, keys: Iterable[int]) -> dict[int, Any]:
    """Return what is needed of mentions, by their ids."""
    columns = (Mention.id, Mention.platform, Mention.native_id, Mention.conversation_id, Mention.author_id, Mention.ours)
    found: dict[int, Any] = {}
    for some in chunks(keys):
        found |= {row.id: row for row in session.execute(select(*columns).where(column.in_(some)))}  # type: ignore[call-overload]
    return found


def _deliveries(session: Session, conversations: Iterable[int], now: datetime) -> list[Any]:
    """Return all deliveries to conversations, and let no sender begin with one; raises Conflict where one has begun.

    This comes before anything else is looked at: what a sender has just stored is seen then.
    """
    columns = (Delivery.id, Delivery.state, Delivery.claimed_until, Delivery.mention_id, Delivery.conversation_id)
    found: list[Any] = []
    for some in chunks(sorted(conversations)):
        asked = select(*columns, Delivery.platform, Delivery.native_id).where(col(Delivery.conversation_id).in_(some))  # type: ignore[call-overload]
        found += session.execute(asked.order_by(col(Delivery.id)).with_for_update()).all()
    if any(one.state == "sending" and one.claimed_until and one.claimed_until > now for one in found):
        session.rollback()
        raise Conflict("An answer is being sent right now to what shall be erased. Try again in a few minutes")
    return found


def _answers_to(session: Session, gone: Mapping[int, Any], deliveries: Iterable[Any]) -> dict[int, Any]:
    """Return what we said to mentions, as the platform shows it or as our outbox remembers it."""
    said: dict[int, set[str]] = {}
    for row in gone.values():
        said.setdefault(row.conversation_id, set()).add(row.native_id)
    sent = {(one.conversation_id, one.native_id) for one in deliveries if one.mention_id in gone}
    found: list[int] = []
    for some in chunks(sorted(said)):
        asked = select(Mention.id, Mention.conversation_id, Mention.parent, Mention.native_id).where(col(Mention.ours))
        for key, conversation, parent, native_id in session.exec(asked.where(col(Mention.conversation_id).in_(some))):
            if key is not None and (parent in said[conversation] or (conversation, native_id) in sent):
                found.append(key)
    return _rows(session, col(Mention.id), found)


def _emptied(session: Session, gone: Mapping[int, Any]) -> set[int]:
    """Return the conversations of which nothing that others said is left without these mentions."""
    touched = {row.conversation_id for row in gone.values()}
    left: set[int] = set()
    for some in chunks(sorted(touched)):
        asked = select(Mention.id, Mention.conversation_id).where(col(Mention.conversation_id).in_(some), ~col(Mention.ours))
        left |= {conversation for key, conversation in session.exec(asked) if key not in gone}
    return touched - left


def _doomed(deliveries: Iterable[Any], gone: Mapping[int, Any], emptied: set[int]) -> list[Any]:
    """Return which answers in the outbox go too: those to what goes, in what goes, and what goes as the platform has it."""
    ours = {(row.platform, row.native_id) for row in gone.values() if row.ours}
    return [
        one
        for one in deliveries
        if one.mention_id in gone or one.conversation_id in emptied or (one.platform, one.native_id) in ours
    ]


def _bury(
    session: Session, gone: Mapping[int, Any], emptied: set[int], doomed: Iterable[Any], now: datetime, graves: Graves
) -> None:
    names = {(row.platform, row.native_id) for row in gone.values() if graves.theirs or row.ours}
    names |= {(one.platform, one.native_id) for one in doomed if one.native_id}
    tombstones.bury_mentions(session, sorted(names), now)
    for some in chunks(sorted(emptied)):
        asked = select(Conversation.platform, Conversation.native_id).where(col(Conversation.id).in_(some))
        for platform, native_id in session.exec(asked).all():
            tombstones.bury(session, "conversation", platform, native_id, None if graves.for_ever else now, now)


def _settle_tickets(session: Session, gone: Mapping[int, Any], emptied: set[int], now: datetime) -> None:
    for some in chunks(sorted(emptied)):
        _drop_tickets(session, col(Ticket.conversation_id).in_(some))
    for some in chunks(sorted(gone)):
        for ticket in session.exec(select(Ticket).where(col(Ticket.mention_id).in_(some)).with_for_update()).all():
            if ticket.status == "open":
                _route_again(session, ticket)
            else:
                _point_elsewhere(session, ticket, gone, now)


def _route_again(session: Session, ticket: Ticket) -> None:
    """Let the rules decide anew about whatever else waited with this ticket: its team and deadline were about what goes."""
    waited = (col(Mention.conversation_id) == ticket.conversation_id, col(Mention.said_at) >= ticket.waiting_since)
    theirs = (~col(Mention.ours), col(Mention.read_at).is_not(None), col(Mention.deleted_at).is_(None))
    _drop_tickets(session, col(Ticket.id) == ticket.id)
    session.execute(update(Mention).where(*waited, *theirs).values(routed_at=None, claimed_by=None, claimed_until=None))


def _point_elsewhere(session: Session, ticket: Ticket, gone: Mapping[int, Any], now: datetime) -> None:
    """Let a ticket that has ended be about something else that rules have seen, so that what comes later still reopens it."""
    seen = (
        select(func.max(Routing.id), Routing.mention_id)
        .join(Mention, col(Mention.id) == Routing.mention_id)
        .where(Mention.conversation_id == ticket.conversation_id, ~col(Mention.ours))
        .group_by(col(Routing.mention_id))
    )
    left = [(last, mention_id) for last, mention_id in session.execute(seen).tuples() if mention_id not in gone]
    if left:
        change(session, ticket, {"mention_id": max(left)[1]}, by=BY, now=now)
    else:
        _drop_tickets(session, col(Ticket.id) == ticket.id)


def _drop_tickets(session: Session, which: Any) -> None:
    session.execute(delete(TicketEvent).where(col(TicketEvent.ticket_id).in_(select(Ticket.id).where(which))))
    session.execute(delete(Ticket).where(which).execution_options(synchronize_session=False))


def _drop_authors(session: Session, authors: Iterable[int]) -> int:
    """Drop accounts of which nothing is left; return how many."""
    dropped = 0
    for some in chunks(sorted(authors)):
        still = select(Mention.author_id).where(col(Mention.author_id).in_(some))
        dropped += affected(session.execute(delete(Author).where(col(Author.id).in_(some), col(Author.id).not_in(still))))
    return dropped
