"""What is said on Reddit, as PRAW gives it: a post, a comment, a private message or a modmail becomes a Mention here."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from desk.source import Span
from listeners.paging import Json

PLATFORM = "reddit"
_SITE = "https://www.reddit.com"
_TAKEN_BACK = ("[deleted]", "[removed]")
"""What Reddit leaves of a text that its author or a moderator took away."""


class Options(BaseModel):
    """What a Reddit source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subreddits: tuple[str, ...] = ()
    """Every post and comment in these."""
    queries: tuple[str, ...] = ()
    """Posts anywhere that hold these words, and the comments below them."""
    threads_for: Span = timedelta(days=7)
    """How long the comments below a post that was found are heard."""
    mentions: bool = False
    """Comments that name our account or answer it."""
    messages: bool = False
    """Private messages of our account, both sides."""
    modmail: tuple[str, ...] = ()
    """Subreddits whose mail to the moderators is heard."""
    username: str = ""
    """Our account: what it says is ours."""
    accounts: tuple[str, ...] = ()
    """Other accounts of ours."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.subreddits or self.queries or self.mentions or self.messages or self.modmail):
            raise ValueError('name what to hear: subreddits = ["yourshop"], queries = ["your shop"] or mentions = true')
        if (self.mentions or self.messages) and not self.username:
            raise ValueError("mentions and messages need username: the account they are for")
        return self

    @property
    def ours(self) -> frozenset[str]:
        """Our accounts, in small letters."""
        return frozenset(name.lower() for name in (self.username, *self.accounts) if name)


def to_mention(thing: Json, ours: frozenset[str] = frozenset()) -> Mention | None:
    """Turn a post, comment or private message into a Mention; None for what was taken back. Raises NotUnderstood."""
    name = str(thing.get("fullname") or "")
    text = thing.get("selftext") if name.startswith("t3_") else thing.get("body")
    if (text or "").strip() in _TAKEN_BACK or thing.get("removed_by_category"):
        return None
    return Mention.model_validate(
        {
            "platform": PLATFORM,
            "native_id": name,
            "text": (text or "").strip(),
            "author": _author(thing.get("author"), thing.get("author_fullname")),
            "said_at": thing.get("created_utc"),
            "edited_at": thing.get("edited") or None,
            "ours": str(thing.get("author")).lower() in ours,
        }
        | _place(name, thing)
    )


def _place(name: str, thing: Json) -> dict[str, Any]:
    """Return where something stands: kind, conversation, parent, address and title."""
    if name.startswith("t3_"):
        link = thing.get("url") if not thing.get("is_self", True) else None
        title, reach = thing.get("title") or "", thing.get("subreddit_subscribers")
        more = {"title": title, "reach": reach, "attachments": (link,) if link else (), "url": _url(thing.get("permalink"))}
        return {"kind": "post", "conversation": name, **more}
    if name.startswith("t1_"):
        address = str(thing.get("permalink") or thing.get("context") or "").partition("?")[0]
        root = thing.get("link_id") or _root(address)
        found = _url(address) or f"{_SITE}/comments/{str(root)[3:]}/_/{name[3:]}"
        return {"kind": "comment", "conversation": root, "parent": thing.get("parent_id"), "url": found}
    if name.startswith("t4_"):
        parent, first = thing.get("parent_id"), thing.get("first_message_name")
        title, url = "" if parent else thing.get("subject") or "", f"{_SITE}/message/messages/{name[3:]}"
        return {"kind": "dm", "conversation": first or parent or name, "parent": parent, "title": title, "url": url}
    raise NotUnderstood("neither a post nor a comment nor a message")


def _root(address: str) -> str:
    """Return the post that a comment's address names (an inbox tells no other way): /r/SUB/comments/POST/TITLE/COMMENT/."""
    parts = address.split("/")
    if "comments" not in parts[:-1]:
        raise NotUnderstood("a comment that does not say which post it belongs to")
    return f"t3_{parts[parts.index('comments') + 1]}"


def _url(path: object) -> str | None:
    return f"{_SITE}{path}" if path else None


def _author(name: object, number: object) -> Author | None:
    if not name or name == "[deleted]":
        return None
    return Author(native_id=str(number or name), handle=str(name), name=str(name), url=f"{_SITE}/user/{name}")


def mail_to_mention(said: Json) -> Mention | None:
    """Turn a message of modmail into a Mention; None for a note among moderators. What moderators say is ours."""
    if said.get("is_internal"):
        return None
    thread = f"modmail/{said['conversation']}"
    return Mention(
        platform=PLATFORM,
        native_id=f"{thread}/{said['id']}",
        conversation=thread,
        kind="dm",
        title=said.get("subject") or "" if said.get("first") else "",
        text=(said.get("body_markdown") or "").strip(),
        author=_author(said.get("author"), None),
        url=f"https://mod.reddit.com/mail/perma/{said['conversation']}",
        said_at=said["date"],
        ours=bool(said.get("moderator")),
    )
