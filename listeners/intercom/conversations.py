"""Intercom's JSON: a conversation becomes mentions here, and nothing past this file knows its shape."""

from functools import partial
from typing import Any

from desk.errors import NotUnderstood
from desk.mention import Author, Kind, Mention
from listeners.batches import Batch, understood
from listeners.intercom.api import Here
from listeners.paging import pick
from listeners.plain import plain
from listeners.times import instant

PLATFORM = "intercom"
Json = dict[str, Any]
_PEOPLE = ("user", "lead", "contact")
"""Kinds of authors that are customers; the others (admin, bot, team) speak for the company."""


def mentions_of(conversation: Json, here: Here) -> Batch:
    """Return what was said in a conversation, and which of its parts have been taken back ("redacted")."""
    place = f"conversation {conversation.get('id')}"
    parts = pick(conversation, "conversation_parts.conversation_parts", [])
    first = [{**(conversation.get("source") or {}), "created_at": conversation.get("created_at"), "part_type": "source"}]
    rating = [conversation["conversation_rating"]] if here.ratings and pick(conversation, "conversation_rating.rating") else []
    said = understood([*first, *parts], partial(to_mention, conversation=conversation, here=here), place)
    rated = understood(rating, partial(rating_to_mention, conversation=conversation, here=here), place)
    gone = tuple(native(conversation.get("id"), part.get("id")) for part in parts if part.get("redacted"))
    return Batch(found=said.found + rated.found, deleted=gone)


def to_mention(part: Json, conversation: Json, here: Here) -> Mention | None:
    """Turn a part (or the first message) into a Mention; None for notes, events and what was taken back. Raises NotUnderstood."""
    begins, note = part["part_type"] == "source", part["part_type"].startswith("note")
    text = plain(part.get("body") or "")
    attached = tuple(one["url"] for one in part.get("attachments") or () if one.get("url"))
    if note or part.get("redacted") or not (text or attached or begins):
        return None
    said_at = instant(part["created_at"])
    if said_at is None:
        raise NotUnderstood(f"a part of {part['created_at']!r}")
    who = part.get("author") or {}
    return Mention(
        platform=PLATFORM,
        native_id=native(conversation["id"], "source" if begins else part["id"]),
        conversation=conversation["id"],
        kind=_kind(conversation),
        title=plain(part.get("subject") or ""),
        text=text,
        author=Author(native_id=who["id"], handle=who.get("email") or "", name=who.get("name") or "") if who.get("id") else None,
        url=here.link(conversation["id"]),
        said_at=said_at,
        ours=bool(who) and who.get("type") not in _PEOPLE,
        attachments=attached,
    )


def rating_to_mention(rating: Json, conversation: Json, here: Here) -> Mention:
    """Turn the rating of a conversation (1 to 5, with or without a remark) into a Mention; raises NotUnderstood."""
    said_at = instant(rating.get("created_at"))
    if said_at is None:
        raise NotUnderstood("a rating without a time")
    who = pick(rating, "contact.id")
    return Mention(
        platform=PLATFORM,
        native_id=native(conversation["id"], "rating"),
        conversation=conversation["id"],
        kind="survey",
        text=(rating.get("remark") or "").strip(),
        author=Author(native_id=who) if who else None,
        url=here.link(conversation["id"]),
        said_at=said_at,
        stars=float(rating["rating"]),
        rating=f"{rating['rating']}/5",
    )


def native(conversation: object, part: object) -> str:
    """Return a part's native id, which tells its conversation too."""
    return f"{conversation}/{part}"


def _kind(conversation: Json) -> Kind:
    return "email" if pick(conversation, "source.type") == "email" else "dm"
