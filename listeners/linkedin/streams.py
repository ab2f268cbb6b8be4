"""Listen to the comments below a page's posts, and to the posts that mention it.

LinkedIn does not list by time what is new below posts, so their numbers of comments are asked for: where one has changed, the
comments are read. What was heard lately is looked up again, for it may have been edited or deleted (guarantee 3).
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from desk.errors import SourceDenied, SourceGone
from desk.mention import Mention
from desk.source import Source, Span
from listeners.batches import Batch, understood
from listeners.contract import Cursor, Page, Window
from listeners.http import Client
from listeners.linkedin.below import Below, looked_up, pages
from listeners.linkedin.comments import POSTS, as_share, noted
from listeners.linkedin.urns import encoded, post_of
from listeners.paging import Json, pick
from listeners.recount import Recount, settled
from listeners.times import instant
from listeners.walks import Newest, gathered


class Options(BaseModel):
    """What a LinkedIn source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: str = Field(pattern=r"^\d+$")
    """The number of your page."""
    comments: bool = True
    mentions: bool = False
    """Posts that mention your page, or share one of its posts with words of their own."""
    posts_back: Span = timedelta(days=30)
    """How old a post of yours may be for its comments to be heard."""
    version: str = Field(default="202607", pattern=r"^20\d{4}$")
    """The month of the interface that is spoken; each lives for about a year."""

    @field_validator("organization", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return str(value).rpartition(":")[2]

    @model_validator(mode="after")
    def _hears_something(self) -> "Options":
        if not (self.comments or self.mentions):
            raise ValueError("name what to hear: comments = true, mentions = true, or both")
        return self

    @property
    def urn(self) -> str:
        """The page's name on LinkedIn."""
        return f"urn:li:organization:{self.organization}"


def pull(client: Client, source: Source, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """Yield the comments, replies and posts that were written or edited since *cursor*, oldest first, then what is gone."""
    options = Options.model_validate(source.options)
    recount = Recount.at(cursor, ())
    streams: dict[str, Newest] = {}
    if options.comments:
        streams["comments"] = Below(client, options.urn, recount, window.now - options.posts_back).newest
    if options.mentions:
        since = _stood(recount.place, "mentions", window)
        streams["mentions"] = partial(_mentions, client, options, since, window.now)
    yield from recount.kept(gathered(streams, recount.place, window, back=options.posts_back, complete=False))
    known = sorted(settled(window).known.keys() - recount.heard)
    comments = [one for one in known if post_of(one) != one]  # posts never tell that they are gone
    yield from looked_up(client, options.urn, recount, comments)


def _stood(place: Cursor | None, stream: str, window: Window) -> datetime:
    """Return from when on a stream is read (again)."""
    stood = instant(json.loads(place).get(stream)) if place else None
    return stood - window.look_back if stood else window.since


def _mentions(client: Client, options: Options, since: datetime, now: datetime, _since: datetime) -> Iterator[Batch]:
    """Yield the posts that mention the page; LinkedIn keeps its notifications for 60 days."""
    query = f"q=criteria&actions=List({','.join(POSTS)})&organizationalEntity={encoded(options.urn)}"
    times = f"timeRange=(start:{_ms(since)},end:{_ms(now + timedelta(days=1))})"
    for notifications in pages(client, "/organizationalEntityNotifications", f"{query}&{times}"):
        yield understood(notifications, partial(_mention, client, options.urn), "notifications")


def _mention(client: Client, ours: str, notification: Json) -> Mention | None:
    """Turn a notification into a Mention; where it does not hold the post's words, they are asked for."""
    if pick(notification, "decoratedGeneratedActivity.share") is None and notification.get("generatedActivity"):
        post = _post(client, str(notification["generatedActivity"]))
        notification = {**notification, "decoratedGeneratedActivity": {"share": as_share(post)}} if post else notification
    return noted(notification, ours)


def _post(client: Client, urn: str) -> Json | None:
    try:
        found: Any = client.get_json(f"/posts/{encoded(urn)}")
    except (SourceGone, SourceDenied):  # gone by now, or said to a circle that we are not in
        return None
    return found if isinstance(found, dict) else None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
