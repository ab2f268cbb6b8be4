"""Mentions that were heard before: the same again, edited, taken back, or shown again (guarantee 3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, String, bindparam, insert, select, text, update
from sqlmodel import Session, col

from desk import mention as heard
from desk.words import search_words
from store.answers import note_deletions
from store.tables import Mention, MentionVersion
from store.writing import chunks, on_postgres, table

_COLUMNS = ("id", "native_id", "title", "text", "stars", "edited_at", "deleted_at")


def _look_up(lock: str = "") -> Any:
    """Return the statement that looks mentions up one by one, by their key, in the order asked for.

    PostgreSQL would read the whole table instead while it has not yet counted it, as in the first minute of a large import.
    """
    types = {name: table(Mention).c[name].type for name in _COLUMNS}
    return (
        text(
            f"""SELECT found.* FROM unnest(CAST(:native_ids AS varchar[])) AS wanted (native_id) CROSS JOIN LATERAL (
                SELECT {", ".join(_COLUMNS)} FROM mention
                WHERE platform = :platform AND native_id = wanted.native_id LIMIT 1 {lock}) AS found"""  # noqa: S608
        )
        .bindparams(bindparam("native_ids", type_=ARRAY(String)))
        .columns(**types)
    )


_LOOK_UP = _look_up()
_LOOK_UP_AND_LOCK = _look_up("FOR UPDATE")


def there(session: Session, platform: str, native_ids: Sequence[str], *, lock: bool = False) -> dict[str, Any]:
    """Return what is stored of mentions, by native id; with *lock*, nobody else changes them before this transaction ends."""
    if on_postgres(session):
        asked = _LOOK_UP_AND_LOCK if lock else _LOOK_UP
        return {row.native_id: row for row in session.execute(asked, {"platform": platform, "native_ids": list(native_ids)})}
    columns = table(Mention).c
    found: dict[str, Any] = {}
    for some in chunks(native_ids):
        asked_here = select(*(columns[name] for name in _COLUMNS)).where(columns.platform == platform)
        found |= {row.native_id: row for row in session.execute(asked_here.where(columns.native_id.in_(some)))}
    return found


def take_over(
    session: Session, platform: str, mentions: Sequence[heard.Mention], stored: Mapping[str, Any], now: datetime
) -> int:
    """Bring stored mentions to what is heard of them now; return how many were edited.

    The old words of an edited one become a version, the new ones are read and routed again. An older version than the
    stored one changes nothing, wherever it comes from, and the same edit twice is one.
    """
    touched = [one for one in mentions if one.native_id in stored and _news(stored[one.native_id], one)]
    if not touched:
        return 0
    if on_postgres(session):  # another worker may be at the same edit; SQLite has one writer at a time
        stored = there(session, platform, sorted(one.native_id for one in touched), lock=True)
    _show_again(session, [stored[one.native_id].id for one in touched if _shown_again(stored[one.native_id], one)])
    edited = [(stored[one.native_id], one) for one in touched if _edited(stored[one.native_id], one)]
    if edited:
        session.execute(insert(MentionVersion), [_version(row, now) for row, _ in edited])
        # the connection's own execute: the session's would look for the primary key among the values
        session.connection().execute(_rewrite(), [_rewritten(row.id, one, now) for row, one in edited])
    return len(edited)


def _news(row: Any, mention: heard.Mention) -> bool:
    return _edited(row, mention) or _shown_again(row, mention)


def _edited(row: Any, mention: heard.Mention) -> bool:
    return not _same(row, mention) and not _older(row, mention)


def _shown_again(row: Any, mention: heard.Mention) -> bool:
    return row.deleted_at is not None and (_same(row, mention) or not _older(row, mention))


def _same(row: Any, mention: heard.Mention) -> bool:
    return bool((row.title, row.text, row.stars) == (mention.title, mention.text, mention.stars))


def _older(row: Any, mention: heard.Mention) -> bool:
    """Say whether *mention* is from before the last known edit: without the time of an edit it is what was said at first."""
    return row.edited_at is not None and (mention.edited_at is None or mention.edited_at < row.edited_at)


def _show_again(session: Session, ids: Sequence[int]) -> None:
    if ids:
        mine = update(Mention).where(col(Mention.id).in_(ids))
        session.execute(mine.values(deleted_at=None))
        session.execute(mine.where(~col(Mention.ours)).values(routed_at=None))


def _version(row: Any, now: datetime) -> dict[str, Any]:
    return {"mention_id": row.id, "title": row.title, "text": row.text, "stars": row.stars, "replaced_at": now}


def _rewrite() -> Any:
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _rewritten_names()}
    columns = table(Mention)
    return columns.update().where(columns.c.id == bindparam("of")).values(claimed_by=None, claimed_until=None, **new)


def _rewritten_names() -> tuple[str, ...]:
    return ("title", "text", "stars", "rating", "search", "edited_at", "read_at", "routed_at")


def _rewritten(mention_id: int, mention: heard.Mention, now: datetime) -> dict[str, Any]:
    seen = now if mention.ours else None
    values = (
        *(mention.title, mention.text, mention.stars, mention.rating, search_words(mention.words)),
        *(mention.edited_at, seen, seen),
    )
    return {"of": mention_id} | {f"new_{name}": value for name, value in zip(_rewritten_names(), values, strict=True)}


def note_deleted(session: Session, platform: str, native_ids: Sequence[str], now: datetime) -> int:
    """Note that the platform no longer shows mentions; return how many were shown until now."""
    ids: list[int] = []
    conversations: list[int] = []
    for some in chunks(sorted(set(native_ids))):
        shown = (col(Mention.platform) == platform, col(Mention.native_id).in_(some), col(Mention.deleted_at).is_(None))
        gone = update(Mention).where(*shown).values(deleted_at=now)
        for row in session.execute(gone.returning(col(Mention.id), col(Mention.conversation_id))):
            ids.append(row.id)
            conversations.append(row.conversation_id)
    note_deletions(session, ids, conversations, now)
    return len(ids)
