"""What models are unsure about and nobody has decided: found by walking back from the newest reading, never to the end."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from desk.review import aspect_of, is_asked, question_of, turn
from store.tables import Mention, Reading, Tag, Ticket
from store.writing import chunks

MOST = 2_000
"""Looking for doubts stops once so many mentions are found: nobody answers more."""
_WINDOW = 2_500
_FAR = 20_000
"""So many of the newest unsure readings are looked at; older ones are not asked about any more."""


@dataclass(frozen=True)
class Doubt:
    """A mention with its undecided questions, the most useful first; *waiting*: an open ticket waits in its conversation."""

    mention_id: int
    reading_id: int
    said_at: datetime
    waiting: bool
    keys: tuple[str, ...]

    @property
    def order(self) -> tuple[int, float]:
        """When it is this mention's turn (see `desk.review.turn`); within that, the newest first."""
        return turn(self.keys[0], self.waiting), -self.said_at.timestamp()


def waiting(
    session: Session,
    aspect: str | None = None,
    language: str | None = None,
    team: str | None = None,
    topics: Collection[str] | None = None,
) -> list[Doubt]:
    """Return mentions that wait for a person's answer, in no order; at least MOST where there are so many.

    Nobody is asked about other topics than *topics*, where they are given: a reading may be older than what the desk offers now.
    """
    conditions = [
        column == value for column, value in ((col(Mention.language), language), (col(Ticket.team), team)) if value is not None
    ]
    found: list[Doubt] = []
    below: int | None = None
    for _ in range(_FAR // _WINDOW):
        newest = window(below)
        below = session.execute(select(func.min(newest.c.id))).scalar_one()
        if below is None:
            break
        found += _undecided(session, session.execute(_facts(newest).where(*conditions)).all(), aspect, topics)
        if len(found) >= MOST:
            break
    return found


def window(below: int | None) -> Any:
    """Return the newest unsure readings older than *below* (an id), as a subquery that an index answers."""
    newest = select(col(Reading.id), col(Reading.mention_id), col(Reading.unsure)).where(text("reading.unsure <> '[]'"))
    newest = newest if below is None else newest.where(col(Reading.id) < below)
    return newest.order_by(col(Reading.id).desc()).limit(_WINDOW).subquery()


def _facts(window: Any) -> Any:
    newest = select(func.max(col(Reading.id))).where(Reading.mention_id == window.c.mention_id).scalar_subquery()
    columns: Any = (window.c.id, window.c.mention_id, window.c.unsure, Mention.said_at, Ticket.status)
    return (
        select(*columns)
        .join(Mention, col(Mention.id) == window.c.mention_id)
        .join(Ticket, col(Ticket.conversation_id) == Mention.conversation_id, isouter=True)
        .where(~col(Mention.ours), col(Mention.deleted_at).is_(None), col(Mention.read_at).is_not(None), window.c.id == newest)
    )


def _undecided(session: Session, rows: Sequence[Any], aspect: str | None, topics: Collection[str] | None) -> Iterator[Doubt]:
    decided = _decided(session, [row.mention_id for row in rows])
    for row in rows:
        waiting = row.status == "open"
        asked = (key for key in row.unsure if aspect in (None, aspect_of(key)) and is_asked(key, topics))
        open_ones = [key for key in asked if key not in decided[row.mention_id]]
        keys = tuple(sorted(open_ones, key=lambda key: turn(key, waiting)))
        if keys:
            yield Doubt(row.mention_id, row.id, row.said_at, waiting, keys)


def _decided(session: Session, mention_ids: Sequence[int]) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for ids in chunks(mention_ids):
        asked = select(Tag.mention_id, Tag.aspect, Tag.value).where(
            col(Tag.mention_id).in_(ids), col(Tag.person), col(Tag.stands)
        )
        for mention_id, aspect, value in session.execute(asked):
            found[mention_id].add(question_of(aspect, value))
    return found
