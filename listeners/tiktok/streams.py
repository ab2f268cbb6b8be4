"""Listen to the comments below an account's videos, and to the replies below them.

TikTok shows how many comments a video has, and how many replies a comment: where such a number has changed, they are read
again. What was heard lately is asked for by its ids, for it may have been deleted (guarantee 3).
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from desk.errors import SourceGone
from desk.source import Source, Span
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.paging import Json, listed
from listeners.recount import Recount, number, settled
from listeners.tiktok.comments import AT_ONCE, link_of, native, pages, to_mention
from listeners.times import instant
from listeners.walks import gathered

_SORTED = 500
"""So many comments come by time; TikTok lists what is beyond by likes, with repetitions."""
_FIELDS = json.dumps(["item_id", "create_time", "share_url", "comments"])
_NEWEST = {"sort_field": "create_time", "sort_order": "desc", "status": "ALL", "max_count": AT_ONCE}


class Options(BaseModel):
    """What a TikTok source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_id: str = Field(min_length=1)
    """The account's number for your app: "open_id" in the answer that held the token."""
    videos: tuple[str, ...] = Field(default=(), max_length=20)
    """Ids of single videos; where none is named, all of the account's."""
    videos_back: Span = timedelta(days=30)
    """How old a video may be for its comments to be heard."""
    replies: bool = True
    replies_back: Span = timedelta(days=14)
    """For how long after a comment new replies below it are looked for."""


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the comments and replies that were written since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    recount = Recount.at(cursor, ())
    below = _Comments(client, options, recount, window.now)
    walk = gathered({"comments": below.newest}, recount.place, window, back=options.replies_back, complete=False)
    yield from recount.kept(walk)
    if deleted := gone(client, options.business_id, sorted(settled(window).known.keys() - recount.heard)):
        yield Page(deleted=deleted, cursor=recount.forgetting(one.partition("/")[0] for one in deleted))


@dataclass
class _Comments:
    """The comments of one run."""

    client: Client
    options: Options
    recount: Recount
    now: datetime
    links: dict[str, str] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    """Videos that could not be read whole."""

    def newest(self, since: datetime) -> Iterator[Batch]:
        """Yield the comments of each video whose number has changed."""
        for video in self._videos():
            video_id, amount = str(video.get("item_id")), number(video.get("comments"))
            self.links[video_id] = link_of(video)
            if self.recount.due(video_id, amount):
                with suppress(SourceGone):  # deleted between the list and the question
                    yield from self._below(video_id, since)
                    if video_id not in self.torn:
                        self.recount.read(video_id, amount)

    def _videos(self) -> Iterator[Json]:
        """Yield the videos, the newest first."""
        asked = {"business_id": self.options.business_id, "fields": _FIELDS, "max_count": 20}
        if self.options.videos:
            asked["filters"] = json.dumps({"video_ids": self.options.videos})
        for videos in pages(self.client, "/business/video/list/", asked, "videos"):
            for video in videos:
                made = instant(video.get("create_time"))
                if made and made < self.now - self.options.videos_back and not self.options.videos:
                    return
                yield video

    def _below(self, video: str, since: datetime) -> Iterator[Batch]:
        """Yield a video's comments, the newest first, back to *since*; and the replies below each."""
        asked = {"business_id": self.options.business_id, "video_id": video, **_NEWEST}
        read = 0
        for comments in pages(self.client, "/business/comment/list/", asked, "comments"):
            yield self._understood(comments, video)
            for comment in comments if self.options.replies else ():
                try:
                    yield from self._replies(comment, video, since)
                except SourceGone:
                    self.torn.add(video)
            read += len(comments)
            last = instant(comments[-1].get("create_time")) if comments else None
            if last and last < since and read <= _SORTED:
                return

    def _replies(self, comment: Json, video: str, since: datetime) -> Iterator[Batch]:
        amount, root = number(comment.get("replies")), str(comment.get("comment_id"))
        said_at = instant(comment.get("create_time"))
        old = said_at is not None and said_at < since
        if not amount or old or not self.recount.due(root, amount, within=video):
            return
        for replies in replies_below(self.client, self.options.business_id, video, root):
            yield self._understood(replies, video)
        self.recount.read(root, amount, within=video)

    def _understood(self, comments: list[Json], video: str) -> Batch:
        read = partial(to_mention, link=self.links.get(video, ""))
        return self.recount.fresh(understood(comments, read, f"comments of {video}"))


def replies_below(client: Client, business_id: str, video: str, root: str) -> Iterator[list[Json]]:
    """Yield the replies below a comment, the newest first; each knows its video and its comment."""
    asked = {"business_id": business_id, "video_id": video, "comment_id": root, **_NEWEST}
    for replies in pages(client, "/business/comment/reply/list/", asked, "comments"):
        yield [{"video_id": video, "parent_comment_id": root, **reply} for reply in replies]


def gone(client: Client, business_id: str, native_ids: list[str]) -> tuple[str, ...]:
    """Return which of these comments and replies TikTok does not have any more."""
    lost: list[str] = []
    for video in sorted({one.partition("/")[0] for one in native_ids}):
        ids = [comment for one, _, comment in (native_id.partition("/") for native_id in native_ids) if one == video]
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            there = _there(client, business_id, video, some)
            lost += [native(video, one) for one in some if one not in there]
    return tuple(lost)


def _there(client: Client, business_id: str, video: str, ids: list[str]) -> set[str]:
    asked = {"business_id": business_id, "video_id": video, "comment_ids": json.dumps(ids), "status": "ALL", "max_count": AT_ONCE}
    try:
        found = [one for page in pages(client, "/business/comment/list/", asked, "comments") for one in page]
    except SourceGone:  # the video itself is gone
        return set()
    replies = [reply for one in found for reply in listed(client, one, "reply_list")]
    return {str(one.get("comment_id")) for one in (*found, *replies)}
