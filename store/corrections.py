"""What people said about mentions, each with the text and the vector it was said about: what teaching learns from."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import Session, col, select

from desk.reading import Aspect
from store.tables import Mention, Reading, Tag
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
    """A mention that people have spoken about.

    ``embedding`` is the vector of its present text as ``model`` read it; None where nobody has read that text yet.
    """

    mention_id: int
    text: str
    language: str | None
    answers: tuple[Answer, ...]
    embedding: bytes | None = field(default=None, repr=False)
    model: str = ""


def corrections(session: Session) -> list[Corrected]:
    """Return every mention about which a person's word stands, in the order of their ids."""
    asked = (
        select(Tag)
        .where(col(Tag.person), col(Tag.stands))
        .order_by(col(Tag.mention_id), col(Tag.id))
        .execution_options(yield_per=1000)
    )
    answers: dict[int, list[Answer]] = {}
    for tag in session.exec(asked):
        answers.setdefault(tag.mention_id, []).append(Answer(tag.aspect, tag.value, tag.holds, tag.by))  # type: ignore[arg-type]
    return [one for ids in chunks(answers) for one in _corrected(session, {key: tuple(answers[key]) for key in ids})]


def _corrected(session: Session, answers: dict[int, tuple[Answer, ...]]) -> Iterator[Corrected]:
    vectors = _vectors(session, list(answers))
    for one in session.exec(select(Mention).where(col(Mention.id).in_(answers)).order_by(col(Mention.id))):
        said = f"{one.title}\n{one.text}" if one.title else one.text
        key = one.id or 0
        vector, model = vectors.get(key, (None, "")) if one.read_at else (None, "")  # unread: a vector of older words
        yield Corrected(key, said, one.language, answers[key], vector, model)


def _vectors(session: Session, ids: list[int]) -> dict[int, tuple[bytes | None, str]]:
    """Return embedding and model of the latest reading of each mention."""
    latest = select(func.max(Reading.id)).where(col(Reading.mention_id).in_(ids)).group_by(col(Reading.mention_id))
    asked = select(Reading.mention_id, Reading.embedding, Reading.model).where(col(Reading.id).in_(latest))
    return {mention_id: (embedding, model) for mention_id, embedding, model in session.exec(asked)}
