"""Erase what was heard: everything of one account, one mention, or what is older than its source's retention (guarantee 11).

What is erased is gone with its earlier wordings, readings, tags, tickets and our answers to it; tombstones keep the next pull
from bringing it back. How much was erased stays in the ledger (`Erasure`), nothing else. On SQLite, `sweep` afterwards leaves no
trace in the file.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, func, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel, col, select

from desk.errors import Vanished
from store import raw, tombstones
from store.outbox import ON_ITS_WAY
from store.removing import Erased, Graves, remove
from store.tables import Author, Delivery, Mention, Quarantine, Ticket, Utc
from store.writing import whole

RETENTION = "retention"
PATIENCE = timedelta(days=7)
"""How long something too old waits to be read and routed before it is erased all the same."""
_PAGES = 500
"""Pages of the full-text index that are written anew at a time."""
_MOVED = 2
"""Changes that a step makes which has moved anything (SQLite's documentation of FTS5, "The 'merge' command")."""


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


def account(session: Session, author_id: int, *, by: str, now: datetime, for_ever: bool = False) -> Erased:
    """Erase all that an account said, and the account; commits. What it says later is heard again, unless *for_ever*.

    Raises Conflict, with nothing erased, while an answer to it is being sent.
    """

    def work() -> Erased:
        author = session.get(Author, author_id, populate_existing=True)
        if author is None:
            raise Vanished("This account is not there (any more)")
        payloads, last = raw.naming(session, author)  # takes long where there are many, so nobody waits yet
        tombstones.hold(session)
        payloads += raw.naming(session, author, after=last)[0]
        tombstones.bury(session, "account", author.platform, author.native_id, None if for_ever else now, now)
        ids = _known(session.exec(select(Mention.id).where(Mention.author_id == author_id)).all())
        done = remove(session, ids, now, Graves(for_ever=for_ever))
        session.execute(delete(Author).where(col(Author.id) == author_id))  # where it had said nothing that was still here
        done = replace(done, accounts=max(done.accounts, 1), quarantined=raw.empty_all(session, payloads, now))
        return _noted(session, done, now, by, "account", author.platform)

    return whole(session, work)


def mention(session: Session, mention_id: int, *, by: str, now: datetime) -> Erased:
    """Erase one mention and our answers to it; commits. Raises Conflict while an answer to it is being sent."""

    def work() -> Erased:
        tombstones.hold(session)
        platform = session.exec(select(Mention.platform).where(Mention.id == mention_id)).first()
        if platform is None:
            raise Vanished(f"There is no mention {mention_id} (any more)")
        return _noted(session, remove(session, [mention_id], now, Graves()), now, by, "mention", platform)

    return whole(session, work)


def outdated(session: Session, source: str, before: datetime, *, by: str, now: datetime, most: int = 500) -> Erased:
    """Erase at most *most* mentions of a source that were last worded before then; commits. Nothing erased: nothing is left.

    What belongs to an open ticket, or to an answer on its way, stays until that is done, and what nobody has read and routed for
    `PATIENCE`. What customers said needs no tombstones: `mentions.keep` refuses what is as old.
    """

    def work() -> Erased:
        tombstones.hold(session)
        asked = select(Mention.id).where(_outdated(source, before, now)).order_by(col(Mention.id)).limit(most)
        ids = _known(session.exec(asked).all())
        payloads = raw.empty(session, (col(Quarantine.source) == source) & (col(Quarantine.heard_at) < before), now)
        done = remove(session, ids, now, Graves(theirs=False)) + Erased(quarantined=payloads)
        if done == Erased():
            session.rollback()
            return done
        return _noted(session, done, now, by, RETENTION, source)

    return whole(session, work)


def count_outdated(session: Session, source: str, before: datetime, now: datetime) -> int:
    """Return how many mentions and raw payloads `outdated` would erase; younger answers of ours to them come on top."""
    payloads = select(func.count()).select_from(Quarantine)
    payloads = payloads.where(Quarantine.source == source, Quarantine.heard_at < before, Quarantine.raw != b"")
    return _count(session, _outdated(source, before, now)) + session.exec(payloads).one()


def count_spared(session: Session, source: str, before: datetime, now: datetime) -> int:
    """Return how many mentions are as old, and stay because their ticket is open or an answer is on its way."""
    return _count(session, _old(source, before)) - _count(session, _outdated(source, before, now))


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(Mention).where(which)).one()


def sources(session: Session) -> list[str]:
    """Return every source of which something is stored, also those that are configured no longer."""
    heard = session.exec(select(Mention.source).distinct())
    return sorted({*heard, *session.exec(select(Quarantine.source).distinct())})


def erasures(session: Session, limit: int = 100) -> list[Erasure]:
    """Return what was erased, the newest first."""
    return list(session.exec(select(Erasure).order_by(col(Erasure.id).desc()).limit(limit)))


def sweep(engine: Engine) -> bool:
    """Leave nothing of what was erased in a SQLite file: in its full-text index, its free pages, or its log.

    False where somebody keeps the file busy: the next erasure does it then. PostgreSQL's vacuum does it by itself, in time.
    """
    if engine.dialect.name != "sqlite":
        return True
    pages = -_PAGES  # a negative number begins to write the whole index anew, a positive one goes on
    try:
        while _merged(engine, pages):
            pages = _PAGES
        with closing(engine.raw_connection()) as connection:  # past SQLAlchemy: a checkpoint is no part of a transaction
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except (OperationalError, sqlite3.OperationalError):
        return False
    return not busy


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


def _outdated(source: str, before: datetime, now: datetime) -> ColumnElement[bool]:
    owed = select(Ticket.conversation_id).where(Ticket.status == "open")
    answered = select(Delivery.conversation_id).where(col(Delivery.state).in_(ON_ITS_WAY))
    seen = col(Mention.routed_at).is_not(None) | (col(Mention.heard_at) < now - PATIENCE)
    conversation = col(Mention.conversation_id)
    return _old(source, before) & seen & conversation.not_in(owed) & conversation.not_in(answered)


def _old(source: str, before: datetime) -> ColumnElement[bool]:
    last_worded = func.coalesce(Mention.edited_at, Mention.said_at)
    return (col(Mention.source) == source) & (col(Mention.said_at) < before) & (last_worded < before)
