"""Instagram's JSON: comments, tagged posts and mentions become Mentions here, and nothing past this file knows their shape."""

from desk.mention import Author, Mention
from listeners.graph import VERSION, when
from listeners.http import Client
from listeners.instagram.options import Options
from listeners.meta_messages import is_us
from listeners.paging import Json

PLATFORM = "instagram"
COMMENT = "id,text,timestamp,username,from{id,username},parent_id"
TAGGED = "id,caption,timestamp,username,permalink,media_url"
MENTION = "mention/"
"""Begins the conversation below somebody else's post: what is said there is answered by another door."""


def root(client: Client, options: Options) -> str:
    """Return where the API is: a page's token belongs to Facebook's address, an account's own token to Instagram's."""
    host = "graph.facebook.com" if options.page else "graph.instagram.com"
    return client.at(f"https://{host}/{VERSION}")


def us(options: Options) -> set[str]:
    """Return the names and numbers of our account."""
    return {options.handle.lower(), options.account, options.page} - {"", "me"}


def comment_to_mention(comment: Json, media: Json, ours: set[str], above: str = "") -> Mention:
    """Turn a comment below a post of ours into a Mention: with its answers it is a conversation (*above*: which it answers).

    The name alone came in 2020, the number with it later (recorded; docs "IG Comment").
    """
    who = _who(comment)
    parent = comment.get("parent_id") or above
    link = media.get("permalink")
    return Mention(
        platform=PLATFORM,
        native_id=comment["id"],
        conversation=parent or comment["id"],
        kind="comment",
        text=(comment.get("text") or "").strip(),
        author=_author(who),
        url=f"{link}c/{comment['id']}/" if link else None,
        parent=parent or media.get("id"),
        said_at=when(comment["timestamp"]),
        ours=is_us(who, ours),
    )


def mentioned_comment(comment: Json, media: Json) -> Mention:
    """Turn a comment below somebody's post, in which we are mentioned, into a Mention."""
    said = comment_to_mention(comment, media, set())
    conversation = f"{MENTION}{media.get('id') or comment['id']}"
    return said.model_copy(update={"conversation": conversation, "url": media.get("permalink")})


def media_to_mention(media: Json) -> Mention:
    """Turn somebody's post in which we are tagged or mentioned into a Mention."""
    return Mention(
        platform=PLATFORM,
        native_id=media["id"],
        conversation=f"{MENTION}{media['id']}",
        kind="post",
        text=(media.get("caption") or "").strip(),
        author=_author(_who(media)),
        url=media.get("permalink"),
        said_at=when(media["timestamp"]),
        attachments=tuple(filter(None, [media.get("media_url")])),
    )


def _who(said: Json) -> Json:
    """Return who spoke: deliveries have a number and a name, older answers a name only."""
    who = said.get("from") or {}
    return {"id": who.get("id"), "username": who.get("username") or said.get("username")}


def _author(who: Json) -> Author | None:
    handle = who.get("username") or ""
    if not (who.get("id") or handle):
        return None
    url = f"https://www.instagram.com/{handle}/" if handle else None
    return Author(native_id=who.get("id") or handle, handle=handle, name=handle, url=url)
