"""How good the tagger is at this desk: how often people agreed with it, and what it is unsure about."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from desk.reading import TOPICAL
from desk.review import question_of
from desk.shares import Share
from store.doubts import MOST, Doubt, waiting
from store.tables import Author, Mention, Reading, Tag
from store.writing import chunks


@dataclass(frozen=True)
class Agreement:
    """How often people shared what models had said: in all, by label and by language.

    Labels are the keys of a reading's ``unsure``: "friction:payment", "sentiment", "urgent" ... ``missed`` counts, of those
    that people did not share, the topics that they had to add.
    """

    all: Share = field(default_factory=Share)
    labels: Mapping[str, Share] = field(default_factory=dict)
    languages: Mapping[str, Share] = field(default_factory=dict)
    missed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Unsure:
    """A mention with the questions that its latest reading is unsure about and nobody has decided, the most useful first."""

    mention: Mention
    author: str
    reading: Reading
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Doubts:
    """Some of the mentions that wait for a person's judgement, and how many wait in all (counted to MOST)."""

    rows: list[Unsure]
    total: int


def agreement(session: Session, since: datetime, until: datetime) -> Agreement:
    """Return how often people shared the model's statements that they looked at from *since* until *until*.

    A statement counts as looked at once a person's word about the same question stands that was given in this time: it
    counts once, with that last word, however often people changed their minds. It is held against what the last reading had
    said when a person first spoke; after that models are silent about it. The same answer is a confirmation, another one a
    correction. A model's "no" about a topic leaves no tag, so a topic that the reading did not name counts as "no": a person
    who adds it did not share that (a miss), one who says no did. What people decided before any reading is left out.
    """
    columns: Any = (Tag.mention_id, Tag.aspect, Tag.value, Tag.holds, Mention.language)
    asked = (
        select(*columns)
        .join(Mention, col(Mention.id) == Tag.mention_id)
        .where(col(Tag.person), col(Tag.stands), col(Tag.at) >= since, col(Tag.at) < until)
        .order_by(col(Tag.mention_id))  # the order of an index that holds what people decided and nothing else
    )
    words: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(asked):
        words[row.mention_id].append(row)
    labels: defaultdict[str, Share] = defaultdict(Share)
    languages: defaultdict[str, Share] = defaultdict(Share)
    missed: Counter[str] = Counter()
    for mention_id, history in _histories(session, list(words)):
        for word in words[mention_id]:
            if (shared := _shared(word, history)) is None:
                continue
            question = question_of(word.aspect, word.value)
            labels[question] += Share(shared, 1)
            languages[word.language or "und"] += Share(shared, 1)
            missed[question] += word.aspect in TOPICAL and word.holds and not shared
    return Agreement(sum(labels.values(), Share()), dict(labels), dict(languages), dict(+missed))


def _histories(session: Session, mention_ids: Sequence[int]) -> Iterator[tuple[int, list[Any]]]:
    """Yield everything ever stated about each mention, in the order it was stated."""
    for ids in chunks(mention_ids):
        found: defaultdict[int, list[Any]] = defaultdict(list)
        columns: Any = (Tag.id, Tag.mention_id, Tag.aspect, Tag.value, Tag.person, Tag.at)
        about = select(*columns).where(col(Tag.mention_id).in_(ids))
        for stands in (col(Tag.stands), ~col(Tag.stands)):  # each has its index
            for row in session.execute(about.where(stands)):
                found[row.mention_id].append(row)
        for mention_id, rows in found.items():
            yield mention_id, sorted(rows, key=lambda row: row.id)


def _shared(word: Any, history: Sequence[Any]) -> bool | None:
    """Say whether a person's word is what the model had said; None where it had said nothing."""
    question = question_of(word.aspect, word.value)
    before = []
    for row in history:
        if row.person and question_of(row.aspect, row.value) == question:
            break
        if not row.person:
            before.append(row)
    if not before:
        return None
    said = {row.value for row in before if row.at == before[-1].at and row.aspect == word.aspect}
    if word.aspect in TOPICAL:
        return bool((word.value in said) == word.holds)
    return word.value in said if said else None


def unsure(
    session: Session,
    *,
    limit: int = 20,
    offset: int = 0,
    aspect: str | None = None,
    language: str | None = None,
    team: str | None = None,
    without: Collection[int] = (),
    first: int | None = None,
    topics: Collection[str] | None = None,
) -> Doubts:
    """Return mentions whose latest reading is unsure about something that nobody has decided, the most useful first.

    What decides who answers and by when comes before mood and praise, and first where an open ticket waits (`desk.review`);
    within that, the newest first. *team* is that of the conversation's ticket. Mentions in *without* (ids) are left out;
    *first* goes before all others while it still waits. What we said ourselves, what was deleted, and what was edited and is
    not yet read again is not asked about, nor other topics than *topics*, where they are given.
    """
    found = [one for one in waiting(session, aspect, language, team, topics) if one.mention_id not in without]
    found.sort(key=lambda one: (one.mention_id != first, *one.order))
    return Doubts(_rows(session, found[offset : offset + limit]), min(len(found), MOST))


def unsure_counts(session: Session, topics: Collection[str] | None = None) -> dict[str, int]:
    """Return for each question how many mentions wait for a person's answer to it, the most first (see MOST and `unsure`)."""
    return dict(Counter(key for one in waiting(session, topics=topics) for key in one.keys).most_common())


def last_model(session: Session) -> str:
    """Return which model has made the latest reading, ``name@version``; an empty string where nothing was read."""
    return session.exec(select(Reading.model).order_by(col(Reading.id).desc()).limit(1)).first() or ""


def _rows(session: Session, doubts: Sequence[Doubt]) -> list[Unsure]:
    asked: Any = (
        select(Mention, Author, Reading)
        .join(Reading, col(Reading.mention_id) == Mention.id)
        .join(Author, col(Author.id) == Mention.author_id, isouter=True)
        .where(col(Reading.id).in_([one.reading_id for one in doubts]))
    )
    found = {reading.id: (mention, author, reading) for mention, author, reading in session.execute(asked)}
    return [_unsure(*found[one.reading_id], one.keys) for one in doubts if one.reading_id in found]


def _unsure(mention: Mention, author: Author | None, reading: Reading, keys: tuple[str, ...]) -> Unsure:
    return Unsure(mention, (author.name or author.handle) if author else "", reading, keys)
