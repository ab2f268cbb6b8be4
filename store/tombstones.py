"""Tombstones: what was erased and must not come back with the next pull. They hold digests: no id, no name, no word.

Guarantee 11. Three kinds of things are refused: a mention, whatever becomes of it; what an account said; and what we said
ourselves in a conversation of which nobody else is left. The last two up to a moment, so that who writes again is heard, or for
ever.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, select

from desk import mention as heard
from store.tables import Utc
from store.writing import chunks, insert_new, on_postgres, upsert

Kind = Literal["mention", "account", "conversation"]


class Tombstone(SQLModel, table=True):
    """Something that is not stored again: for ever, or what was said until then."""

    digest: str = Field(primary_key=True)
    """SHA-256 of kind, platform and native id."""
    kind: str
    until: datetime | None = Field(default=None, sa_type=Utc)
    at: datetime = Field(sa_type=Utc)


def bury(session: Session, kind: Kind, platform: str, native_id: str, until: datetime | None, now: datetime) -> None:
    """Note that something must not be stored again; what was refused for ever stays so."""
    digest = _digest(kind, platform, native_id)
    there = session.get(Tombstone, digest, populate_existing=True)
    if there and there.until is None:
        return
    upsert(session, Tombstone, {"digest": digest, "kind": kind, "until": until, "at": now}, key=("digest",))


def bury_mentions(session: Session, names: Sequence[tuple[str, str]], now: datetime) -> None:
    """Note of many mentions, by platform and native id, that they must never be stored again."""
    rows = [{"digest": _digest("mention", *name), "kind": "mention", "until": None, "at": now} for name in names]
    insert_new(session, Tombstone, rows)


def hold(session: Session) -> None:
    """Wait until everybody who is storing a page has done so, and let nobody begin before this transaction ends.

    Else a page that was looked through before an erasure could be stored after it. SQLite has one writer at a time anyway.
    """
    if on_postgres(session):
        session.execute(text("LOCK TABLE tombstone IN EXCLUSIVE MODE"))


def let_in(session: Session, mentions: Sequence[heard.Mention]) -> list[heard.Mention]:
    """Return those *mentions* that may be stored. On PostgreSQL an erasure waits from here on until the transaction ends."""
    digests = [tuple(_digests(one)) for one in mentions]
    graves = _graves(session, {digest for some in digests for digest in some})
    kept = [one for one, some in zip(mentions, digests, strict=True) if not any(_refused(graves, digest, one) for digest in some)]
    return _without_answers(kept, {one.native_id for one in mentions} - {one.native_id for one in kept}) if graves else kept


def _without_answers(kept: list[heard.Mention], refused: set[str]) -> list[heard.Mention]:
    """Return the page without what we said to what was refused in it, unless others speak in that conversation."""
    others = {one.conversation for one in kept if not one.ours}
    return [one for one in kept if not (one.ours and one.parent in refused and one.conversation not in others)]


def _graves(session: Session, digests: set[str]) -> dict[str, datetime | None]:
    asked = select(Tombstone.digest, Tombstone.until)
    found: dict[str, datetime | None] = {}
    for some in chunks(sorted(digests)):
        found |= dict(session.exec(asked.where(col(Tombstone.digest).in_(some)).with_for_update(read=True, key_share=True)).all())
    return found


def _refused(graves: dict[str, datetime | None], digest: str, mention: heard.Mention) -> bool:
    until = graves.get(digest)
    return digest in graves and (until is None or mention.said_at <= until)


def _digests(mention: heard.Mention) -> Iterator[str]:
    yield _digest("mention", mention.platform, mention.native_id)
    if mention.author:
        yield _digest("account", mention.platform, mention.author.native_id)
    if mention.ours:
        yield _digest("conversation", mention.platform, mention.conversation)


def _digest(kind: Kind, platform: str, native_id: str) -> str:
    return hashlib.sha256("\0".join((kind, platform, native_id)).encode()).hexdigest()
