"""X's JSON: a post or a direct message becomes a Mention here, and nothing past this file knows their shape."""

import html
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.paging import pick
from listeners.times import instant

PLATFORM = "x"
Json = dict[str, Any]
FIELDS = {
    "tweet.fields": "created_at,author_id,conversation_id,in_reply_to_user_id,lang,public_metrics,referenced_tweets,"
    "edit_history_tweet_ids,entities,attachments,note_tweet",
    "expansions": "author_id,attachments.media_keys",
    "user.fields": "username,name,public_metrics",
    "media.fields": "url,preview_image_url",
}
"""What is asked for with every list of posts: by default X gives the id and the text only (recorded 2022)."""
_SHIFT = 22
_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, UTC)
"""Where the time in an id begins (Twitter's "snowflake")."""
_NO_LANGUAGE = ("und", "zxx", "art", "qam", "qct", "qht", "qme", "qst")
"""What X writes where it found no language: hashtags only, links only, ... (Post annotations, "lang")."""


def id_at(moment: datetime) -> int:
    """Return the smallest id of *moment*."""
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1)) << _SHIFT


def time_of(post_id: object) -> datetime:
    """Return when the post or message with this id was said."""
    return _EPOCH + timedelta(milliseconds=int(str(post_id)) >> _SHIFT)


def joined(body: Json, items: list[Json]) -> list[Json]:
    """Put authors and media, which X lists apart, into the posts they belong to."""
    users = {str(user.get("id")): user for user in pick(body, "includes.users", [])}
    media = {str(one.get("media_key")): one for one in pick(body, "includes.media", [])}
    return [
        item
        | {"author": users.get(str(item.get("author_id") or item.get("sender_id")), {})}
        | {"media": [media[key] for key in pick(item, "attachments.media_keys", []) if key in media]}
        for item in items
    ]


def to_mention(post: Json, me: str) -> Mention | None:
    """Turn a post into a Mention; *me* is our own account. None for a repost, which says nothing new. Raises NotUnderstood.

    An edited post has a new id and names those before it: its first id is who it is.
    """
    above = {one.get("type"): str(one.get("id")) for one in post.get("referenced_tweets") or ()}
    if "retweeted" in above:
        return None
    last = str(post["id"])
    first = str(pick(post, "edit_history_tweet_ids.0") or last)
    speaker = str(post.get("author_id") or "")
    author = post.get("author") or {}
    return Mention(
        platform=PLATFORM,
        native_id=first,
        conversation=post.get("conversation_id") or first,
        kind="comment" if "replied_to" in above or post.get("in_reply_to_user_id") else "post",
        text=words(post),
        author=_author(speaker, author) if speaker else None,
        url=link(author.get("username") or "", last),
        parent=above.get("replied_to"),
        said_at=_said_at(post) if first == last else time_of(first),
        edited_at=None if first == last else time_of(last),
        language=None if post.get("lang") in _NO_LANGUAGE else post.get("lang"),
        reach=pick(author, "public_metrics.followers_count"),
        ours=bool(me) and speaker == me,
        attachments=tuple(one for one in (_address(media) for media in post.get("media") or ()) if one),
    )


def message_to_mention(event: Json, me: str) -> Mention | None:
    """Turn a direct message into a Mention; None for other events (somebody joins). Raises NotUnderstood."""
    if event.get("event_type", "MessageCreate") != "MessageCreate":
        return None
    speaker = str(event.get("sender_id") or "")
    convo = event.get("dm_conversation_id") or speaker or str(event["id"])
    return Mention(
        platform=PLATFORM,
        native_id=f"dm/{event['id']}",
        conversation=f"dm/{convo}",
        kind="dm",
        text=words(event),
        author=_author(speaker, event.get("author") or {}) if speaker else None,
        url=f"https://x.com/messages/{convo}",
        said_at=_said_at(event),
        ours=bool(me) and speaker == me,
        attachments=tuple(one for one in (_address(media) for media in event.get("media") or ()) if one),
    )


def words(post: Json) -> str:
    """Return the whole text as it was typed: long posts have theirs apart, short addresses stand for long ones, & is &amp;."""
    note = post.get("note_tweet") or {}
    text = str(note.get("text") or post.get("text") or "")
    for one in pick(note, "entities.urls") or pick(post, "entities.urls", []):
        text = text.replace(one.get("url") or "\0", one.get("unwound_url") or one.get("expanded_url") or one.get("url") or "")
    return html.unescape(text).strip()


def link(username: str, post_id: str) -> str:
    """Return a post's permalink, which works without the name too."""
    return f"https://x.com/{username or 'i/web'}/status/{post_id}"


def _said_at(post: Json) -> datetime:
    moment = instant(post.get("created_at"))
    if moment is None and post.get("created_at"):
        raise NotUnderstood(f"a post of {post['created_at']!r}")
    return moment or time_of(post["id"])


def _author(native_id: str, user: Json) -> Author:
    handle = user.get("username") or ""
    return Author(
        native_id=native_id,
        handle=handle,
        name=user.get("name") or "",
        url=f"https://x.com/{handle}" if handle else None,
        followers=pick(user, "public_metrics.followers_count"),
    )


def _address(media: Json) -> str | None:
    address: str | None = media.get("url") or media.get("preview_image_url")
    return address
