"""What every listener obeys: pages of what was said, each with the cursor that is true once the page is kept.

A listener yields the oldest unread first, never moves its cursor past anything it has not yielded, and keeps nothing in
memory between runs: killed after any page, the next run goes on from the cursor of the last page that was kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

from desk.mention import Kind, Mention
from desk.source import Source

if TYPE_CHECKING:
    from listeners.http import Client

Cursor = str
"""Opaque to everybody but the listener that wrote it; JSON where it holds more than one thing."""


@dataclass(frozen=True)
class Broken:
    """A payload that could not become a mention: the bytes as they came, why, and where ("line 17", "item 3 of page 2")."""

    raw: bytes
    reason: str
    place: str


@dataclass(frozen=True)
class Page:
    """What one step of a pull heard. ``deleted`` holds native ids that the platform no longer shows.

    ``oldest_unread`` is when the oldest thing that waits behind this page was said, where the platform tells; ``more`` says
    that a backlog is left after this page.
    """

    mentions: tuple[Mention, ...] = ()
    cursor: Cursor | None = None
    deleted: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    oldest_unread: datetime | None = None
    more: bool = False


@dataclass(frozen=True)
class Window:
    """How much one run may read.

    ``since``: how far back a first pull goes. ``look_back``: how far behind the cursor each run reads again, so that late
    arrivals, edits and deletions are seen. ``pages``: the run's budget. ``known``: native ids heard within the look-back
    and not deleted since, with when they were said: what is missing from a complete re-reading has been deleted.
    """

    now: datetime
    since: datetime
    look_back: timedelta = timedelta(hours=2)
    pages: int = 50
    known: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplyTo:
    """What an answer answers: the mention's native id, its conversation, its kind, and the author's handle."""

    native_id: str
    conversation: str
    kind: Kind
    handle: str = ""


@dataclass(frozen=True)
class Receipt:
    """The platform's word that it has the answer."""

    native_id: str
    url: str | None = None


PullFunction = Callable[["Client", Source, "Cursor | None", Window], Iterator[Page]]
ReplyFunction = Callable[["Client", Source, ReplyTo, str, str], Receipt]


@dataclass(frozen=True)
class Listener:
    """The code for one platform, as the table of listeners names it.

    ``options`` checks what a source of this platform may say beside the common settings. ``base_url`` is the platform's own
    (empty where each source must name it, or where no network is involved). ``blind_spots`` says, in the two languages of
    the product, what the platform does not let anybody see. ``reply`` is None where the platform takes no answers.
    """

    platform: str
    options: type[BaseModel]
    pull: PullFunction
    reply: ReplyFunction | None = None
    base_url: str = ""
    needs_credential: bool = False
    reply_limit: int | None = None
    blind_spots: Mapping[str, str] = field(default_factory=dict)
    """``{"de": "...", "en": "..."}``"""
