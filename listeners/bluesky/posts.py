"""Bluesky's posts: what search, notifications and threads give becomes a Mention here, and nothing past this file knows it."""

from datetime import datetime, timedelta
from typing import Any

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.paging import pick
from listeners.times import instant

PLATFORM = "bluesky"
Json = dict[str, Any]
_BELATED = timedelta(hours=1)
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


def to_mention(view: Json, did: str) -> Mention:
    """Turn a post (or a notification, which holds one) into a Mention; *did* is our own account. Raises NotUnderstood."""
    record, author = view["record"], view.get("author") or {}
    uri = str(view["uri"])
    speaker = author.get("did") or author_of(uri)
    return Mention(
        platform=PLATFORM,
        native_id=uri,
        conversation=pick(record, "reply.root.uri") or uri,
        kind="comment" if record.get("reply") else "post",
        text=(record.get("text") or "").strip(),
        author=_author(speaker, author) if speaker else None,
        url=link(uri, author.get("handle") or ""),
        parent=pick(record, "reply.parent.uri"),
        said_at=said_at(view),
        language=str(pick(record, "langs.0", ""))[:16] or None,
        ours=speaker == did,
        attachments=tuple(attached(view.get("embed") or {})),
    )


def said_at(view: Json) -> datetime:
    """Return when a post was said: what its client wrote, unless that is later than its arrival or long before it.

    createdAt is the client's word only (atproto.com, "Timestamps"): a post that arrived late counts from its arrival.
    """
    written, arrived = instant(pick(view, "record.createdAt")), instant(view.get("indexedAt"))
    if written and arrived and not timedelta(0) <= arrived - written <= _BELATED:
        return arrived
    moment = written or arrived
    if moment is None:
        raise NotUnderstood("a post without a time")
    return moment


def sorted_at(view: Json) -> datetime | None:
    """Return what search sorts by: the earlier of the two (app.bsky.feed.searchPosts, "sortAt")."""
    times = [one for one in (instant(pick(view, "record.createdAt")), instant(view.get("indexedAt"))) if one]
    return min(times, default=None)


def author_of(uri: str) -> str:
    """Return the account in an address like ``at://did:plc:x/app.bsky.feed.post/3k…``."""
    parts = uri.split("/")
    return parts[2] if len(parts) > 2 else ""


def key_of(uri: str) -> str:
    """Return the last part of an address, a post's key."""
    return uri.rpartition("/")[2]


def age_of(uri: str, now: datetime) -> timedelta:
    """Return how long ago a post's key was made: keys are microseconds since 1970 in base 32 (atproto.com, "TID")."""
    number = 0
    for letter in key_of(uri):
        number = number * 32 + max(_ALPHABET.find(letter), 0)
    return now - (instant((number >> 10) / 1e6) or now)


def link(uri: str, handle: str) -> str:
    """Return a post's permalink."""
    who = handle if handle and handle != "handle.invalid" else author_of(uri)
    return f"https://bsky.app/profile/{who}/post/{key_of(uri)}"


def _author(did: str, author: Json) -> Author:
    handle = author.get("handle") or ""
    shown = "" if handle == "handle.invalid" else handle
    return Author(
        native_id=did, handle=shown, name=author.get("displayName") or "", url=f"https://bsky.app/profile/{shown or did}"
    )


def attached(embed: Json) -> list[str]:
    """Return links to pictures, films, pages and quoted posts."""
    found = [image.get("fullsize") for image in embed.get("images") or ()]
    found += [embed.get("playlist"), pick(embed, "external.uri")]
    quoted = pick(embed, "record.uri") or pick(embed, "record.record.uri")
    found += [link(quoted, "")] if quoted and "app.bsky.feed.post" in quoted else []
    return [one for one in found if one] + (attached(embed["media"]) if embed.get("media") else [])
