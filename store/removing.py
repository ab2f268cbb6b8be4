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
_PRIVATE = ("dm", "email", "review", "survey")
"""Kinds of mentions of which a conversation has one person and us."""


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
    touched = _conversations(session, ids)
    deliveries = _deliveries(session, touched, now)  # first of all: what a sender has just stored is seen then
    gone, emptied = _fates(session, touched, set(ids), deliveries)
    for some in chunks(sorted(gone)):
        lock(session, some)  # a tagger may have some of them in hand, or somebody answers one just now
    deliveries = _deliveries(session, touched, now)
    doomed = _doomed(deliveries, gone, emptied)
    _bury(session, gone, touched, emptied, doomed, now, graves)
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


def _conversations(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return platform and native id of the conversations that mentions belong to, by their ids."""
    found: dict[int, tuple[str, str]] = {}
    for some in chunks(ids):
        asked = select(Conversation.id, Conversation.platform, Conversation.native_id)
        asked = asked.join(Mention, col(Mention.conversation_id) == Conversation.id).where(col(Mention.id).in_(some)).distinct()
        found |= {key or 0: (platform, native_id) for key, platform, native_id in session.exec(asked)}
    return found


def _deliveries(session: Session, conversations: Iterable[int], now: datetime) -> list[Any]:
    """Return all deliveries to conversations, and let no sender begin with one; raises Conflict where one has begun."""
    columns = (Delivery.id, Delivery.state, Delivery.claimed_until, Delivery.mention_id, Delivery.conversation_id)
    found: list[Any] = []
    for some in chunks(sorted(conversations)):
        asked = select(*columns, Delivery.platform, Delivery.native_id).where(col(Delivery.conversation_id).in_(some))  # type: ignore[call-overload]
        found += session.execute(asked.order_by(col(Delivery.id)).with_for_update()).all()
    if any(one.state == "sending" and one.claimed_until and one.claimed_until > now for one in found):
        session.rollback()
        raise Conflict("An answer is being sent right now to what shall be erased. Try again in a few minutes")
    return found


def _fates(
    session: Session, touched: Mapping[int, tuple[str, str]], ids: set[int], deliveries: Iterable[Any]
) -> tuple[dict[int, Any], set[int]]:
    """Return all mentions that go, by their ids, and the conversations that go with them."""
    answered = {(one.conversation_id, one.native_id): one.mention_id for one in deliveries if one.native_id}
    gone: dict[int, Any] = {}
    emptied: set[int] = set()
    columns = (
        *(Mention.id, Mention.platform, Mention.native_id, Mention.conversation_id, Mention.author_id, Mention.ours),
        *(Mention.parent, Mention.said_at, Mention.kind),
    )
    for conversation, (_, root) in touched.items():
        asked = select(*columns).where(col(Mention.conversation_id) == conversation)  # type: ignore[call-overload]
        rows = session.execute(asked.order_by(col(Mention.said_at), col(Mention.id))).all()
        sent = {native_id: to for (where, native_id), to in answered.items() if where == conversation}
        going, whole = _fate(rows, root, ids, sent)
        gone |= {row.id: row for row in rows if row.id in going}
        emptied |= {conversation} if whole else set()
    return gone, emptied


def _fate(rows: Sequence[Any], root: str, ids: set[int], sent: Mapping[str, int]) -> tuple[set[int], bool]:
    """Return which mentions of a conversation go with *ids*, and whether it goes whole. *sent* is what our answers were to.

    Where nobody else has spoken all of it goes, but for a post of ours below which somebody commented in public.
    Else our answers to what goes: as the outbox knows, or by what they stand below. On many platforms that is the first
    post, whoever is answered; then only what we said before anybody else spoke is certainly no answer to another.
    """
    going = {row.id for row in rows if row.id in ids}
    others = [row for row in rows if not row.ours and row.id not in going]
    if not others:
        first = min(row.said_at for row in rows if row.id in going)
        private = all(row.kind in _PRIVATE for row in rows)
        before = {row.id for row in rows if row.ours and row.said_at < first and not private}
        return {row.id for row in rows} - before, not before
    names = {row.native_id for row in rows if row.id in going}
    roots = {root, rows[0].native_id}
    more = True
    while more:
        more = False
        for row in rows:
            if not row.ours or row.id in going:
                continue
            alone = not any(other.said_at < row.said_at for other in others)
            below = row.parent in names and (row.parent not in roots or alone)
            if sent[row.native_id] in going if row.native_id in sent else below:
                going.add(row.id)
                names.add(row.native_id)
                more = True
    return going, False


def _doomed(deliveries: Iterable[Any], gone: Mapping[int, Any], emptied: set[int]) -> list[Any]:
    """Return which answers in the outbox go too: those to what goes, in what goes, and what goes as the platform has it."""
    ours = {(row.platform, row.native_id) for row in gone.values() if row.ours}
    return [
        one
        for one in deliveries
        if one.mention_id in gone or one.conversation_id in emptied or (one.platform, one.native_id) in ours
    ]


def _bury(
    session: Session,
    gone: Mapping[int, Any],
    touched: Mapping[int, tuple[str, str]],
    emptied: set[int],
    doomed: Iterable[Any],
    now: datetime,
    graves: Graves,
) -> None:
    names = {(row.platform, row.native_id) for row in gone.values() if graves.theirs or row.ours}
    names |= {(one.platform, one.native_id) for one in doomed if one.native_id}
    tombstones.bury_mentions(session, sorted(names), now)
    public = {row.conversation_id for row in gone.values() if row.kind not in _PRIVATE}  # others may speak there one day
    for one in sorted(emptied):
        until = None if graves.for_ever and one not in public else now
        tombstones.bury(session, "conversation", *touched[one], until, now)


def _settle_tickets(session: Session, gone: Mapping[int, Any], emptied: set[int], now: datetime) -> None:
    for some in chunks(sorted(emptied)):
        _drop_tickets(session, col(Ticket.conversation_id).in_(some))
    for some in chunks(sorted(gone)):
        for ticket in session.exec(select(Ticket).where(col(Ticket.mention_id).in_(some)).with_for_update()).all():
            _settle_ticket(session, ticket, gone, now)


def _settle_ticket(session: Session, ticket: Ticket, gone: Mapping[int, Any], now: datetime) -> None:
    """Let a ticket be about something else of its conversation: what a person has taken over, and what has ended.

    What rules opened is dropped, and they decide anew about all that came since it last ended: its team and deadline were about
    what goes.
    """
    ended_at = _ended_at(session, ticket)
    theirs = [(one.id, _seen_at(one)) for one in session.exec(_others(ticket)) if one.id not in gone]
    if ticket.status == "open" and not ticket.manual:
        _drop_tickets(session, col(Ticket.id) == ticket.id)
        again = [key for key, seen_at in theirs if ended_at is None or seen_at > ended_at]
        for some in chunks(key for key in again if key is not None):
            mine = update(Mention).where(col(Mention.id).in_(some), col(Mention.read_at).is_not(None))
            session.execute(mine.values(routed_at=None, claimed_by=None, claimed_until=None))
        return
    open_ = ticket.status == "open"
    left = [(seen_at, key) for key, seen_at in theirs if open_ or (ended_at is not None and seen_at <= ended_at)]
    if left:
        change(session, ticket, {"mention_id": max(left)[1], "topic": ""}, by=BY, now=now)
    else:
        _drop_tickets(session, col(Ticket.id) == ticket.id)


def _others(ticket: Ticket) -> Any:
    """Return the statement for what customers said in a ticket's conversation and still stands."""
    mine = (Mention.conversation_id == ticket.conversation_id, ~col(Mention.ours), col(Mention.deleted_at).is_(None))
    return select(Mention.id, Mention.said_at, Mention.heard_at, Mention.edited_at).where(*mine)


def _seen_at(one: Any) -> datetime:
    """Return when the present words of a mention were first here."""
    found: datetime = max(one.heard_at, one.said_at, one.edited_at or one.said_at)
    return found


def _ended_at(session: Session, ticket: Ticket) -> datetime | None:
    """Return when a ticket ended last: the moment it bears, or the last that its history knows; None where it never did."""
    if ticket.status != "open":
        return (ticket.closed_at if ticket.status == "closed" else ticket.answered_at) or ticket.updated_at
    ends = select(func.max(TicketEvent.at)).where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.what == "status", col(TicketEvent.after).in_(("answered", "closed"))
    )
    return session.exec(ends).one()


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
