"""Read history again: what is set unread is what `tag` reads next. What people decided is not touched."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update

from desk.reading import TOPICAL
from store.tables import Mention, Reading, Tag
from store.writing import affected, chunks


@dataclass(frozen=True)
class Which:
    """Which of the mentions that were read: of one source, said since then, last read by one model; all of them by default."""

    source: str = ""
    since: datetime | None = None
    model: str = ""


def how_many(session: Session, which: Which) -> int:
    """Return how many mentions `set_unread` would set unread."""
    return int(session.exec(_chosen(select(func.count()).select_from(Mention), which)).one())


def taken_along(session: Session, which: Which, topics: Collection[str]) -> int:
    """Return how many tags of models about *topics* stand until these mentions are read anew, and will not be said again."""
    made = (col(Tag.stands), col(Tag.holds), ~col(Tag.person), col(Tag.aspect).in_(TOPICAL), col(Tag.value).in_(topics))
    asked = select(func.count()).select_from(Tag).where(*made, col(Tag.mention_id).in_(_chosen(select(Mention.id), which)))
    return int(session.exec(asked).one()) if topics else 0


def known(session: Session, which: Which) -> tuple[bool, bool]:
    """Say whether anything was ever heard by this source, imports included, and whether this model ever read anything."""
    heard = select(Mention.id).where(Mention.source == which.source).limit(1)
    read = select(Reading.id).where(Reading.model == which.model).limit(1)
    return session.exec(heard).first() is not None, session.exec(read).first() is not None


def set_unread(session: Session, which: Which) -> int:
    """Set mentions unread and return how many; commits every some hundred, so that nobody waits long for it.

    Their tags stand until they have been read anew.
    """
    ids = [one for one in session.exec(_chosen(select(Mention.id), which).order_by(col(Mention.id))) if one is not None]
    session.commit()
    done = 0
    for some in chunks(ids):
        done += affected(session.execute(update(Mention).where(col(Mention.id).in_(some)).values(read_at=None)))
        session.commit()
    return done


def _chosen(asked: Any, which: Which) -> Any:
    asked = asked.where(col(Mention.read_at).is_not(None), ~col(Mention.ours))
    if which.source:
        asked = asked.where(Mention.source == which.source)
    if which.since:
        asked = asked.where(col(Mention.said_at) >= which.since)
    if which.model:
        newer = aliased(Reading)
        later = select(newer.id).where(newer.mention_id == Reading.mention_id, col(newer.id) > col(Reading.id)).exists()
        read_last = select(Reading.mention_id).where(Reading.model == which.model, ~later)
        asked = asked.where(col(Mention.id).in_(read_last))
    return asked
