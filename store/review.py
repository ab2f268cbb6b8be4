"""People settle what a model is unsure about, or find right what it says: nobody's answer is written over.

No two people are asked about the same doubt.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session, col, delete, select

from desk.errors import Conflict, KummerkastenError, Vanished
from desk.reading import TOPICAL, Aspect
from desk.review import aspect_of
from store import leases
from store.tables import Lease, Mention, Tag
from store.tags import lock, reading_of, say
from store.writing import whole

_HOLD = timedelta(minutes=5)
_NAME = "review:"


def hold(session: Session, mention_ids: Sequence[int], person: str, now: datetime) -> int | None:
    """Reserve the first of these mentions that nobody else is being asked about, for five minutes; commits.

    Return its id, None where others have them all. A person holds one at a time: what they held before is given back.
    """
    for mention_id in mention_ids:
        if leases.take(session, f"{_NAME}{mention_id}", f"person:{person}", now, _HOLD):
            mine = col(Lease.holder) == f"person:{person}"
            past = col(Lease.name).startswith(_NAME) & (mine | (col(Lease.expires_at) <= now))
            session.execute(delete(Lease).where(past, col(Lease.name) != f"{_NAME}{mention_id}"))
            session.commit()
            return mention_id
    return None


def answer(session: Session, mention_id: int, reading_id: int, key: str, value: str, person: str, now: datetime) -> None:
    """Store a person's answer to a question ("friction:payment") that a reading was unsure about; commits.

    *value* is "yes" or "no", or for sentiment and intent the choice. Raises Conflict, naming who, where somebody has decided
    the question in the meantime; naming nobody, where the text was changed or read anew since.
    """
    if aspect_of(key) in TOPICAL and value not in ("yes", "no"):
        raise KummerkastenError(f'"{value}" is no answer about {key}; it takes yes or no')
    whole(session, lambda: _answer(session, mention_id, reading_id, key, value, person, now))


def _answer(session: Session, mention_id: int, reading_id: int, key: str, value: str, person: str, now: datetime) -> None:
    if not lock(session, [mention_id]):
        raise Vanished(f"there is no mention {mention_id}")
    _still_open(session, mention_id, reading_id, key)
    aspect, _, topic = key.partition(":")
    say(session, mention_id, [(cast(Aspect, aspect), topic or value, value == "yes")], person, now)
    session.commit()


def _still_open(session: Session, mention_id: int, reading_id: int, key: str) -> None:
    aspect, _, topic = key.partition(":")
    said = select(Tag.by).where(Tag.mention_id == mention_id, Tag.aspect == aspect, col(Tag.person), col(Tag.stands))
    if (by := session.exec(said.where(Tag.value == topic) if topic else said).first()) is not None:
        who = by.partition(":")[2]
        raise Conflict(f"{who} has decided that already", winner=who)
    _same_words(session, mention_id, reading_id)


def _same_words(session: Session, mention_id: int, reading_id: int) -> None:
    latest = reading_of(session, mention_id)
    read_at = session.exec(select(Mention.read_at).where(Mention.id == mention_id)).one()
    if latest is None or latest.id != reading_id or read_at is None:
        raise Conflict("the text was changed or read anew since you looked")


def confirm(
    session: Session, mention_id: int, reading_id: int, shown: Collection[tuple[str, str]], person: str, now: datetime
) -> int:
    """Make what a model says about a mention a person's word, who finds it right; return how many tags that were; commits.

    *shown* is what the person looked at: aspect and value of each tag that stands and holds, the language aside. What people
    have said already stays as it is. Raises Conflict, storing nothing, where something else stands by now: it names who
    decided otherwise, and nobody where the text was changed or read anew since.
    """
    return whole(session, lambda: _confirm(session, mention_id, reading_id, frozenset(shown), person, now))


def _confirm(
    session: Session, mention_id: int, reading_id: int, shown: frozenset[tuple[str, str]], person: str, now: datetime
) -> int:
    if not lock(session, [mention_id]):
        raise Vanished(f"there is no mention {mention_id}")
    asked = select(Tag).where(Tag.mention_id == mention_id, col(Tag.stands), Tag.aspect != "language").order_by(col(Tag.id))
    standing = session.exec(asked.execution_options(populate_existing=True)).all()
    _as_shown(standing, shown)
    words = [(cast(Aspect, tag.aspect), tag.value, True) for tag in standing if not tag.person]
    if words:
        _same_words(session, mention_id, reading_id)
        say(session, mention_id, words, person, now)
        session.commit()
    return len(words)


def _as_shown(standing: Sequence[Tag], shown: frozenset[tuple[str, str]]) -> None:
    if {(tag.aspect, tag.value) for tag in standing if tag.holds} == shown:
        return
    otherwise = [tag.by for tag in standing if tag.person and ((tag.aspect, tag.value) in shown) != tag.holds]
    who = otherwise[-1].partition(":")[2] if otherwise else ""
    raise Conflict(f"{who or 'a newer reading'} has decided otherwise since you looked", winner=who)
