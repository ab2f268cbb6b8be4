"""Erase what was heard: everything of one account, one mention, or what is older than its source's retention (guarantee 11).

What is erased is gone with its earlier wordings, readings, tags, tickets and our answers to it; tombstones keep the next pull
from bringing it back. How much was erased stays in the ledger (`Erasure`), nothing else. On SQLite, `sweep` afterwards leaves no
trace in the file.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, func, text
from sqlmodel import Field, Session, SQLModel, col, select

from desk.errors import Conflict, KummerkastenError
from store import tombstones
from store.events import change
from store.outbox import ON_ITS_WAY
from store.tables import (
    Author,
    Conversation,
    Delivery,
    Mention,
    MentionVersion,
    Quarantine,
    Reading,
    Routing,
    Tag,
    Ticket,
    TicketEvent,
    Utc,
)
from store.tags import lock
from store.writing import affected, chunks, whole

BY = "erasure"
"""Who changes a ticket that waited for what was erased."""
RETENTION = "retention"
_PAGES = 500
"""Pages of the full-text index that are written anew at a time."""
_MOVED = 2
"""Changes that a step makes which has moved anything (SQLite's documentation of FTS5, "The 'merge' command")."""
_SHORTEST = 4
"""Signs that an id or a handle has at least to be looked for in raw payloads: "12" stands in every other one."""


class Erasure(SQLModel, table=True):
    """That something was erased, when, by whom and how much: no word and no id of it."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    by: str
    what: str
    """account, mention or retention."""
    of: str
    """The platform; of retention, the source."""
    mentions: int = 0
    answers: int = 0
    conversations: int = 0
    accounts: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Erased:
    """How much was erased; ``answers`` are our own, ``quarantined`` raw payloads that named the account."""

    mentions: int = 0
    answers: int = 0
    conversations: int = 0
    accounts: int = 0
    quarantined: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def account(session: Session, author_id: int, *, by: str, now: datetime, for_ever: bool = False) -> Erased:
    """Erase all that an account said, and the account; commits. What it says later is heard again, unless *for_ever*.

    Raises Conflict, with nothing erased, while an answer to it is being sent.
    """

    def work() -> Erased:
        tombstones.hold(session)
        author = session.get(Author, author_id, populate_existing=True)
        if author is None:
            raise KummerkastenError("This account is not there (any more)")
        until = None if for_ever else now
        tombstones.bury(session, "account", author.platform, author.native_id, until, now)
        ids = list(session.exec(select(Mention.id).where(Mention.author_id == author_id)))
        quarantined = _forget_raw(session, author)
        done = _erase(session, _known(ids), now, bury=True) + Erased(quarantined=quarantined)
        if session.exec(select(Author.id).where(Author.id == author_id)).first():  # it had said nothing that is still here
            session.execute(delete(Author).where(col(Author.id) == author_id))
            done += Erased(accounts=1)
        return _noted(session, done, now, by, "account", author.platform)

    return whole(session, work)


def mention(session: Session, mention_id: int, *, by: str, now: datetime) -> Erased:
    """Erase one mention and our answers to it; commits. Raises Conflict while an answer to it is being sent."""

    def work() -> Erased:
        tombstones.hold(session)
        platform = session.exec(select(Mention.platform).where(Mention.id == mention_id)).first()
        if platform is None:
            raise KummerkastenError(f"There is no mention {mention_id} (any more)")
        return _noted(session, _erase(session, [mention_id], now, bury=True), now, by, "mention", platform)

    return whole(session, work)


def outdated(session: Session, source: str, before: datetime, *, by: str, now: datetime, most: int = 500) -> Erased:
    """Erase at most *most* mentions of a source that were last worded before then; commits. Nothing erased: nothing is left.

    What belongs to an open ticket, or to an answer on its way, stays until that is done. No tombstones are needed:
    `mentions.keep` refuses what is as old.
    """

    def work() -> Erased:
        tombstones.hold(session)
        ids = session.exec(select(Mention.id).where(_outdated(source, before)).order_by(col(Mention.id)).limit(most))
        raw = delete(Quarantine).where(col(Quarantine.source) == source, col(Quarantine.heard_at) < before)
        done = _erase(session, _known(ids), now, bury=False) + Erased(quarantined=affected(session.execute(raw)))
        if done == Erased():
            session.rollback()
            return done
        return _noted(session, done, now, by, RETENTION, source)

    return whole(session, work)


def count_outdated(session: Session, source: str, before: datetime) -> int:
    """Return how many mentions, ours among them, and raw payloads `outdated` would erase."""
    said = select(func.count()).select_from(Mention).where(_outdated(source, before))
    raw = select(func.count()).select_from(Quarantine).where(Quarantine.source == source, Quarantine.heard_at < before)
    return session.exec(said).one() + session.exec(raw).one()


def count_spared(session: Session, source: str, before: datetime) -> int:
    """Return how many mentions are as old, and stay because their ticket is open or an answer is on its way."""
    old = select(func.count()).select_from(Mention).where(_old(source, before))
    return (
        session.exec(old).one() - session.exec(select(func.count()).select_from(Mention).where(_outdated(source, before))).one()
    )


def sources(session: Session) -> list[str]:
    """Return every source of which something is stored, also those that are configured no longer."""
    heard = session.exec(select(Mention.source).distinct())
    return sorted({*heard, *session.exec(select(Quarantine.source).distinct())})


def erasures(session: Session, limit: int = 100) -> list[Erasure]:
    """Return what was erased, the newest first."""
    return list(session.exec(select(Erasure).order_by(col(Erasure.id).desc()).limit(limit)))


def sweep(engine: Engine) -> None:
    """Leave nothing of what was erased in a SQLite file: in its full-text index, its free pages, or its log.

    PostgreSQL's vacuum does that by itself, in time.
    """
    if engine.dialect.name != "sqlite":
        return
    pages = -_PAGES  # a negative number begins to write the whole index anew, a positive one goes on
    while _merged(engine, pages):
        pages = _PAGES
    with closing(engine.raw_connection()) as connection:  # past SQLAlchemy: a checkpoint is no part of a transaction
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _merged(engine: Engine, pages: int) -> bool:
    """Write some pages of the full-text index anew, in a transaction of their own: nobody waits long. False: nothing was left."""
    with engine.begin() as connection:
        before = connection.execute(text("SELECT total_changes()")).scalar_one()
        connection.execute(text("INSERT INTO mention_search(mention_search, rank) VALUES ('merge', :pages)"), {"pages": pages})
        return bool(connection.execute(text("SELECT total_changes()")).scalar_one() - before >= _MOVED)


def _known(ids: Iterable[int | None]) -> list[int]:
    return [one for one in ids if one is not None]


def _noted(session: Session, done: Erased, now: datetime, by: str, what: str, of: str) -> Erased:
    session.add(Erasure(at=now, by=by, what=what, of=of, **asdict(done)))
    session.commit()
    return done


def _outdated(source: str, before: datetime) -> ColumnElement[bool]:
    owed = select(Ticket.conversation_id).where(Ticket.status == "open")
    answered = select(Delivery.conversation_id).where(col(Delivery.state).in_(ON_ITS_WAY))
    conversation = col(Mention.conversation_id)
    return _old(source, before) & conversation.not_in(owed) & conversation.not_in(answered)


def _old(source: str, before: datetime) -> ColumnElement[bool]:
    last_worded = func.coalesce(Mention.edited_at, Mention.said_at)
    return (col(Mention.source) == source) & (col(Mention.said_at) < before) & (last_worded < before)


def _erase(session: Session, ids: Sequence[int], now: datetime, *, bury: bool) -> Erased:
    """Erase mentions, what we answered to them, and conversations in which nobody but us has said anything then."""
    gone = _rows(session, col(Mention.id), ids)
    gone |= {key: row for key, row in _answers_to(session, gone.values()).items() if key not in gone}
    emptied = _emptied(session, gone)
    gone |= _rows(session, col(Mention.conversation_id), [one.id for one in emptied])
    _keep_off(session, list(gone), [one.id for one in emptied], now)
    for some in chunks(sorted(gone)):
        lock(session, some)  # a tagger may have some of them in hand
    if bury:
        for row in gone.values():
            tombstones.bury(session, "mention", row.platform, row.native_id, None, now)
        for one in emptied:
            tombstones.bury(session, "conversation", one.platform, one.native_id, now, now)
    _drop_tickets(session, [one.id for one in emptied])
    _redirect_tickets(session, gone, now)
    for some in chunks(gone):
        session.execute(delete(Delivery).where(col(Delivery.mention_id).in_(some)))
        for kind in (Tag, Reading, Routing, MentionVersion):
            session.execute(delete(kind).where(col(kind.mention_id).in_(some)))
        session.execute(delete(Mention).where(col(Mention.id).in_(some)))
    for some in chunks(one.id for one in emptied):
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


def _answers_to(session: Session, gone: Iterable[Any]) -> dict[int, Any]:
    """Return what we said to mentions: it is about them, and names who said them."""
    by_conversation: dict[int, set[str]] = {}
    for row in gone:
        by_conversation.setdefault(row.conversation_id, set()).add(row.native_id)
    found: list[int] = []
    for some in chunks(by_conversation):
        asked = select(Mention.id, Mention.conversation_id, Mention.parent).where(col(Mention.ours))
        for key, conversation, parent in session.exec(asked.where(col(Mention.conversation_id).in_(some))):
            if key is not None and parent in by_conversation[conversation]:
                found.append(key)
    return _rows(session, col(Mention.id), found)


def _emptied(session: Session, gone: dict[int, Any]) -> list[Any]:
    """Return the conversations of which nothing that others said is left without these mentions."""
    touched = {row.conversation_id for row in gone.values()}
    left: set[int] = set()
    for some in chunks(sorted(touched)):
        asked = select(Mention.id, Mention.conversation_id).where(col(Mention.conversation_id).in_(some), ~col(Mention.ours))
        left |= {conversation for key, conversation in session.exec(asked) if key not in gone}
    found: list[Any] = []
    for some in chunks(sorted(touched - left)):
        names = select(Conversation.id, Conversation.platform, Conversation.native_id)
        found += session.execute(names.where(col(Conversation.id).in_(some))).all()
    return found


def _keep_off(session: Session, ids: Sequence[int], conversations: Sequence[int], now: datetime) -> None:
    """Raise Conflict while an answer is being sent that would be erased: what becomes of it has to be noted first."""
    sending = (col(Delivery.state) == "sending") & (col(Delivery.claimed_until) > now)
    for column, keys in ((Delivery.mention_id, ids), (Delivery.conversation_id, conversations)):
        for some in chunks(keys):
            if session.exec(select(Delivery.id).where(sending, col(column).in_(some)).with_for_update()).first():
                session.rollback()
                raise Conflict("An answer is being sent right now to what shall be erased. Try again in a few minutes")


def _drop_tickets(session: Session, conversations: Sequence[int]) -> None:
    for some in chunks(conversations):
        mine = select(Ticket.id).where(col(Ticket.conversation_id).in_(some))
        session.execute(delete(TicketEvent).where(col(TicketEvent.ticket_id).in_(mine)))
        session.execute(delete(Ticket).where(col(Ticket.conversation_id).in_(some)))
        session.execute(delete(Delivery).where(col(Delivery.conversation_id).in_(some)))


def _redirect_tickets(session: Session, gone: dict[int, Any], now: datetime) -> None:
    """Let tickets wait for what else in their conversation waits; close those where nothing does."""
    for some in chunks(gone):
        for ticket in session.exec(select(Ticket).where(col(Ticket.mention_id).in_(some)).with_for_update()).all():
            change(session, ticket, _next_for(session, ticket, gone, now), by=BY, now=now)


def _next_for(session: Session, ticket: Ticket, gone: dict[int, Any], now: datetime) -> dict[str, Any]:
    """Return what becomes of a ticket whose mention goes: the first that asked since our last answer, or else its end."""
    asked = (
        select(Mention).where(Mention.conversation_id == ticket.conversation_id).order_by(col(Mention.said_at), col(Mention.id))
    )
    left = [one for one in session.exec(asked) if one.id not in gone]
    theirs = [one for one in left if not one.ours]
    if ticket.status != "open":
        return {"mention_id": theirs[-1].id}
    answered_at = max((one.said_at for one in left if one.ours), default=None)
    wanted = set(
        session.exec(select(Routing.mention_id).where(col(Routing.mention_id).in_([one.id for one in theirs]), Routing.answer))
    )
    for one in theirs:
        if one.id in wanted and not one.deleted_at and (answered_at is None or one.said_at > answered_at):
            return {"mention_id": one.id, "waiting_since": one.said_at}
    return {"mention_id": theirs[-1].id, "status": "closed", "closed_at": now}


def _drop_authors(session: Session, authors: Iterable[int]) -> int:
    """Drop accounts of which nothing is left; return how many."""
    dropped = 0
    for some in chunks(sorted(authors)):
        still = select(Mention.author_id).where(col(Mention.author_id).in_(some))
        dropped += affected(session.execute(delete(Author).where(col(Author.id).in_(some), col(Author.id).not_in(still))))
    return dropped


def _forget_raw(session: Session, author: Author) -> int:
    """Drop raw payloads that name the account; return how many."""
    names = {name for name in (author.native_id, author.handle) if len(name) >= _SHORTEST}
    needles = [name.encode() for name in names] + [ascii(name)[1:-1].encode() for name in names if not name.isascii()]
    asked = select(Quarantine.id, Quarantine.raw).execution_options(yield_per=200)
    found = _known(key for key, raw in session.exec(asked) if any(needle in raw for needle in needles))
    for some in chunks(found):
        session.execute(delete(Quarantine).where(col(Quarantine.id).in_(some)))
    return len(found)
