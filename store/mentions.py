"""Keep what was heard: a page and its cursor in one transaction, everything once, edits as versions.

Guarantees 1, 2, 3 and 6: nothing heard is lost, nothing comes twice, edits and deletions are seen, what is not understood
is kept.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import insert as plain_insert
from sqlalchemy import select as plain_select
from sqlmodel import Session, col, select, update

from desk import mention as heard
from desk.errors import LeaseLost
from desk.source import Source
from desk.words import search_words
from store import leases
from store.answers import close_the_deleted, note_our_answers
from store.tables import Author, Conversation, Mention, MentionVersion, Pull, Quarantine, SourceState
from store.writing import affected, chunks, insert_new, table, upsert


class Raw(Protocol):
    """A payload that could not become a mention."""

    @property
    def raw(self) -> bytes: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def place(self) -> str: ...  # noqa: D102


class Page(Protocol):
    """What one step of a pull heard, with the cursor that is true once it is kept."""

    @property
    def mentions(self) -> Sequence[heard.Mention]: ...  # noqa: D102
    @property
    def cursor(self) -> str | None: ...  # noqa: D102
    @property
    def deleted(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def broken(self) -> Sequence[Raw]: ...  # noqa: D102
    @property
    def oldest_unread(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True)
class Kept:
    """What keeping a page did to the store."""

    fetched: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    quarantined: int = 0

    def __add__(self, other: "Kept") -> "Kept":
        return Kept(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def keep(
    session: Session, source: Source, page: Page, *, now: datetime, lease: leases.Held | None = None, pull_id: int | None = None
) -> Kept:
    """Store *page* and its cursor in one transaction, and commit it.

    Raises LeaseLost, with nothing stored, where *lease* is no longer held. The same page again changes nothing.
    """
    if lease and not leases.renew(session, lease, now):
        session.rollback()
        raise LeaseLost(f'the lease on "{source.name}" has expired; another worker may have it')
    new = changed = 0
    for platform, mentions in _by_platform(page.mentions).items():
        counts = _keep_mentions(session, source, platform, mentions, now)
        new, changed = new + counts[0], changed + counts[1]
    kept = Kept(
        fetched=len(page.mentions) + len(page.broken),
        new=new,
        changed=changed,
        deleted=_note_deleted(session, source, page.deleted, now),
        quarantined=_quarantine(session, source, page.broken, now, pull_id),
    )
    if page.cursor is not None:
        upsert(session, SourceState, {"source": source.name, "platform": source.platform, "cursor": page.cursor}, key=("source",))
    if pull_id is not None:
        _count(session, pull_id, kept, page.oldest_unread)
    session.commit()
    return kept


def cursor(session: Session, source: str) -> str | None:
    """Return where *source* resumes, None before its first page."""
    return session.exec(select(SourceState.cursor).where(SourceState.source == source)).first()


def known(session: Session, source: str, since: datetime) -> dict[str, datetime]:
    """Return the native ids that *source* has heard since then and that have not been deleted, with when they were said."""
    rows = session.exec(
        select(Mention.native_id, Mention.said_at).where(
            Mention.source == source, col(Mention.said_at) >= since, col(Mention.deleted_at).is_(None)
        )
    )
    return dict(rows.all())


def _by_platform(mentions: Iterable[heard.Mention]) -> dict[str, list[heard.Mention]]:
    """Group by platform, once per native id: of two in one page the later edit counts."""
    found: dict[str, dict[str, heard.Mention]] = {}
    for mention in mentions:
        there = found.setdefault(mention.platform, {})
        before = there.get(mention.native_id)
        if before is None or not _older(mention.edited_at, before.edited_at):
            there[mention.native_id] = mention
    return {platform: sorted(there.values(), key=lambda one: one.native_id) for platform, there in found.items()}


def _older(edited_at: datetime | None, than: datetime | None) -> bool:
    return than is not None and (edited_at is None or edited_at < than)


def _keep_mentions(
    session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention], now: datetime
) -> tuple[int, int]:
    """Return how many were new, and how many changed."""
    there = _those_there(session, platform, [mention.native_id for mention in mentions])
    fresh = [mention for mention in mentions if mention.native_id not in there]
    added = _add(session, source, platform, fresh, now) if fresh else 0
    if added < len(fresh):  # another worker kept some of them since we looked: compare them as edits
        there = _those_there(session, platform, [mention.native_id for mention in mentions])
        fresh = []
    changed = sum(_change(session, there[one.native_id], one, now) for one in mentions if one.native_id in there)
    if ours := [mention for mention in mentions if mention.ours]:
        note_our_answers(session, platform, {one.conversation: one.said_at for one in ours}, now)
    return added, changed


def _those_there(session: Session, platform: str, native_ids: Sequence[str]) -> dict[str, Any]:
    columns = (
        col(Mention.id),
        col(Mention.native_id),
        col(Mention.title),
        col(Mention.text),
        col(Mention.stars),
        col(Mention.edited_at),
        col(Mention.deleted_at),
    )
    found: dict[str, Any] = {}
    for some in chunks(native_ids):
        asked = plain_select(*columns).where(col(Mention.platform) == platform, col(Mention.native_id).in_(some))
        found |= {row.native_id: row for row in session.execute(asked)}
    return found


def _add(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention], now: datetime) -> int:
    authors = _authors(session, platform, mentions)
    conversations = _conversations(session, source, platform, mentions)
    rows = [
        {
            "platform": platform,
            "native_id": mention.native_id,
            "source": source.name,
            "conversation_id": conversations[mention.conversation],
            "author_id": authors[mention.author.native_id] if mention.author else None,
            "kind": mention.kind,
            "title": mention.title,
            "text": mention.text,
            "search": search_words(mention.words),
            "language": mention.language,
            "url": mention.url,
            "parent": mention.parent,
            "stars": mention.stars,
            "rating": mention.rating,
            "reach": mention.reach,
            "ours": mention.ours,
            "attachments": list(mention.attachments),
            "said_at": mention.said_at,
            "heard_at": now,
            "edited_at": mention.edited_at,
            "read_at": now if mention.ours else None,
            "routed_at": now if mention.ours else None,
        }
        for mention in mentions
    ]
    return len(insert_new(session, Mention, rows, returning=[table(Mention).c.id]))


def _authors(session: Session, platform: str, mentions: Sequence[heard.Mention]) -> dict[str, int]:
    authors = {mention.author.native_id: mention.author for mention in mentions if mention.author}
    found = _ids(session, Author, platform, sorted(authors))
    missing = [
        {"platform": platform, **author.model_dump()} for native_id, author in sorted(authors.items()) if native_id not in found
    ]
    return _with_new(session, Author, platform, found, missing)


def _conversations(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention]) -> dict[str, int]:
    said: dict[str, list[datetime]] = {}
    for mention in mentions:
        said.setdefault(mention.conversation, []).append(mention.said_at)
    found = _ids(session, Conversation, platform, sorted(said))
    missing = [
        {
            "platform": platform,
            "native_id": native_id,
            "source": source.name,
            "started_at": min(times),
            "last_said_at": max(times),
        }
        for native_id, times in sorted(said.items())
        if native_id not in found
    ]
    later = [{"of": found[native_id], "at": max(times)} for native_id, times in sorted(said.items()) if native_id in found]
    for one in later:
        newer = update(Conversation).where(col(Conversation.id) == one["of"], col(Conversation.last_said_at) < one["at"])
        session.execute(newer.values(last_said_at=one["at"]))
    return _with_new(session, Conversation, platform, found, missing)


def _ids(session: Session, model: type[Author] | type[Conversation], platform: str, native_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(native_ids):
        asked = select(model.native_id, model.id).where(model.platform == platform, col(model.native_id).in_(some))
        found |= dict(session.execute(asked).tuples().all())
    return found


def _with_new(
    session: Session,
    model: type[Author] | type[Conversation],
    platform: str,
    found: dict[str, int],
    missing: list[dict[str, Any]],
) -> dict[str, int]:
    columns = table(model).c
    found |= {row.native_id: row.id for row in insert_new(session, model, missing, returning=[columns.native_id, columns.id])}
    lost = [row["native_id"] for row in missing if row["native_id"] not in found]  # another worker was faster
    return found | _ids(session, model, platform, lost) if lost else found


def _change(session: Session, there: Any, mention: heard.Mention, now: datetime) -> bool:
    """Take over an edit: the old words become a version, the new ones are read and routed again. Return whether it was one."""
    same = (there.title, there.text, there.stars) == (mention.title, mention.text, mention.stars)
    if there.deleted_at and not same and _older(mention.edited_at, there.edited_at):
        return False
    if there.deleted_at:  # the platform shows it again
        session.execute(update(Mention).where(col(Mention.id) == there.id).values(deleted_at=None))
    if same or _older(mention.edited_at, there.edited_at):
        return False
    version = {"mention_id": there.id, "title": there.title, "text": there.text, "stars": there.stars, "replaced_at": now}
    session.execute(plain_insert(MentionVersion).values(version))
    session.execute(
        update(Mention)
        .where(col(Mention.id) == there.id)
        .values(
            title=mention.title,
            text=mention.text,
            stars=mention.stars,
            rating=mention.rating,
            search=search_words(mention.words),
            edited_at=mention.edited_at or now,
            read_at=now if mention.ours else None,
            routed_at=now if mention.ours else None,
            claimed_by=None,
            claimed_until=None,
        )
    )
    return True


def _note_deleted(session: Session, source: Source, native_ids: Sequence[str], now: datetime) -> int:
    gone = 0
    for some in chunks(native_ids):
        theirs = (col(Mention.source) == source.name, col(Mention.native_id).in_(some), col(Mention.deleted_at).is_(None))
        conversations = session.exec(select(Mention.conversation_id).where(*theirs)).all()
        gone += affected(session.execute(update(Mention).where(*theirs).values(deleted_at=now)))
        close_the_deleted(session, conversations, now)
    return gone


def _quarantine(session: Session, source: Source, broken: Sequence[Raw], now: datetime, pull_id: int | None) -> int:
    rows = {
        hashlib.sha256(payload.place.encode() + b"\0" + payload.raw).hexdigest(): {
            "source": source.name,
            "place": heard.storable(payload.place),
            "reason": heard.storable(payload.reason),
            "raw": payload.raw,
            "heard_at": now,
            "pull_id": pull_id,
        }
        for payload in broken
    }
    with_digest = [row | {"digest": digest} for digest, row in sorted(rows.items())]
    return len(insert_new(session, Quarantine, with_digest, returning=[table(Quarantine).c.id]))


def _count(session: Session, pull_id: int, kept: Kept, oldest_unread: datetime | None) -> None:
    more: Mapping[str, Any] = {
        "pages": col(Pull.pages) + 1,
        "fetched": col(Pull.fetched) + kept.fetched,
        "new": col(Pull.new) + kept.new,
        "changed": col(Pull.changed) + kept.changed,
        "deleted": col(Pull.deleted) + kept.deleted,
        "quarantined": col(Pull.quarantined) + kept.quarantined,
        "oldest_unread": oldest_unread,
    }
    session.execute(update(Pull).where(col(Pull.id) == pull_id).values(**more))
