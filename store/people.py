"""People as the desk knows them: find an account, and everything that is stored about it (for the person, Art. 15 GDPR)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, SQLModel, col, select

from store.tables import Author, Conversation, Delivery, Mention, MentionVersion, Reading, Routing, Tag, Ticket
from store.writing import chunks


def accounts(session: Session, name: str, platform: str = "") -> list[Author]:
    """Return accounts whose id, handle or name is *name* (capitals and a leading @ do not count), on one platform or all."""
    plain = name.strip().removeprefix("@")
    ways = {plain, plain.lower(), plain.title()}  # SQLite's lower() leaves "Ö" as it is
    wanted = {*ways, *(f"@{way}" for way in ways)}
    columns = (Author.handle, Author.name, Author.native_id)
    same = [way for column in columns for way in (col(column).in_(wanted), func.lower(column).in_(wanted))]
    asked = select(Author).where(or_(*same)).order_by(Author.platform, col(Author.id))
    return list(session.exec(asked.where(Author.platform == platform) if platform else asked))


def author_of(session: Session, mention_id: int) -> Author | None:
    """Return who said a mention; None where there is no such mention, or its platform does not say."""
    asked = select(Author).join(Mention, col(Mention.author_id) == Author.id).where(Mention.id == mention_id)
    return session.exec(asked).first()


@dataclass(frozen=True)
class Known:
    """How much of an account is stored, and since when it is known to speak."""

    author_id: int
    mentions: int
    first_at: datetime


def known(session: Session, author_id: int) -> Known | None:
    """Return how much of an account is stored; None where nothing of it is."""
    asked = select(func.count(), func.min(Mention.said_at)).where(Mention.author_id == author_id)
    mentions, first_at = session.exec(asked).one()
    return Known(author_id, mentions, first_at) if mentions else None


def everything(session: Session, author_id: int) -> dict[str, Any]:
    """Return all that is stored about an account, ready for JSON: its words, what was made of them, our answers."""
    author = session.get_one(Author, author_id)
    asked = select(Mention).where(Mention.author_id == author_id).order_by(col(Mention.said_at), col(Mention.id))
    said = list(session.exec(asked))
    ids, conversations = [one.id or 0 for one in said], sorted({one.conversation_id for one in said})
    versions, tags, readings, routings = (_by(session, kind, ids) for kind in (MentionVersion, Tag, Reading, Routing))
    mentions = [
        _plain(one, "search", "claimed_by", "claimed_until", "author_id")
        | {
            "before": [_plain(old, "mention_id") for old in versions.get(one.id or 0, ())],
            "statements": [_plain(tag, "mention_id") for tag in tags.get(one.id or 0, ())],
            "readings": [_plain(reading, "mention_id", "embedding") for reading in readings.get(one.id or 0, ())],
            "routings": [_plain(routing, "mention_id") for routing in routings.get(one.id or 0, ())],
        }
        for one in said
    ]
    answers = _of(session, Delivery, Delivery.mention_id, ids)
    return {
        "account": _plain(author),
        "mentions": mentions,
        "conversations": [_plain(one) for one in _of(session, Conversation, Conversation.id, conversations)],
        "tickets": [_plain(one, "version") for one in _of(session, Ticket, Ticket.conversation_id, conversations)],
        "answers": [_plain(one, "key", "claimed_by", "claimed_until") for one in answers],
    }


def _by(session: Session, kind: Any, ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in _of(session, kind, kind.mention_id, ids):
        found.setdefault(row.mention_id, []).append(row)
    return found


def _of(session: Session, kind: Any, column: Any, keys: list[int]) -> list[Any]:
    return [row for some in chunks(keys) for row in session.exec(select(kind).where(col(column).in_(some)).order_by(kind.id))]


def _plain(row: SQLModel, *without: str) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude=set(without))
