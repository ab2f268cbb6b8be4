"""New mentions, with the authors and conversations they belong to: a handful of statements for a page, whatever its size."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session

from desk import mention as heard
from desk.source import Source
from desk.words import search_words
from store.tables import Author, Conversation, Mention
from store.writing import count_new, table, upsert_all

_KEY = ("platform", "native_id")


def add(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention], now: datetime) -> int:
    """Store mentions that are not there yet, as a rule; return how many were not.

    Everything is written in the order of its key, so that workers that keep the same page wait for each other once and
    never in a circle.
    """
    if not mentions:
        return 0
    authors = _authors(session, platform, mentions)
    conversations = _conversations(session, source, platform, mentions)
    rows = [_row(source, mention, now, authors, conversations) for mention in mentions]
    return count_new(session, Mention, rows)


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
    authors = {mention.author.native_id: mention.author for mention in mentions if mention.author}
    rows = [
        {
            "platform": platform,
            "native_id": author.native_id,
            "handle": author.handle,
            "name": author.name,
            "url": author.url,
            "followers": author.followers,
        }
        for _, author in sorted(authors.items())
    ]
    columns = table(Author).c
    found = upsert_all(session, Author, rows, _KEY, _newer_author, [columns.native_id, columns.id])
    return dict(map(tuple, found))


def _newer_author(there: Any, given: Any) -> dict[str, Any]:
    said = {name: func.coalesce(func.nullif(given[name], ""), there[name]) for name in ("handle", "name")}
    return said | {name: func.coalesce(given[name], there[name]) for name in ("url", "followers")}


def _conversations(session: Session, source: Source, platform: str, mentions: Sequence[heard.Mention]) -> dict[str, int]:
    said: dict[str, list[datetime]] = {}
    for mention in mentions:
        said.setdefault(mention.conversation, []).append(mention.said_at)
    rows = [
        {"platform": platform, "native_id": one, "source": source.name, "started_at": min(times), "last_said_at": max(times)}
        for one, times in sorted(said.items())
    ]
    columns = table(Conversation).c
    found = upsert_all(session, Conversation, rows, _KEY, _longer, [columns.native_id, columns.id])
    return dict(map(tuple, found))


def _longer(there: Any, given: Any) -> dict[str, Any]:
    return {
        "started_at": case((given.started_at < there.started_at, given.started_at), else_=there.started_at),
        "last_said_at": case((given.last_said_at > there.last_said_at, given.last_said_at), else_=there.last_said_at),
    }
