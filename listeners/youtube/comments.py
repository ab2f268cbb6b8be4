"""YouTube's JSON: comments become Mentions here, and nothing past this file knows their shape."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from desk.mention import Author, Mention
from listeners.http import Client
from listeners.paging import Json, by_token, listed, pick
from listeners.times import instant

PLATFORM = "youtube"
AT_ONCE = 100
PLAIN = {"textFormat": "plainText"}
_LOOKED_UP = 50


def to_mention(comment: Json, ours: Iterable[str] = ()) -> Mention:
    """Turn a comment or an answer into a Mention. Nothing else here knows its shape."""
    said, native_id = comment["snippet"], str(comment["id"])
    who = pick(said, "authorChannelId.value") or said.get("authorChannelUrl")
    name = said.get("authorDisplayName") or ""
    changed = instant(said.get("updatedAt"))
    began = instant(said["publishedAt"])
    author = {"native_id": who, "name": name, "handle": name if name.startswith("@") else "", "url": said.get("authorChannelUrl")}
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": native_id,
            "conversation": said.get("parentId") or thread_of(native_id),
            "parent": said.get("parentId"),
            "kind": "comment",
            "text": (said.get("textOriginal") or said.get("textDisplay") or "").strip(),
            "author": Author.model_validate(author) if who else None,
            "url": _link(said, native_id),
            "said_at": began,
            "edited_at": changed if changed and began and changed > began else None,
            "ours": bool(who) and who in set(ours),
        }
    )


def _link(said: Mapping[str, Any], native_id: str) -> str | None:
    if said.get("videoId"):
        return f"https://www.youtube.com/watch?v={said['videoId']}&lc={native_id}"
    # comments about the channel itself, which YouTube had until 2022 (recorded)
    return f"https://www.youtube.com/channel/{said['channelId']}/discussion?lc={native_id}" if said.get("channelId") else None


def thread_of(native_id: str) -> str:
    """Return the id of the thread: an answer's id is its thread's, a dot, and its own (recorded)."""
    return native_id.partition(".")[0]


def pages(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[list[Json]]:
    """Walk a list of YouTube's."""
    return by_token(client, path, params, items="items", token="nextPageToken", param="pageToken")  # noqa: S106


def below(client: Client, thread_id: str) -> Iterator[Json]:
    """Yield the answers of a thread."""
    params = {"part": "snippet", "parentId": thread_id, "maxResults": AT_ONCE, **PLAIN}
    return (answer for answers in pages(client, "/comments", params) for answer in answers)


def gone(client: Client, ids: list[str]) -> tuple[str, ...]:
    """Return which of these comments YouTube does not have any more."""
    there: set[str] = set()
    for start in range(0, len(ids), _LOOKED_UP):
        body = client.get_json("/comments", {"part": "id", "id": ",".join(ids[start : start + _LOOKED_UP])})
        there |= {str(item.get("id")) for item in listed(client, body, "items")}
    return tuple(one for one in ids if one not in there)
