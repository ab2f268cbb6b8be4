"""Topics over the whole history: what people marked, how often each was met, and history brought into line with the file.

A person's decision is never overruled (guarantee 8), and doing anything twice is doing it once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert
from sqlmodel import Session, col, select, update

from desk.reading import TOPICAL
from store.corrections import worded, wordings
from store.tables import Mention, Reading, Tag, Ticket
from store.tags import lock
from store.writing import affected, chunks, whole

MOST = 2_000
"""So many of the newest marked mentions of a topic are its examples."""


@dataclass(frozen=True)
class Marked:
    """A mention of which a person has said that it is about a topic (``holds``), or that it is not, in the words it had then.

    ``embedding`` is the vector of that text as ``model`` read it; None where nobody has read it, or where it was edited since.
    """

    mention_id: int
    text: str
    holds: bool
    embedding: bytes | None = field(default=None, repr=False)
    model: str = ""


@dataclass(frozen=True)
class Kept:
    """A mention that was read: its text, and the vector that ``model`` made of it in the reading ``reading_id``."""

    mention_id: int
    text: str
    embedding: bytes | None = field(repr=False)
    model: str
    reading_id: int | None = None


def marked(session: Session, topics: Sequence[str]) -> dict[str, list[Marked]]:
    """Return for each of *topics* the mentions that people have marked, friction alone, the newest first.

    Those that their platform no longer shows are left out.
    """
    return {topic: _marked(session, topic) for topic in topics}


def _marked(session: Session, topic: str) -> list[Marked]:
    about = (col(Tag.aspect) == "friction", col(Tag.value) == topic, col(Tag.stands), col(Tag.person))
    asked = (
        select(Tag.mention_id, Tag.holds, Tag.at)
        .join(Mention, col(Mention.id) == col(Tag.mention_id))
        .where(*about, col(Mention.deleted_at).is_(None))
        .order_by(col(Tag.id).desc())
        .limit(MOST)
    )
    marks = {mention_id: (holds, at) for mention_id, holds, at in session.exec(asked)}
    found: dict[int, Marked] = {}
    for ids in chunks(marks):
        older = wordings(session, ids)
        for one in _kept(session, ids):
            holds, at = marks[one.mention_id]
            text = older.at(one.mention_id, at, one.text)
            vector = (one.embedding, one.model) if text == one.text else (None, "")
            found[one.mention_id] = Marked(one.mention_id, text, holds, *vector)
    return [found[mention_id] for mention_id in marks]


def met(session: Session, since: datetime) -> dict[str, int]:
    """Return how many mentions said since *since* each topic stands about, as friction or as praise."""
    asked = (
        select(col(Tag.value), func.count(col(Tag.mention_id).distinct()))
        .join(Mention, col(Mention.id) == Tag.mention_id)
        .where(col(Tag.aspect).in_(TOPICAL), col(Tag.stands), col(Tag.holds))
        .where(col(Mention.said_at) >= since, col(Mention.deleted_at).is_(None))
        .group_by(col(Tag.value))
    )
    return dict(session.execute(asked).tuples().all())


@dataclass(frozen=True)
class Heard:
    """What a customer said, as a vector, and whether it was in German; the others are English."""

    embedding: bytes = field(repr=False)
    german: bool


def heard(session: Session, encoder: str, most: int = 1_000) -> list[Heard]:
    """Return the vectors of what customers said, as *encoder* (``name@version``) read it: the latest *most*, German or English.

    What has come since the last full hundred, or thousand once there are thousands, is left out: so the same is returned for a
    while, and what is reckoned from it can be kept.
    """
    last = session.exec(select(func.max(Reading.id))).one() or 0
    until = last - last % (100 if last < 1_000 else 1_000)
    by_it = (col(Reading.model) == encoder) | col(Reading.model).startswith(f"{encoder}+", autoescape=True)
    asked = (
        select(Reading.embedding, Mention.language)
        .join(Mention, col(Mention.id) == Reading.mention_id)
        .where(col(Reading.id) <= until, col(Reading.embedding).is_not(None), by_it)
        .where(~col(Mention.ours), col(Mention.deleted_at).is_(None))
        .where(col(Mention.language).in_(("de", "en")))
        .order_by(col(Reading.id).desc())
        .limit(most)
    )
    return [Heard(embedding, language == "de") for embedding, language in session.exec(asked) if embedding]


def read_after(session: Session, mention_id: int, limit: int = 1_000) -> list[Kept]:
    """Return the next *limit* mentions of customers that were read and are still there, by their ids."""
    there = (col(Mention.read_at).is_not(None), ~col(Mention.ours), col(Mention.deleted_at).is_(None))
    asked = select(Mention.id).where(col(Mention.id) > mention_id, *there).order_by(col(Mention.id)).limit(limit)
    return _kept(session, [one for one in session.exec(asked) if one is not None])


def _kept(session: Session, ids: Sequence[int]) -> list[Kept]:
    """Return mentions with the embedding and model of their latest reading, none where it is older than their words."""
    latest = select(func.max(Reading.id)).where(col(Reading.mention_id).in_(ids)).group_by(col(Reading.mention_id))
    asked = select(Reading.mention_id, Reading.embedding, Reading.model, Reading.id).where(col(Reading.id).in_(latest))
    read = {mention_id: tuple(vector) for mention_id, *vector in session.execute(asked)}
    said = select(Mention.id, Mention.title, Mention.text, Mention.read_at).where(col(Mention.id).in_(ids))
    return [
        Kept(one.id, worded(one.title, one.text), *(read.get(one.id, none) if one.read_at else none))
        for one in session.execute(said.order_by(col(Mention.id)))
        for none in [(None, "", None)]
    ]


def restate(session: Session, old: str, new: str) -> int:
    """State under the key *new* what holds under *old*: same author, same word, same time; return how many; commits.

    From now on *new* means either of the two. So a person's yes about *old* is one about *new*, even where somebody has denied
    *new*; a person's no about *old* says nothing about *new*, and stays where it is. Whatever a person said about *new* stays
    rather than a model's tag; of two people's yes the later counts, and of two models' the likelier. What is restated is retired
    under *old*, and tickets about *old* are about *new*.
    """
    about = (col(Tag.aspect).in_(TOPICAL), col(Tag.value) == old, col(Tag.stands), col(Tag.holds))
    ids = list(session.exec(select(Tag.mention_id).where(*about).distinct().order_by(col(Tag.mention_id))))
    session.commit()
    done = sum(whole(session, _restating(session, some, old, new)) for some in chunks(ids))
    session.execute(update(Ticket).where(col(Ticket.topic) == old).values(topic=new))
    session.commit()
    return done


def _restating(session: Session, ids: Sequence[int], old: str, new: str) -> Callable[[], int]:
    def work() -> int:
        standing = _standing(session, lock(session, ids), (old, new))
        moved = [tag for tag in standing if tag.value == old and tag.holds]
        there = {(tag.mention_id, tag.aspect): tag for tag in standing if tag.value == new}
        winners = [tag for tag in moved if _wins(tag, there.get((tag.mention_id, tag.aspect)))]
        beaten = [there[key] for tag in winners if (key := (tag.mention_id, tag.aspect)) in there]
        _retire(session, [*moved, *beaten])
        _state(session, [_copied(tag) | {"value": new} for tag in winners])
        session.commit()
        return len(moved)

    return work


def _wins(moved: Tag, there: Tag | None) -> bool:
    """Say whether a yes under the old key beats what stands under the new one."""
    if there is None:
        return True
    if moved.person != there.person:
        return moved.person
    if not there.holds:  # people both: "about the one" and "not about the other" make "about either"
        return True
    if moved.person:
        return (moved.at, moved.id or 0) > (there.at, there.id or 0)
    return (moved.probability or 0.0) > (there.probability or 0.0)


def denied(session: Session, ids: Sequence[int], topics: Sequence[str]) -> dict[int, set[tuple[str, str]]]:
    """Return which of *topics* people have denied of each of these mentions, as (aspect, topic)."""
    found: dict[int, set[tuple[str, str]]] = {mention_id: set() for mention_id in ids}
    for some in chunks(ids):
        about = (col(Tag.mention_id).in_(some), col(Tag.aspect).in_(TOPICAL), col(Tag.value).in_(topics))
        said = (col(Tag.stands), col(Tag.person), ~col(Tag.holds))
        for mention_id, aspect, topic in session.exec(select(Tag.mention_id, Tag.aspect, Tag.value).where(*about, *said)):
            found[mention_id].add((aspect, topic))
    return found


@dataclass(frozen=True)
class Found:
    """How likely each mention is about a friction topic, and which model signs; from ``threshold`` on the topic holds.

    Where other topics are merged into it (``merged``), a tag may be theirs, so none is retired. ``readings`` says by which
    reading each was asked: what was read anew meanwhile, as after an edit, has its topics from that, and is left alone.
    """

    topic: str
    odds: Mapping[int, tuple[float, str]]
    threshold: float
    merged: bool = False
    readings: Mapping[int, int | None] = field(default_factory=dict)


def apply(session: Session, found: Found, now: datetime) -> tuple[int, int]:
    """Let a topic stand about the mentions about which it was found, and about no others of these; commits.

    What people said stays. Returns how many tags are new and how many are retired.
    """
    new, gone = 0, 0
    for ids in chunks(sorted(found.odds)):
        added, retired = whole(session, _applying(session, ids, found, now))
        new, gone = new + added, gone + retired
    return new, gone


def _applying(session: Session, ids: Sequence[int], found: Found, now: datetime) -> Callable[[], tuple[int, int]]:
    def work() -> tuple[int, int]:
        held = _not_read_since(session, lock(session, ids), found.readings)
        there = {tag.mention_id: tag for tag in _standing(session, held, (found.topic,)) if tag.aspect == "friction"}
        wanted = {one: found.odds[one] for one in held if found.odds[one][0] >= found.threshold}
        old = [] if found.merged else [tag for tag in there.values() if _outdated(tag, wanted.get(tag.mention_id))]
        changed = {tag.mention_id for tag in old}
        added = [one for one in wanted if one in changed or one not in there]
        _retire(session, old)
        _state(session, [_signed(one, found, now) for one in added])
        session.commit()
        return len(set(added) - changed), len(changed - wanted.keys())

    return work


def _not_read_since(session: Session, ids: Sequence[int], readings: Mapping[int, int | None]) -> list[int]:
    """Return those of *ids* that nobody has read since the reading that is named for them."""
    newest = (
        select(Reading.mention_id, func.max(Reading.id)).where(col(Reading.mention_id).in_(ids)).group_by(col(Reading.mention_id))
    )
    latest = dict(session.execute(newest).tuples().all()) if readings else {}
    return [one for one in ids if latest.get(one) == readings.get(one)]


def _outdated(tag: Tag, wanted: tuple[float, str] | None) -> bool:
    return not tag.person and wanted != (tag.probability, tag.by)


def _signed(mention_id: int, found: Found, now: datetime) -> dict[str, Any]:
    chance, model = found.odds[mention_id]
    said = {"mention_id": mention_id, "aspect": "friction", "value": found.topic, "holds": True, "probability": chance}
    return said | {"by": model, "person": False, "at": now, "stands": True}


def _standing(session: Session, ids: Sequence[int], topics: Sequence[str]) -> list[Tag]:
    about = (col(Tag.mention_id).in_(ids), col(Tag.aspect).in_(TOPICAL), col(Tag.value).in_(topics), col(Tag.stands))
    return list(session.exec(select(Tag).where(*about).execution_options(populate_existing=True)))


def _retire(session: Session, tags: Sequence[Tag]) -> int:
    ids = [tag.id for tag in tags]
    return affected(session.execute(update(Tag).where(col(Tag.id).in_(ids)).values(stands=False))) if ids else 0


def _state(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(Tag), list(rows))


def _copied(tag: Tag) -> dict[str, Any]:
    return tag.model_dump(exclude={"id"}) | {"stands": True}
