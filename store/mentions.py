"""Keep what was heard: a page and its cursor in one transaction, everything once, edits as versions.

Guarantees 1, 2, 3 and 6: nothing heard is lost, nothing comes twice, edits and deletions are seen, what is not understood
is kept.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlmodel import Session, col, select, update

from desk import mention as heard
from desk.errors import LeaseLost
from desk.source import Source
from store import arrivals, edits, leases, tombstones
from store.answers import note_our_answers
from store.tables import Mention, Pull, Quarantine, SourceState
from store.writing import insert_new, upsert, whole


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
    refused: int = 0
    """What was erased before (`store.tombstones`), or is older than what is kept."""

    def __add__(self, other: "Kept") -> "Kept":
        return Kept(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def keep(
    session: Session,
    source: Source,
    page: Page,
    *,
    now: datetime,
    lease: leases.Held | None = None,
    pull_id: int | None = None,
    retention: timedelta | None = None,
) -> Kept:
    """Store *page* and its cursor in one transaction, and commit it.

    What was last worded longer ago than *retention*, or was erased before, is left out. Raises LeaseLost, with nothing stored,
    where *lease* is no longer held. The same page again changes nothing. ``deleted`` of the page are native ids of the source's
    platform.
    """
    kept_until = now - retention if retention else None
    return whole(session, lambda: _keep(session, source, page, now, lease, pull_id, kept_until))


def _keep(
    session: Session,
    source: Source,
    page: Page,
    now: datetime,
    lease: leases.Held | None,
    pull_id: int | None,
    since: datetime | None,
) -> Kept:
    if lease and not leases.renew(session, lease, now):
        session.rollback()
        raise LeaseLost(f'the lease on "{source.name}" has expired; another worker may have it')
    wanted = _wanted(session, page.mentions, since)
    counts = [
        _keep_mentions(session, source, platform, mentions, now)
        for turn in _rounds(wanted)
        for platform, mentions in sorted(turn.items())
    ]
    kept = Kept(
        fetched=len(page.mentions) + len(page.broken),
        new=sum(new for new, _ in counts),
        changed=sum(changed for _, changed in counts),
        deleted=edits.note_deleted(session, source.platform, page.deleted, now),
        quarantined=_quarantine(session, source, page.broken, now, pull_id),
        refused=len(page.mentions) - len(wanted),
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


def _wanted(session: Session, mentions: Sequence[heard.Mention], since: datetime | None) -> list[heard.Mention]:
    """Return what may be stored: nothing that was erased, and nothing too old, unless it is news of what is here."""
    young = [one for one in mentions if since is None or (one.edited_at or one.said_at) >= since]
    old = [one for one in mentions if since is not None and (one.edited_at or one.said_at) < since]
    for platform in {one.platform for one in old}:
        stored = edits.there(session, platform, [one.native_id for one in old if one.platform == platform])
        young += [one for one in old if one.platform == platform and one.native_id in stored]
    return tombstones.let_in(session, young)


def _rounds(mentions: Iterable[heard.Mention]) -> list[dict[str, list[heard.Mention]]]:
    """Return the page by platform, each mention once; a second version of a mention is a second round, and so on."""
    versions: dict[tuple[str, str], list[heard.Mention]] = {}
    for mention in mentions:
        so_far = versions.setdefault((mention.platform, mention.native_id), [])
        if not so_far or _said(so_far[-1]) != _said(mention):
            so_far.append(mention)
    rounds: list[dict[str, list[heard.Mention]]] = []
    for (platform, _), said in versions.items():
        rounds += [{} for _ in range(len(said) - len(rounds))]
        for turn, mention in enumerate(said):
            rounds[turn].setdefault(platform, []).append(mention)
    return rounds


def _said(mention: heard.Mention) -> tuple[object, ...]:
    return mention.title, mention.text, mention.stars, mention.edited_at


def _keep_mentions(
    session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention], now: datetime
) -> tuple[int, int]:
    """Return how many were new, and how many changed."""
    native_ids = [mention.native_id for mention in mentions]
    stored = edits.there(session, platform, native_ids)
    fresh = [mention for mention in mentions if mention.native_id not in stored]
    added = arrivals.add(session, source, platform, fresh, now)
    if added < len(fresh):  # another worker kept some of them since we looked: they may hold an edit
        stored = edits.there(session, platform, native_ids)
    changed = edits.take_over(session, platform, mentions, stored, now)
    if ours := sorted((mention.said_at, mention.conversation) for mention in fresh if mention.ours):
        note_our_answers(session, platform, {conversation: said_at for said_at, conversation in ours}, now)
    return added, changed


def _quarantine(session: Session, source: Source, broken: Sequence[Raw], now: datetime, pull_id: int | None) -> int:
    rows = {
        hashlib.sha256(heard.storable(payload.place).encode() + b"\0" + payload.raw).hexdigest(): {
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
    return insert_new(session, Quarantine, with_digest)


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
