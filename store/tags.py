"""What stands about mentions: every statement is kept with its signature, and a person's beats every model's, for ever."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import insert
from sqlmodel import Session, col, select, update

from desk.errors import KummerkastenError, Vanished
from desk.reading import INTENTS, SENTIMENTS, SINGLE, TOPICAL, Aspect, Reading, Tags
from store.tables import Mention, Tag
from store.tables import Reading as ReadingRow
from store.writing import chunks, insert_new, whole

Word = tuple[Aspect, str, bool]
"""What a person says: aspect, value, and whether it holds."""
_VALUES: Mapping[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "intent": INTENTS,
    "needs_reply": ("yes", "no"),
    "urgent": ("yes", "no"),
}


def save_readings(session: Session, readings: Mapping[int, Reading], now: datetime, *, worker: str | None = None) -> None:
    """Store what a tagger said about mentions (by their ids), retire what models said before, keep what people said; commits.

    With *worker*, mentions are left out that this worker no longer has a claim on: they were edited while it read them, or
    it was so slow that another reads them now.
    """
    whole(session, lambda: _save(session, readings, now, worker))


def _save(session: Session, readings: Mapping[int, Reading], now: datetime, worker: str | None) -> None:
    for some in chunks(sorted(readings)):
        ids = lock(session, some, worker)
        if not ids:
            continue
        decided = _decided(session, ids)
        session.execute(update(Tag).where(col(Tag.mention_id).in_(ids), col(Tag.stands), ~col(Tag.person)).values(stands=False))
        session.execute(insert(ReadingRow), [_reading_row(mention_id, readings[mention_id], now) for mention_id in ids])
        insert_new(session, Tag, [row for one in ids for row in _tag_rows(one, readings[one], decided[one], now)])
        _mark_read(session, ids, now)
        _name_language(session, {one: readings[one].language for one in ids if ("language", "") not in decided[one]})
    session.commit()


def lock(session: Session, ids: Sequence[int], worker: str | None = None) -> list[int]:
    """Keep everybody else's hands off these mentions until the transaction ends; return those there are (and *worker* claims)."""
    asked = select(Mention.id).where(col(Mention.id).in_(ids)).order_by(col(Mention.id)).with_for_update()
    found = session.exec(asked.where(Mention.claimed_by == worker) if worker is not None else asked)
    return [mention_id for mention_id in found if mention_id is not None]


def _decided(session: Session, ids: Sequence[int]) -> defaultdict[int, set[tuple[str, str]]]:
    """Return what people have decided about: (aspect, "") for single aspects, (aspect, topic) for topics."""
    found: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    asked = select(Tag.mention_id, Tag.aspect, Tag.value).where(col(Tag.mention_id).in_(ids), col(Tag.person), col(Tag.stands))
    for mention_id, aspect, value in session.exec(asked):
        found[mention_id].add((aspect, value if aspect in TOPICAL else ""))
    return found


def _reading_row(mention_id: int, reading: Reading, now: datetime) -> dict[str, Any]:
    return {
        "mention_id": mention_id,
        "model": reading.model,
        "at": now,
        "probabilities": dict(reading.probabilities),
        "unsure": list(reading.unsure),
        "embedding": reading.embedding,
        "not_read": reading.not_read,
    }


def _tag_rows(mention_id: int, reading: Reading, decided: set[tuple[str, str]], now: datetime) -> Iterator[dict[str, Any]]:
    signed = {"mention_id": mention_id, "by": reading.model, "at": now, "person": False, "holds": True, "stands": True}
    for aspect, value, probability in _statements(reading):
        if (aspect, value if aspect in TOPICAL else "") not in decided:
            yield signed | {"aspect": aspect, "value": value, "probability": probability}


def _statements(reading: Reading) -> Iterator[tuple[str, str, float | None]]:
    if reading.not_read:
        yield from ([("needs_reply", "yes", None)] if reading.needs_reply else [])
        return
    odds = reading.probabilities
    yield "sentiment", reading.sentiment, odds.get(f"sentiment:{reading.sentiment}")
    yield "intent", reading.intent, odds.get(f"intent:{reading.intent}")
    for aspect, holds in (("needs_reply", reading.needs_reply), ("urgent", reading.urgent)):
        chance = odds.get(aspect)
        yield aspect, "yes" if holds else "no", chance if holds or chance is None else round(1 - chance, 4)
    yield "language", reading.language, None
    for aspect, topics in (("friction", reading.friction), ("praise", reading.praise)):
        yield from ((aspect, topic, odds.get(f"{aspect}:{topic}")) for topic in topics)


def _mark_read(session: Session, ids: Sequence[int], now: datetime) -> None:
    done = {"read_at": now, "routed_at": None, "claimed_by": None, "claimed_until": None}
    session.execute(update(Mention).where(col(Mention.id).in_(ids)).values(**done))


def _name_language(session: Session, languages: Mapping[int, str]) -> None:
    """Let filters find mentions by the language that was recognised; what the platform said stays where none was."""
    by_language: defaultdict[str, list[int]] = defaultdict(list)
    for mention_id, language in languages.items():
        by_language[language].append(mention_id)
    for language, ids in sorted(by_language.items()):
        if language != "und":
            session.execute(update(Mention).where(col(Mention.id).in_(ids)).values(language=language))


def decide(session: Session, mention_id: int, aspect: Aspect, value: str, holds: bool, person: str, now: datetime) -> None:
    """Store a person's word about a mention: it stands from now on, whatever any model says; commits.

    For sentiment, intent, needs_reply, urgent and language *value* becomes the answer (*holds* is True); for friction and praise
    *holds* says whether the topic is meant. The mention is routed again.
    """
    decide_all(session, mention_id, [(aspect, value, holds)], person, now)


def decide_all(session: Session, mention_id: int, words: Sequence[Word], person: str, now: datetime) -> None:
    """Store several words of a person about one mention, all of them or none; see `decide`; commits."""

    def work() -> None:
        say(session, mention_id, words, person, now)
        session.commit()

    whole(session, work)


def say(session: Session, mention_id: int, words: Sequence[Word], person: str, now: datetime) -> None:
    """Do as `decide_all` within the caller's transaction."""
    for aspect, value, _ in words:
        if aspect not in get_args(Aspect) or value not in _VALUES.get(aspect, (value,)):
            takes = ", ".join(_VALUES.get(aspect, ("a topic",)))
            raise KummerkastenError(f'"{value}" is no answer about {aspect}; it takes {takes}')
    if not words:
        return
    if not lock(session, [mention_id]):
        raise Vanished(f"there is no mention {mention_id}")
    for word in words:
        _replace(session, mention_id, word, person, now)
    again = {"routed_at": None, "claimed_by": None, "claimed_until": None}  # what is in hand just now was decided without this
    read = update(Mention).where(col(Mention.id) == mention_id, ~col(Mention.ours), col(Mention.read_at).is_not(None))
    session.execute(read.values(**again))


def _replace(session: Session, mention_id: int, word: Word, person: str, now: datetime) -> None:
    aspect, value, holds = word
    about = [col(Tag.mention_id) == mention_id, col(Tag.aspect) == aspect, col(Tag.stands)]
    if aspect in TOPICAL:
        about.append(col(Tag.value) == value)
    session.execute(update(Tag).where(*about).values(stands=False))
    said = {"mention_id": mention_id, "aspect": aspect, "value": value, "holds": holds or aspect in SINGLE}
    session.execute(insert(Tag).values(said | {"by": f"person:{person}", "person": True, "at": now, "stands": True}))
    if aspect == "language":
        session.execute(update(Mention).where(col(Mention.id) == mention_id).values(language=value))


def tags_of(session: Session, mention_ids: Sequence[int]) -> dict[int, Tags]:
    """Return what stands about each of these mentions."""
    found: dict[int, dict[str, Any]] = {mention_id: {"friction": {}, "praise": {}} for mention_id in mention_ids}
    for ids in chunks(mention_ids):
        standing = select(Tag).where(col(Tag.mention_id).in_(ids), col(Tag.stands), col(Tag.holds))
        for tag in session.exec(standing.execution_options(yield_per=1000)):
            _take(found[tag.mention_id], tag)
    return {mention_id: Tags(**values) for mention_id, values in found.items()}


def _take(values: dict[str, Any], tag: Tag) -> None:
    if tag.aspect in TOPICAL:
        values[tag.aspect][tag.value] = 1.0 if tag.probability is None else tag.probability
    else:
        values[tag.aspect] = tag.value == "yes" if tag.aspect in ("needs_reply", "urgent") else tag.value


def statements(session: Session, mention_id: int) -> list[Tag]:
    """Return everything ever stated about a mention, what stands first, then the latest first."""
    about = select(Tag).where(Tag.mention_id == mention_id).order_by(col(Tag.id).desc())
    return [tag for stands in (col(Tag.stands), ~col(Tag.stands)) for tag in session.exec(about.where(stands))]


def reading_of(session: Session, mention_id: int) -> ReadingRow | None:
    """Return the latest reading of a mention."""
    return session.exec(
        select(ReadingRow).where(ReadingRow.mention_id == mention_id).order_by(col(ReadingRow.id).desc()).limit(1)
    ).first()
