"""Who takes what waits: a claim is a conditional update that expires, so two never do the same work and the dead keep none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select, update

from desk import mention as desk_mention
from desk.reading import Tags
from store.tables import Author, Conversation, Mention
from store.tags import tags_of

CLAIM = timedelta(minutes=10)


@dataclass(frozen=True)
class Unread:
    """A mention that no tagger has read in its present version."""

    id: int
    text: str


@dataclass(frozen=True)
class Unrouted:
    """A mention that is tagged, and that no rule has decided about yet."""

    id: int
    conversation_id: int
    source: str
    mention: desk_mention.Mention
    tags: Tags
    heard_at: datetime
    """From when the answer is owed; routing it again does not move the deadline."""


def claim_unread(session: Session, worker: str, now: datetime, limit: int = 256, lease: timedelta = CLAIM) -> list[Unread]:
    """Claim up to *limit* unread mentions, the oldest first; commits."""
    ids = _claim(session, col(Mention.read_at).is_(None), worker, now, limit, lease)
    rows = session.execute(
        select(Mention.id, Mention.title, Mention.text).where(col(Mention.id).in_(ids)).order_by(col(Mention.id))
    )
    return [Unread(row.id, f"{row.title}\n{row.text}" if row.title else row.text) for row in rows]


def claim_unrouted(session: Session, worker: str, now: datetime, limit: int = 256, lease: timedelta = CLAIM) -> list[Unrouted]:
    """Claim up to *limit* mentions that are read but not routed, the oldest first; commits."""
    waiting = col(Mention.routed_at).is_(None) & col(Mention.read_at).is_not(None)
    ids = _claim(session, waiting, worker, now, limit, lease)
    tags = tags_of(session, ids)
    return [
        Unrouted(
            id=mention.id or 0,
            conversation_id=mention.conversation_id,
            source=mention.source,
            mention=as_said(mention, author, thread),
            tags=tags[mention.id or 0],
            heard_at=mention.heard_at,
        )
        for mention, author, thread in session.execute(_whole(ids)).tuples()
    ]


def release(session: Session, ids: Sequence[int], worker: str) -> None:
    """Give back what *worker* still has of these claims, so that another run takes them at once; commits."""
    mine = update(Mention).where(col(Mention.id).in_(ids), col(Mention.claimed_by) == worker)
    session.execute(mine.values(claimed_by=None, claimed_until=None))
    session.commit()


def waiting_counts(session: Session) -> tuple[int, int]:
    """Return how many mentions wait to be read, and how many of the read ones wait to be routed."""
    unread = select(func.count()).select_from(Mention).where(col(Mention.read_at).is_(None))
    unrouted = (
        select(func.count()).select_from(Mention).where(col(Mention.routed_at).is_(None), col(Mention.read_at).is_not(None))
    )
    return session.exec(unread).one(), session.exec(unrouted).one()


def _claim(session: Session, waiting: ColumnElement[bool], worker: str, now: datetime, limit: int, lease: timedelta) -> list[int]:
    free = or_(col(Mention.claimed_until).is_(None), col(Mention.claimed_until) <= now)
    chosen = select(Mention.id).where(waiting, free).order_by(col(Mention.id)).limit(limit).with_for_update(skip_locked=True)
    ids = [found for found in session.exec(chosen).all() if found is not None]
    claimed = update(Mention).where(col(Mention.id).in_(ids), free).values(claimed_by=worker, claimed_until=now + lease)
    ours = session.execute(claimed.returning(col(Mention.id))).scalars().all() if ids else []
    session.commit()
    return sorted(ours)


def _whole(ids: Sequence[int]) -> Any:
    return (
        select(Mention, Author, Conversation.native_id)
        .join(Conversation, col(Conversation.id) == Mention.conversation_id)
        .join(Author, col(Author.id) == Mention.author_id, isouter=True)
        .where(col(Mention.id).in_(ids))
        .order_by(col(Mention.id))
    )


def as_said(row: Mention, author: Author | None, conversation: str) -> desk_mention.Mention:
    """Return a stored mention as the desk knows it."""
    values: Mapping[str, Any] = row.model_dump(include=set(desk_mention.Mention.model_fields) - {"author", "conversation"})
    who = desk_mention.Author(**author.model_dump(include=set(desk_mention.Author.model_fields))) if author else None
    return desk_mention.Mention(**(dict(values) | {"author": who, "conversation": conversation}))
