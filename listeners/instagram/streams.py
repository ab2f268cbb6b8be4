"""The walks: what is said below our posts, posts that tag us, and direct messages; the newest first.

The newest comments and their answers come along with the posts. An answer below an older comment is heard by the count of a post:
where it has changed, all that is said below that post is read. Counts stand in the cursor once all that they count is kept.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from desk.errors import SourceDenied, SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import meta_messages
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.graph import Met, older_than, pages, rest
from listeners.http import Client
from listeners.instagram.options import Options
from listeners.instagram.said import (
    COMMENT,
    PLATFORM,
    TAGGED,
    comment_to_mention,
    media_to_mention,
    mentioned_comment,
    root,
    us,
)
from listeners.paging import Json, pick
from listeners.walks import Newest, gathered

_POSTS = 25
_MOST = 50
"""Comments on a page, as many as Instagram gives."""
_ANSWERS = f"replies.limit({_MOST}){{{COMMENT}}}"
_MEDIA = f"id,permalink,timestamp,comments_count,comments.limit({_MOST}){{{COMMENT},{_ANSWERS}}}"
_BELOW = "media{id,permalink}"
_COUNTS = "counts"


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first in each stream; then what of the look back changed or is gone."""
    options = Options.model_validate(source.options)
    places = json.loads(cursor) if cursor else {}
    counts: dict[str, int] = places.pop(_COUNTS, {})
    account = _Account(client, options, counts)
    here, behind = json.dumps(places), False
    for page in gathered(account.streams(window), here, window, complete=False):
        here, behind = page.cursor or here, behind or page.more
        yield replace(page, cursor=_with(here, counts))
    if not behind and account.now != counts:
        yield Page(cursor=_with(here, account.now))


def _with(cursor: Cursor, counts: Mapping[str, int]) -> Cursor:
    return json.dumps(json.loads(cursor) | ({_COUNTS: counts} if counts else {}), sort_keys=True)


@dataclass
class _Account:
    """One run over one account: how many comments its busy posts had the last time, and have now."""

    client: Client
    options: Options
    before: Mapping[str, int]
    now: dict[str, int] = field(default_factory=dict)
    met: Met = field(default_factory=Met)

    def __post_init__(self) -> None:
        self.root, self.us = root(self.client, self.options), us(self.options)

    def streams(self, window: Window) -> dict[str, Newest]:
        """Return what is to be heard."""
        streams: dict[str, Newest] = {}
        if self.options.comments:
            streams["comments"] = lambda since: self.met.once(self.comments(since))
        if self.options.tagged:
            streams["tagged"] = lambda since: self.met.once(self.tagged(since))
        if self.options.messages:
            streams["messages"] = lambda since: self.met.once(self.messages(since))
        streams["again"] = lambda _since: self.met.missing(window, self.again)
        return streams

    def comments(self, since: datetime) -> Iterator[Batch]:
        """Yield what is said below the last posts."""
        looked_at = 0
        for posts in pages(self.client, f"{self.root}/{self.options.account}/media", {"fields": _MEDIA, "limit": _POSTS}):
            for post in posts:
                yield from self.below(post, since)
            looked_at += len(posts)
            if looked_at >= self.options.posts_back and older_than(since, posts, "timestamp"):
                return

    def below(self, post: Json, since: datetime) -> Iterator[Batch]:
        """Yield what is said below a post, back to a moment; all of it where there are more comments than the last time."""
        post_id, count = str(post.get("id")), int(post.get("comments_count") or 0)
        changed = self.before.get(post_id) != count
        if pick(post, "comments.paging.next"):
            self.now[post_id] = count
        try:
            for comments in rest(self.client, f"{self.root}/{post_id}/comments", post.get("comments")):
                yield understood(comments, partial(comment_to_mention, media=post, ours=self.us), f"comments of {post_id}")
                for comment in comments:
                    yield from self.answers(comment, post)
                if not changed and older_than(since, comments, "timestamp"):
                    return
        except SourceGone:  # the post was deleted between the two questions
            return

    def answers(self, comment: Json, post: Json) -> Iterator[Batch]:
        """Yield the answers to a comment."""
        read = partial(comment_to_mention, media=post, ours=self.us, above=str(comment.get("id")))
        try:
            for answers in rest(self.client, f"{self.root}/{comment.get('id')}/replies", comment.get("replies")):
                yield understood(answers, read, f"answers to {comment.get('id')}")
        except SourceGone:
            return

    def tagged(self, since: datetime) -> Iterator[Batch]:
        """Yield posts that tag us; they are listed nearly by their time (recorded), so a few more are looked at."""
        looked_at = 0
        for posts in pages(self.client, f"{self.root}/{self.options.account}/tags", {"fields": TAGGED, "limit": _POSTS}):
            yield understood(posts, media_to_mention, "tagged posts")
            looked_at += len(posts)
            if looked_at >= self.options.posts_back and older_than(since, posts, "timestamp"):
                return

    def messages(self, since: datetime) -> Iterator[Batch]:
        """Yield direct messages."""
        path, asked = f"/{self.options.page or self.options.account}/conversations", {"platform": "instagram"}
        return meta_messages.dialogues(self.client, self.root, path, asked, PLATFORM, self.us, since)

    def again(self, native_id: str) -> Mention | None:
        """Return what was heard lately as it is now; raises SourceGone.

        Of a mention only a delivery tells, and only its number: its words are asked for here.
        """
        if not native_id.isdigit():
            return meta_messages.one(self.client, self.root, native_id, PLATFORM, self.us)
        try:
            found = self.client.get_json(f"{self.root}/{native_id}", {"fields": f"{COMMENT},{_BELOW}"})
            return comment_to_mention(found, pick(found, "media", {}), self.us)
        except (SourceGone, SourceDenied):  # not below a post of ours
            return self.mentioned(native_id)

    def mentioned(self, native_id: str) -> Mention:
        """Return the comment or post that mentions us (docs "Mentioned Comment", "Mentioned Media"); raises SourceGone."""
        path = f"{self.root}/{self.options.account}"
        try:
            asked = f"mentioned_comment.comment_id({native_id}){{id,text,timestamp,username,{_BELOW}}}"
            found = pick(self.client.get_json(path, {"fields": asked}), "mentioned_comment", {})
            return mentioned_comment(found, pick(found, "media", {}))
        except (SourceGone, SourceDenied, KeyError):
            asked = f"mentioned_media.media_id({native_id}){{{TAGGED}}}"
            found = pick(self.client.get_json(path, {"fields": asked}), "mentioned_media", {})
        if not found.get("id"):
            raise SourceGone(f"{self.client.host} shows nothing under the id {native_id}")
        return media_to_mention(found)
