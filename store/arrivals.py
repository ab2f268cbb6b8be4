"""New mentions, with the authors and conversations they belong to: a handful of statements for a page, whatever its size."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from desk import mention as heard
from desk.source import Source
from desk.words import search_words
from store.tables import Author, Conversation, Mention
from store.writing import insert_new, upsert_ids

_NEWER_AUTHOR = """
    handle = coalesce(nullif(excluded.handle, ''), author.handle), name = coalesce(nullif(excluded.name, ''), author.name),
    url = coalesce(nullif(excluded.url, ''), author.url), followers = coalesce(excluded.followers, author.followers)"""
_LONGER_CONVERSATION = """
    started_at = CASE WHEN excluded.started_at < conversation.started_at
        THEN excluded.started_at ELSE conversation.started_at END,
    last_said_at = CASE WHEN excluded.last_said_at > conversation.last_said_at
        THEN excluded.last_said_at ELSE conversation.last_said_at END"""


def add(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention], now: datetime) -> int:
    """Store mentions that are not there yet, as a rule; return how many were not.

    Everything is written in the order of its key, so that workers that keep the same page wait for each other once and
    never in a circle.
    """
    if not mentions:
        return 0
    authors = _authors(session, platform, mentions)
    conversations = _conversations(session, source, platform, mentions)
    rows = [_row(source, mention, now, authors, conversations) for mention in sorted(mentions, key=_by_id)]
    return insert_new(session, Mention, rows)


def _by_id(mention: heard.Mention) -> str:
    return mention.native_id


def _row(
    source: Source, mention: heard.Mention, now: datetime, authors: Mapping[str, int], conversations: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "platform": mention.platform,
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


def _authors(session: Session, platform: str, mentions: Sequence[heard.Mention]) -> dict[str, int]:
    """Return the ids of authors by their native ids; what a platform says of them now replaces what it said before."""
    rows: dict[str, dict[str, Any]] = {}
    for author in (mention.author for mention in mentions if mention.author):
        said = author.model_dump()
        before = rows.get(author.native_id, said)
        rows[author.native_id] = {"platform": platform} | {
            name: before[name] if value in (None, "") else value for name, value in said.items()
        }
    return upsert_ids(session, Author, [rows[one] for one in sorted(rows)], _NEWER_AUTHOR)


def _conversations(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention]) -> dict[str, int]:
    said: dict[str, list[datetime]] = {}
    for mention in mentions:
        said.setdefault(mention.conversation, []).append(mention.said_at)
    rows = [
        {"platform": platform, "native_id": one, "source": source.name, "started_at": min(times), "last_said_at": max(times)}
        for one, times in sorted(said.items())
    ]
    return upsert_ids(session, Conversation, rows, _LONGER_CONVERSATION)
