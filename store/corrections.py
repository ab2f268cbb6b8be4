"""What people said about mentions, each with the text and the vector it was said about: what teaching learns from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from desk.reading import Aspect
from store.tables import Mention, MentionVersion, Reading, Tag
from store.writing import chunks


@dataclass(frozen=True)
class Answer:
    """One statement that a person made, and that stands: see `store.tags.decide`. ``by`` is ``person:NAME``."""

    aspect: Aspect
    value: str
    holds: bool
    by: str


@dataclass(frozen=True)
class Corrected:
    """One text of a mention that people have spoken about, as it stood when they did.

    ``embedding`` is the vector of that text as ``model`` read it; None where nobody has read it, or where it was edited since.
    """

    mention_id: int
    text: str
    language: str | None
    answers: tuple[Answer, ...]
    embedding: bytes | None = field(default=None, repr=False)
    model: str = ""


@dataclass(frozen=True)
class Wordings:
    """What mentions said before they were edited, by their ids: until when, and title and text, the oldest first."""

    older: Mapping[int, Sequence[tuple[datetime, str]]]

    def at(self, mention_id: int, when: datetime, present: str) -> str:
        """Return what a mention said at a time; *present* is what it says now."""
        return next((words for until, words in self.older.get(mention_id, ()) if until > when), present)


def wordings(session: Session, ids: Sequence[int]) -> Wordings:
    """Return how mentions were worded before."""
    found: defaultdict[int, list[tuple[datetime, str]]] = defaultdict(list)
    edited = select(MentionVersion).where(col(MentionVersion.mention_id).in_(ids)).order_by(col(MentionVersion.id))
    for one in session.exec(edited):
        found[one.mention_id].append((one.replaced_at, worded(one.title, one.text)))
    return Wordings(found)


def worded(title: str, text: str) -> str:
    """Return title and text as one, as they are read."""
    return f"{title}\n{text}" if title else text


def corrections(session: Session) -> list[Corrected]:
    """Return every mention about which a person's word stands, in the order of their ids.

    What people said before an edit is about the older words: it comes with these, apart from what they said later. A mention that
    its platform no longer shows is no example any more; what people said about it stands all the same.
    """
    asked = (
        select(Tag)
        .join(Mention, col(Mention.id) == col(Tag.mention_id))
        .where(col(Tag.person), col(Tag.stands), col(Mention.deleted_at).is_(None))
        .order_by(col(Tag.mention_id), col(Tag.at), col(Tag.id))
        .execution_options(yield_per=1000)
    )
    said: defaultdict[int, list[tuple[datetime, Answer]]] = defaultdict(list)
    for tag in session.exec(asked):
        said[tag.mention_id].append((tag.at, Answer(tag.aspect, tag.value, tag.holds, tag.by)))  # type: ignore[arg-type]
    return [one for ids in chunks(said) for one in _corrected(session, {key: said[key] for key in ids})]


def _corrected(session: Session, said: Mapping[int, Sequence[tuple[datetime, Answer]]]) -> Iterator[Corrected]:
    vectors, older = _vectors(session, list(said)), wordings(session, list(said))
    for one in session.exec(select(Mention).where(col(Mention.id).in_(said)).order_by(col(Mention.id))):
        key, present = one.id or 0, worded(one.title, one.text)
        read = vectors.get(key, (None, "")) if one.read_at else (None, "")  # unread: a vector of older words
        by_text: defaultdict[str, list[Answer]] = defaultdict(list)
        for when, answer in said[key]:
            by_text[older.at(key, when, present)].append(answer)
        for text, answers in by_text.items():
            yield Corrected(key, text, one.language, tuple(answers), *(read if text == present else (None, "")))


def _vectors(session: Session, ids: list[int]) -> dict[int, tuple[bytes | None, str]]:
    """Return embedding and model of the latest reading of each mention."""
    latest = select(func.max(Reading.id)).where(col(Reading.mention_id).in_(ids)).group_by(col(Reading.mention_id))
    asked = select(Reading.mention_id, Reading.embedding, Reading.model).where(col(Reading.id).in_(latest))
    return {mention_id: (embedding, model) for mention_id, embedding, model in session.exec(asked)}
