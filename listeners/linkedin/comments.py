"""LinkedIn's JSON: comments and notifications become Mentions here, and nothing past this file knows their shape."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.linkedin.urns import comment_of, link, post_of, time_of, whole
from listeners.paging import Json, pick
from listeners.recount import number
from listeners.times import instant

PLATFORM = "linkedin"
POSTS = ("SHARE_MENTION", "SHARE")
COMMENTS = ("COMMENT", "ADMIN_COMMENT", "COMMENT_EDIT")
DELETED = "COMMENT_DELETE"


def urn_of(comment: Json) -> str:
    """Return a comment's name; older versions write it as "$URN", the oldest not at all (recorded)."""
    return whole(comment.get("commentUrn") or comment.get("$URN") or comment_of(comment["object"], comment["id"]))


def to_mention(comment: Json, ours: str) -> Mention:
    """Turn a comment, or a reply below one, into a Mention; *ours* is the organization that listens."""
    native_id, parent = urn_of(comment), whole(comment.get("parentComment")) or None
    said_at, changed = instant(pick(comment, "created.time")), instant(pick(comment, "lastModified.time"))
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": parent or native_id,
            "parent": parent,
            "kind": "comment",
            "text": (pick(comment, "message.text") or "").strip(),
            "author": _author(comment.get("actor")),
            "url": link(native_id),
            "said_at": said_at,
            "edited_at": changed if said_at and changed and changed > said_at else None,
            "ours": comment.get("actor") == ours,
            "attachments": tuple(one["url"] for one in comment.get("content") or () if one.get("url")),
        }
    )


def noted(notification: Json, ours: str) -> Mention | None:
    """Turn a notification about a comment or a post into a Mention; None for what has no words (a like, a bare repost)."""
    action, changed = notification.get("action"), instant(notification.get("lastModifiedAt"))
    if action in COMMENTS:
        return _comment(_part(notification, "comment"), ours, changed if action == "COMMENT_EDIT" else None, changed)
    if action not in POSTS:
        return None
    post = _part(notification, "share")
    return _post(post, ours, changed) if (post.get("text") or "").strip() else None


def _part(notification: Json, name: str) -> Json:
    part = pick(notification, f"decoratedGeneratedActivity.{name}")
    if not isinstance(part, dict):
        raise NotUnderstood(f"a notification without its {name}")
    return part


def _comment(part: Json, ours: str, edited_at: datetime | None, heard_at: datetime | None) -> Mention:
    native_id, below = whole(part["entity"]), whole(part.get("object"))
    parent = below if post_of(below) != below else None
    above = {"parent": parent, "conversation": parent or native_id}
    return Mention.model_validate(_common(part, ours, native_id, heard_at) | above | {"kind": "comment", "edited_at": edited_at})


def _post(part: Json, ours: str, heard_at: datetime | None) -> Mention:
    native_id = str(part["entity"])
    return Mention.model_validate(_common(part, ours, native_id, heard_at) | {"kind": "post", "conversation": native_id})


def _common(part: Json, ours: str, native_id: str, heard_at: datetime | None) -> dict[str, Any]:
    return {
        "platform": PLATFORM,
        "native_id": native_id,
        "text": (part.get("text") or "").strip(),
        "author": _author(part.get("owner")),
        "url": link(native_id),
        "said_at": time_of(native_id) or heard_at,
        "ours": part.get("owner") == ours,
    }


def as_share(post: Json) -> Json:
    """Return a post as a notification shows it."""
    return {"owner": post.get("author"), "text": post.get("commentary"), "entity": post.get("id")}


def _author(urn: object) -> Author | None:
    """LinkedIn names nobody: people's names need a permission that it gives to few, and must not be kept."""
    if not urn:
        return None
    _, kind, number = f"::{urn}".rsplit(":", 2)
    url = f"https://www.linkedin.com/company/{number}" if kind == "organization" else None
    return Author(native_id=str(urn), url=url)


def amount(summary: Mapping[str, Any]) -> int:
    """Return how many comments and replies something has (socialActions.summary, recorded 2025)."""
    found = pick(summary, "commentsSummary.aggregatedTotalComments")
    return number(found if found is not None else pick(summary, "commentsSummary.totalFirstLevelComments"))
