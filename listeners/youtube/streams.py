"""Listen to the comments below a channel's videos, or below named videos.

YouTube lists threads by when they began, the newest first. Answers do not move a thread up, so the threads of the last days are
listed again in every run, and those whose number of answers has changed are read again: no answer is missed (guarantee 3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict, model_validator

from desk.errors import SourceGone
from desk.mention import Mention
from desk.source import Source, Span
from listeners import google
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.paging import Json, listed, pick
from listeners.recount import Recount, number, settled
from listeners.times import instant
from listeners.walks import gathered
from listeners.youtube.comments import AT_ONCE, PLAIN, below, gone, pages, thread_of, to_mention


class Options(BaseModel):
    """What a YouTube source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = ""
    """Id ("UC...") or handle ("@yourshop") of your own channel: comments below all of its videos."""
    videos: tuple[str, ...] = ()
    """Ids of single videos, whoever's they are."""
    account: str = ""
    """Id or handle of your own channel where ``channel`` is not: what it says counts as yours."""
    replies: bool = True
    replies_back: Span = timedelta(days=14)
    """For how long after a comment new answers below it are looked for."""

    @model_validator(mode="after")
    def _hears_something(self) -> "Options":
        if not (self.channel or self.videos):
            raise ValueError("name what to hear: a channel (its id or @handle), or videos (their ids)")
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the comments and answers that were written or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    channel = channel_id(client, options.channel)
    recount = Recount.at(cursor, (thread_of(native_id) for native_id in window.known))
    comments = _Comments(client, options, ours_of(client, options, channel), recount)
    wanted = ({"channel": {"allThreadsRelatedToChannelId": channel}} if channel else {}) | {
        video: {"videoId": video} for video in options.videos
    }
    streams = {name: partial(comments.newest, name, where, len(wanted) == 1) for name, where in wanted.items()}
    walk = gathered(streams, recount.place, window, back=options.replies_back, complete=False)
    yield from recount.kept(walk)
    if deleted := gone(client, sorted(settled(window).known.keys() - comments.seen)):
        yield Page(deleted=deleted)


@dataclass
class _Comments:
    """The comments of one run."""

    client: Client
    options: Options
    ours: frozenset[str]
    recount: Recount
    seen: set[str] = field(default_factory=set)

    def newest(self, name: str, where: Mapping[str, str], alone: bool, _since: datetime) -> Iterator[Batch]:
        """Yield pages of threads with their answers. Where comments are off, the source's other parts are still heard."""
        params = {"part": "snippet,replies", "order": "time", "maxResults": AT_ONCE, **PLAIN, **where}
        try:
            for threads in pages(self.client, "/commentThreads", params):
                said = [comment for thread in threads for comment in self._said(thread)]
                batch = understood(said, partial(to_mention, ours=self.ours), f"comments of {name}")
                self.seen |= {one.native_id for one in batch.found if isinstance(one, Mention)}
                began = pick(threads[-1] if threads else None, "snippet.topLevelComment.snippet.publishedAt")
                yield replace(batch, last=instant(began))
        except google.CommentsOff:
            if alone:
                raise

    def _said(self, thread: Json) -> Iterator[Json]:
        """Yield a thread's comments; each knows its video."""
        first = pick(thread, "snippet.topLevelComment")
        if not isinstance(first, dict):
            yield thread
            return
        video = pick(thread, "snippet.videoId")
        for comment in [first, *(self._answers(thread) if self.options.replies else ())]:
            yield {**comment, "snippet": {"videoId": video, **(comment.get("snippet") or {})}}

    def _answers(self, thread: Json) -> list[Json]:
        """Return a thread's answers: YouTube gives few of them with the thread, the others are asked for."""
        thread_id, amount = str(thread.get("id")), number(pick(thread, "snippet.totalReplyCount"))
        given = listed(self.client, thread, "replies.comments")
        if amount <= len(given) or not self.recount.due(thread_id, amount):
            return given
        try:
            answers = list(below(self.client, thread_id))
        except SourceGone:  # deleted between the list and the question
            return given
        self.recount.read(thread_id, amount)
        return answers or given


def channel_id(client: Client, name: str) -> str:
    """Return the id of a channel; raises SourceGone where no channel has this handle."""
    if not name.startswith("@"):
        return name
    found = listed(client, client.get_json("/channels", {"part": "id", "forHandle": name}), "items")
    if not found:
        raise SourceGone(f"YouTube has no channel {name}", advice="correct the handle, or write the channel's id (UC...)")
    return str(found[0].get("id"))


def ours_of(client: Client, options: Options, channel: str) -> frozenset[str]:
    """Return the channels that are ours: those the source names, else the one that has granted access."""
    if channel or options.account:
        return frozenset({channel, channel_id(client, options.account)} - {""})
    return frozenset(str(one.get("id")) for one in mine(client))


def mine(client: Client) -> list[Json]:
    """Return the channel that has granted access, none where only a key is shown."""
    if "refresh_token" not in client.secrets:
        return []
    return listed(client, client.get_json("/channels", {"part": "snippet", "mine": "true"}), "items")
