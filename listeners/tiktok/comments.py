"""TikTok's JSON: comments become Mentions here, and nothing past this file knows their shape."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from desk.mention import Author, Mention
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.times import instant

PLATFORM = "tiktok"
AT_ONCE = 30
"""The most comments of one page ("Get comments of an owned video")."""
_BRISK, _PAUSE = 30, 1.6
"""After so many requests of one run TikTok's 40 a minute would soon be spent: from then on each waits (seconds)."""
_MOST = 2_000


def pages(client: Client, path: str, params: Mapping[str, Any], items: str) -> Iterator[list[Json]]:
    """Walk a list by its cursor for as long as TikTok says that there is more; a page may be short, or empty, in between."""
    cursor: object = 0
    before: list[Json] | None = None
    for _ in range(_MOST):
        if client.requests >= _BRISK:
            client.pause(_PAUSE)
        body = client.get_json(path, {**params, "cursor": cursor})
        found = listed(client, body, f"data.{items}")
        if found and found == before:
            return
        yield found
        cursor, before = pick(body, "data.cursor"), found
        if not pick(body, "data.has_more") or cursor is None:
            return


def native(video: object, comment: object) -> str:
    """Return a comment's native id: TikTok wants the video named as well, to answer or to look."""
    return f"{video}/{comment}"


def to_mention(comment: Json, link: str = "") -> Mention:
    """Turn a comment, or a reply below one, into a Mention; *link* is where its video is seen."""
    video, image = comment["video_id"], comment.get("image_url")
    native_id = native(video, comment["comment_id"])
    above = comment.get("parent_comment_id")
    parent = native(video, above) if above and str(above) != "0" else None
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": parent or native_id,
            "parent": parent,
            "kind": "comment",
            "text": (comment.get("text") or "").strip(),
            "author": _author(comment),
            "url": link or f"https://www.tiktok.com/@_/video/{video}",  # TikTok puts the right name in
            "said_at": instant(comment["create_time"]),
            "ours": comment.get("owner") is True,
            "attachments": (image,) if image else (),
        }
    )


def _author(comment: Json) -> Author | None:
    """``unique_identifier`` is the same in all of TikTok's interfaces, ``user_id`` is given up."""
    who, handle = comment.get("unique_identifier") or comment.get("user_id"), comment.get("username") or ""
    if not (who or handle):
        return None
    url = f"https://www.tiktok.com/@{handle}" if handle else None
    return Author.model_validate(
        {"native_id": who or handle, "handle": handle, "name": comment.get("display_name") or "", "url": url}
    )


def link_of(video: Json) -> str:
    """Return where people see a video, without what TikTok puts behind the address to count clicks."""
    parts = urlsplit(str(video.get("share_url") or ""))
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
