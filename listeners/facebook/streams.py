"""The walks: the page's feed with what is said below, posts that tag it, recommendations, and Messenger; the newest first.

A comment below a post of last month is as new as any: with each run the newest comments of the last posts come along with them.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, model_validator

from desk.errors import SourceGone
from desk.mention import Mention
from desk.source import Source
from listeners import meta_messages
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.facebook.said import (
    COMMENT,
    PLATFORM,
    POST,
    RATING,
    Thread,
    comment_to_mention,
    post_to_mention,
    rating_to_mention,
    thread_of,
)
from listeners.graph import VERSION, Met, older_than, pages, rest
from listeners.http import Client
from listeners.meta_messages import is_us
from listeners.paging import Json, pick
from listeners.walks import Newest, gathered

RATINGS_VERSION = "v21.0"
"""The last one that gives recommendations (docs "Recommendation": refused with code 12 from v22.0 on)."""
_POSTS, _COMMENTS, _RATINGS = 25, 25, 25
_NEWEST = f"comments.filter(stream).order(reverse_chronological).limit({_COMMENTS}){{{COMMENT}}}"
_BELOW = {"filter": "stream", "order": "reverse_chronological", "limit": "100", "fields": COMMENT}


class Options(BaseModel):
    """What a Facebook source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str = Field(pattern=r"^\d{3,30}$")
    """The page's number."""
    comments: bool = True
    """Comments below posts, and answers to them."""
    visitors: bool = True
    """Posts that others wrote on the page."""
    tagged: bool = False
    """Posts elsewhere that tag the page."""
    recommendations: bool = False
    messages: bool = False
    """Messenger, both sides."""
    posts_back: int = Field(default=100, ge=1, le=1000)
    """How many posts, at least, are looked below with every run."""
    human_agent: bool = False
    """Whether Meta lets the app answer for 7 days in Messenger."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.comments or self.visitors or self.tagged or self.recommendations or self.messages):
            raise ValueError("name what to hear: comments, visitors, tagged, recommendations or messages = true")
        return self


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield what was said since *cursor*, oldest first in each stream; then what of the look back changed or is gone."""
    options, met = Options.model_validate(source.options), Met()
    streams: dict[str, Newest] = {}
    if options.comments or options.visitors:
        streams["feed"] = lambda since: met.once(_posts(client, options, "feed", since))
    if options.tagged:
        streams["tagged"] = lambda since: met.once(_posts(client, options, "tagged", since))
    if options.recommendations:
        streams["ratings"] = lambda since: met.once(_ratings(client, options, since))
    if options.messages:
        streams["messages"] = lambda since: met.once(_messages(client, options, since))
    streams["again"] = lambda _since: met.missing(window, partial(_again, client, options))
    return gathered(streams, cursor, window, complete=False)


def _posts(client: Client, options: Options, edge: str, since: datetime) -> Iterator[Batch]:
    """Yield the posts of others, and what is said below posts; at least as many are looked at as are to be looked back."""
    asked = {"fields": f"{POST},{_NEWEST}" if options.comments else POST, "limit": str(_POSTS)}
    looked_at = 0
    for posts in pages(client, f"/{VERSION}/{options.page}/{edge}", asked):
        others = [post for post in posts if not is_us(post.get("from") or {}, {options.page})]
        if edge == "tagged" or options.visitors:
            yield understood(others, partial(post_to_mention, page=options.page), edge)
        for post in posts if options.comments else ():
            yield from _below(client, options, thread_of(post, options.page), post.get("comments"), since)
        looked_at += len(posts)
        if looked_at >= options.posts_back and older_than(since, posts, "created_time"):
            return


def _below(client: Client, options: Options, thread: Thread, newest: object, since: datetime) -> Iterator[Batch]:
    """Yield what is said below a post, answers to answers among it, back to a moment."""
    read = partial(comment_to_mention, page=options.page, thread=thread)
    try:
        for comments in rest(client, f"/{VERSION}/{thread.post}/comments", newest):
            yield understood(comments, read, f"comments of {thread.post}")
            if older_than(since, comments, "created_time"):
                return
    except SourceGone:  # the post was deleted between the two questions
        return


def _ratings(client: Client, options: Options, since: datetime) -> Iterator[Batch]:
    """Yield recommendations, and the comments below the newest of them."""
    asked = {"fields": RATING, "limit": str(_RATINGS)}
    for number, ratings in enumerate(pages(client, f"/{RATINGS_VERSION}/{options.page}/ratings", asked)):
        yield understood(ratings, rating_to_mention, "recommendations")
        stories = [story for rating in ratings if (story := pick(rating, "open_graph_story.id"))] if number == 0 else []
        for story in stories:
            thread = Thread(story, story, review=True)
            yield from _below(client, options, thread, _first(client, story), since)
        if older_than(since, ratings, "created_time"):
            return


def _first(client: Client, story: str) -> Json:
    try:
        found: Json = client.get_json(f"/{VERSION}/{story}/comments", _BELOW)
    except SourceGone:
        return {}
    return found


def _messages(client: Client, options: Options, since: datetime) -> Iterator[Batch]:
    asked = {"platform": "messenger"}
    path = f"/{options.page}/conversations"
    return meta_messages.dialogues(client, f"/{VERSION}", path, asked, PLATFORM, {options.page}, since)


def _again(client: Client, options: Options, native_id: str) -> Mention | None:
    """Return a comment or message as it is now (a comment below an advertisement stands in no feed); raises SourceGone.

    Of a post or a recommendation it is only asked whether it is there: their other words come with the lists.
    """
    if native_id.startswith("rating/"):
        return None
    if native_id.startswith("m_"):
        return meta_messages.one(client, f"/{VERSION}", native_id, PLATFORM, {options.page})
    client.get_json(f"/{VERSION}/{native_id}", {"fields": "id"})
    return None
