"""Discourse's JSON: a post becomes a Mention here, and nothing past this file knows its shape."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import NotUnderstood
from desk.mention import Author, Mention
from listeners.paging import Json
from listeners.plain import images, plain

PLATFORM = "discourse"
_REGULAR = 1
"""The type of a post that somebody wrote (others: a moderator's action, a small notice, a whisper)."""


class Options(BaseModel):
    """What a Discourse source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    everything: bool = False
    """Every public post of the forum."""
    categories: tuple[int, ...] = ()
    """The numbers of categories whose posts are heard; subcategories have numbers of their own."""
    queries: tuple[str, ...] = ()
    """Posts that hold these words, and the topics they are found in."""
    direct: bool = False
    """Private messages of `username`, both sides."""
    username: str = ""
    """The user the API key acts as: what it says is ours."""
    accounts: tuple[str, ...] = ()
    """Other users of ours."""
    staff: bool = False
    """Whether what admins and moderators say is ours: on the company's own forum."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.everything or self.categories or self.queries or self.direct):
            raise ValueError('name what to hear: everything = true, categories = [5], queries = ["your shop"] or direct = true')
        if self.direct and not self.username:
            raise ValueError("direct needs username: the user whose private messages are heard")
        return self


@dataclass(frozen=True)
class Forum:
    """The forum that is asked: its name is part of every id, for ids are numbers of one forum only."""

    url: str
    host: str
    options: Options

    def is_ours(self, post: Json) -> bool:
        """Say whether the listening company speaks."""
        names = {self.options.username.lower(), *(name.lower() for name in self.options.accounts)} - {""}
        return str(post.get("username")).lower() in names or (self.options.staff and bool(post.get("staff")))


def read(post: Json, forum: Forum, direct: bool) -> Mention | None:
    """Return one post; None for a notice of the system, and for what its author has taken back (it stays as a stub for a day)."""
    if post.get("post_type", _REGULAR) != _REGULAR or post.get("user_deleted") or int(post.get("user_id") or 0) < 0:
        return None
    return to_mention(post, forum.url, forum.host, direct=direct, ours=forum.is_ours(post))


def to_mention(post: Json, url: str, host: str, *, direct: bool = False, ours: bool = False) -> Mention:
    """Turn a post into a Mention; raises NotUnderstood. Its id names topic and number, as its address does."""
    topic, number = post.get("topic_id"), post.get("post_number")
    if topic is None or number is None:
        raise NotUnderstood("a post without a topic or a number")
    first = str(number) == "1"
    name, cooked = post.get("username") or "", post.get("cooked") or ""
    return Mention(
        platform=PLATFORM,
        native_id=f"{host}/{topic}/{number}",
        conversation=f"{host}/{topic}/1",
        kind="dm" if direct else "post" if first else "comment",
        title=plain(post.get("topic_title") or "") if first else "",
        text=plain(cooked, without="aside.quote, .meta"),
        author=_author(post, url, host) if name else None,
        url=f"{url}/t/{post.get('topic_slug') or '-'}/{topic}/{number}",
        parent=None if first else f"{host}/{topic}/{post.get('reply_to_post_number') or 1}",
        said_at=post["created_at"],
        edited_at=post.get("updated_at") if int(post.get("version") or 1) > 1 else None,
        language=str(post.get("locale") or "")[:16] or None,
        reach=post.get("reads"),
        ours=ours,
        attachments=images(cooked),
    )


def _author(post: Json, url: str, host: str) -> Author:
    name = post["username"]
    return Author(
        native_id=f"{host}/{post.get('user_id') or name}",
        handle=name,
        name=post.get("name") or post.get("display_username") or name,
        url=f"{url}/u/{name}",
    )
