"""Mentions, pages, readings and decisions for the store's tests, with everything filled in that a test does not care about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from desk.deadline import Allowance
from desk.mention import Author, Mention
from desk.reading import Reading
from desk.routing import Decision
from desk.source import Source
from store.claims import claim_unread, claim_unrouted
from store.mentions import Kept, keep
from store.tables import Mention as Row
from store.tags import save_readings
from store.tickets import Settled, settle

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(name="garten", platform="mastodon")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Broken:
    raw: bytes
    reason: str = "no author"
    place: str = "line 17"


@dataclass(frozen=True)
class Page:
    mentions: Sequence[Mention] = ()
    cursor: str | None = None
    deleted: Sequence[str] = ()
    broken: Sequence[Broken] = ()
    oldest_unread: datetime | None = None


def said(native_id: str = "1", text: str = "PayPal geht wieder nicht.", **more: Any) -> Mention:
    who = more.pop("by", "kundin")
    values: dict[str, Any] = {
        "platform": "mastodon",
        "native_id": native_id,
        "conversation": native_id,
        "kind": "comment",
        "text": text,
        "said_at": NOW - HOUR,
        "author": Author(native_id=who, handle=who) if who else None,
    }
    return Mention(**(values | more))


def kept(session: Session, *mentions: Mention, now: datetime = NOW, source: Source = SOURCE, **page: Any) -> Kept:
    return keep(session, source, Page(mentions=mentions, **page), now=now)


def row(session: Session, native_id: str = "1") -> Row:
    found = session.exec(select(Row).where(col(Row.native_id) == native_id).execution_options(populate_existing=True)).one()
    session.commit()
    return found


def reading(**more: Any) -> Reading:
    values: dict[str, Any] = {
        "sentiment": "negative",
        "intent": "complaint",
        "needs_reply": True,
        "urgent": False,
        "friction": ("payment",),
        "praise": (),
        "language": "de",
        "unsure": (),
        "probabilities": {"friction:payment": 0.93, "sentiment:negative": 0.97, "needs_reply": 0.9, "urgent": 0.1},
        "model": "base@1",
    }
    return Reading(**(values | more))


def read(session: Session, *native_ids: str, now: datetime = NOW, **more: Any) -> None:
    save_readings(session, {row(session, one).id or 0: reading(**more) for one in native_ids}, now)


def decision(**more: Any) -> Decision:
    values: dict[str, Any] = {
        "rule": "Zahlung",
        "team": "payments",
        "priority": 2,
        "allowance": Allowance(minutes=240),
        "answer": True,
        "topic": "payment",
    }
    return Decision(**(values | more))


def settled(session: Session, native_id: str = "1", *, due_at: datetime = NOW + HOUR, **more: Any) -> Settled:
    mention, decided = row(session, native_id), decision(**more)
    return Settled(mention.id or 0, mention.conversation_id, mention.said_at, decided, due_at if decided.answer else None)


def route(session: Session, *native_ids: str, now: datetime = NOW, due_at: datetime = NOW + HOUR, **more: Any) -> int:
    return settle(session, [settled(session, one, due_at=due_at, **more) for one in native_ids], now)


def unread(session: Session, worker: str = "w1", now: datetime = NOW, **more: Any) -> list[int]:
    return [one.id for one in claim_unread(session, worker, now, **more)]


def unrouted(session: Session, worker: str = "w1", now: datetime = NOW, **more: Any) -> list[int]:
    return [one.id for one in claim_unrouted(session, worker, now, **more)]


def waiting(session: Session) -> tuple[list[str], list[str]]:
    """Return the native ids that wait to be read, and those that wait to be routed."""
    rows = session.exec(select(Row).execution_options(populate_existing=True)).all()
    session.commit()
    read_not = [one.native_id for one in rows if one.read_at is None]
    return read_not, [one.native_id for one in rows if one.read_at and one.routed_at is None]
