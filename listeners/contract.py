"""What every listener obeys: pages of what was said, each with the cursor that is true once the page is kept.

A listener yields the oldest unread first, never moves its cursor past anything it has not yielded, and keeps nothing in
memory between runs: killed after any page, the next run goes on from the cursor of the last page that was kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

from desk.answering import Replies
from desk.errors import SourceError
from desk.mention import Kind, Mention
from desk.source import Source

if TYPE_CHECKING:
    import httpx

    from listeners.access import Access
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
    """What an answer answers: the mention's native id, its conversation, its kind, and who is answered."""

    native_id: str
    conversation: str
    kind: Kind
    handle: str = ""
    author: str = ""
    """The author's native id."""
    parent: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """The platform's word that it has the answer; ``text`` is what was really sent, where that differs."""

    native_id: str
    url: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Ask:
    """One thing that `kummerkasten add` asks for: a setting, or with ``secret`` one part of the credential.

    A setting is named as in the source's table. A secret ``token`` is named there by ``token_env``, any other by
    ``NAME_env``. ``says`` tells, in the two languages of the product, what it is and where to find it; ``example`` is shown
    beside. What is ``optional`` may be left empty: then the platform's own default counts.
    """

    name: str
    says: Mapping[str, str]
    secret: bool = False
    optional: bool = False
    example: str = ""
    many: bool = False
    """Whether several may be given, with commas between."""


@dataclass(frozen=True)
class Push:
    """How a platform delivers by itself.

    ``signed`` says whether a delivery (headers in small letters, body) is genuine and fresh, by the source's secrets; it compares
    in constant time and refuses what is older than the replay window. ``read`` turns a genuine body into a page whose ``cursor``
    is None. ``handshake`` answers the platform's question whether the address is ours (query, body, secrets): the text to send
    back, or None where the question is not genuine; it is asked for every GET, and for a POST before ``signed``.
    """

    signed: "Callable[[Mapping[str, str], bytes, Mapping[str, str], datetime], bool]"
    read: "Callable[[Source, bytes, datetime], Page]"
    handshake: "Callable[[Mapping[str, str], bytes, Mapping[str, str]], str | None] | None" = None
    of: "Callable[[Source], Push] | None" = None
    """Makes the push of one source, where its options say how it is signed; None where all sources are alike."""

    def by(self, source: Source) -> "Push":
        """Return how deliveries for *source* come: whoever takes them in asks this before anything else."""
        return self.of(source) if self.of else self


PullFunction = Callable[["Client", Source, "Cursor | None", Window], Iterator[Page]]
ReplyFunction = Callable[["Client", Source, ReplyTo, str, str], Receipt]
"""Send a text as an answer; the last argument is the idempotency key."""
LookFunction = Callable[["Client", Source, ReplyTo, str, datetime], "Receipt | None"]
"""Look whether a text has been sent as an answer since a moment: asked before anything is sent again. None means that it has not;
where that cannot be seen for sure, it raises FateUnknown."""


@dataclass(frozen=True)
class Listener:
    """The code for one platform, as the table of listeners names it.

    ``options`` checks what a source of this platform may say beside the common settings. ``base_url`` is the platform's own
    (empty where each source must name it, or where no network is involved). ``blind_spots`` says, in the two languages of
    the product, what the platform does not let anybody see.

    ``reply`` is None where the platform takes no answers; ``replies`` says what it allows of them, per kind of mention. Before an
    answer is sent again whose fate is unknown, ``look`` is asked; with ``same_key_once`` the platform itself takes the same
    idempotency key once, for an hour at least. A listener with neither never sends again by itself.

    ``access`` makes what a request needs of the source and its secrets (a bearer token unless it says otherwise). ``refusal``
    translates refusals that the platform words in its own way; None where the status says enough. ``asks`` and ``setup`` are what
    `kummerkasten add` asks and explains, ``verify`` its one harmless request: it returns who we are there. ``expires`` is when
    the credential dies, where the platform tells. ``push`` is how the platform delivers by itself. ``keeps`` names secrets that
    nobody gives: the platform lends them (a session), and `Client.keep_secret` keeps them beside the credential for the next run.
    """

    platform: str
    options: type[BaseModel]
    pull: PullFunction
    reply: ReplyFunction | None = None
    look: LookFunction | None = None
    same_key_once: bool = False
    replies: Replies = field(default_factory=dict)
    base_url: str = ""
    access: "Callable[[Source, Mapping[str, str]], Access] | None" = None
    refusal: "Callable[[httpx.Response, datetime], SourceError | None] | None" = None
    asks: tuple[Ask, ...] = ()
    setup: Mapping[str, str] = field(default_factory=dict)
    verify: "Callable[[Client, Source], str] | None" = None
    expires: "Callable[[Client, Source], datetime | None] | None" = None
    push: Push | None = None
    keeps: tuple[str, ...] = ()
    blind_spots: Mapping[str, str] = field(default_factory=dict)
    """``{"de": "...", "en": "..."}``"""

    replies_of: "Callable[[Source], Replies] | None" = None
    """The rules of one source, where its options or its credential decide what may be answered."""

    def allowed(self, source: Source) -> Replies:
        """Return what may be answered on *source*, per kind of mention: nothing without a credential, where one is needed."""
        if self.reply is None or (self.secrets and not source.variables):
            return {}
        return self.replies_of(source) if self.replies_of else self.replies

    @property
    def secrets(self) -> tuple[Ask, ...]:
        """The parts of its credential."""
        return tuple(ask for ask in self.asks if ask.secret)
