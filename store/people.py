"""People as the desk knows them: find an account, and everything that is stored about it (for the person, Art. 15 GDPR)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, SQLModel, col, select

from store import raw
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
)
from store.writing import chunks

_HANDS = ("claimed_by", "claimed_until")


def accounts(session: Session, name: str, platform: str = "") -> list[Author]:
    """Return accounts whose id, handle or name is *name* (capitals and a leading @ do not count), on one platform or all.

    On one platform an id means that account alone, whoever else is called so.
    """
    plain = name.strip().removeprefix("@").strip()
    if not plain:
        return []
    asked = select(Author).order_by(Author.platform, col(Author.id))
    asked = asked.where(Author.platform == platform) if platform else asked
    if platform and (exactly := session.exec(asked.where(Author.native_id == name.strip())).all()):
        return list(exactly)
    ways = {plain, plain.lower(), plain.title()}  # SQLite's lower() leaves "Ö" as it is
    wanted = {*ways, *(f"@{way}" for way in ways)}
    columns = (Author.handle, Author.name, Author.native_id)
    same = [way for column in columns for way in (col(column).in_(wanted), func.lower(column).in_(wanted))]
    return list(session.exec(asked.where(or_(*same))))


def author_of(session: Session, mention_id: int) -> Author | None:
    """Return who said a mention; None where there is no such mention, or its platform does not say."""
    asked = select(Author).join(Mention, col(Mention.author_id) == Author.id).where(Mention.id == mention_id)
    return session.exec(asked).first()


@dataclass(frozen=True)
class Known:
    """How much of an account is stored, and since when it is known to speak."""

    author_id: int
    native_id: str
    mentions: int
    first_at: datetime


def known(session: Session, author_id: int) -> Known | None:
    """Return how much of an account is stored; None where nothing of it is."""
    author = session.get(Author, author_id)
    asked = select(func.count(), func.min(Mention.said_at)).where(Mention.author_id == author_id)
    mentions, first_at = session.exec(asked).one()
    return Known(author_id, author.native_id, mentions, first_at) if author and mentions else None


def everything(session: Session, author_id: int) -> dict[str, Any]:
    """Return all that is stored about an account, ready for JSON: its words, what was made of them, our answers.

    Tickets are those of its mentions; what others said in the same conversations is not told.
    """
    author = session.get_one(Author, author_id)
    asked = select(Mention).where(Mention.author_id == author_id).order_by(col(Mention.said_at), col(Mention.id))
    said = list(session.exec(asked))
    ids, conversations = [one.id or 0 for one in said], sorted({one.conversation_id for one in said})
    tickets = _of(session, Ticket, Ticket.mention_id, ids)
    events = _of(session, TicketEvent, TicketEvent.ticket_id, [one.id or 0 for one in tickets])
    payloads = _of(session, Quarantine, Quarantine.id, raw.naming(session, author)[0])
    return {
        "account": _plain(author),
        "mentions": _mentions(session, said, ids),
        "conversations": [_plain(one) for one in _of(session, Conversation, Conversation.id, conversations)],
        "tickets": [_plain(one, "version") for one in tickets],
        "history": [_plain(one) for one in events],
        "answers": [_plain(one, "key", *_HANDS) for one in _of(session, Delivery, Delivery.mention_id, ids)],
        "answers_heard": [_plain(one, "search", *_HANDS) for one in _answers(session, said)],
        "not_understood": [_plain(one, "raw") | {"raw": one.raw.decode("utf-8", "replace")} for one in payloads],
    }


def _mentions(session: Session, said: list[Mention], ids: list[int]) -> list[dict[str, Any]]:
    """Return what somebody said, each with what it said before and what was made of it."""
    parts = {"before": MentionVersion, "statements": Tag, "readings": Reading, "routings": Routing}
    found = {name: _by(session, kind, ids) for name, kind in parts.items()}
    return [
        _plain(one, "search", "author_id", *_HANDS)
        | {name: [_plain(row, "mention_id", "embedding") for row in rows.get(one.id or 0, ())] for name, rows in found.items()}
        for one in said
    ]


def _answers(session: Session, said: list[Mention]) -> list[Mention]:
    """Return what we said to these mentions, as their platforms show it."""
    parents = {(one.conversation_id, one.native_id) for one in said}
    ours = _of(session, Mention, Mention.conversation_id, sorted({one.conversation_id for one in said}), col(Mention.ours))
    return [one for one in ours if (one.conversation_id, one.parent) in parents]


def _by(session: Session, kind: Any, ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in _of(session, kind, kind.mention_id, ids):
        found.setdefault(row.mention_id, []).append(row)
    return found


def _of(session: Session, kind: Any, column: Any, keys: list[int], *more: Any) -> list[Any]:
    asked = select(kind).where(*more).order_by(kind.id)
    return [row for some in chunks(keys) for row in session.exec(asked.where(col(column).in_(some)))]


def _plain(row: SQLModel, *without: str) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude=set(without))
