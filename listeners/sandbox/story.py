"""The month of an invented furniture shop, as its customers tell it; the same clock always tells the same story.

"Kastanie Möbel" (kastanie-moebel.example, the app "Kastanie", @kastanie, stores in Hamburg and Leipzig) has an ordinary
first week, a sale with voucher trouble in the second, a payment outage in the third, and an app update in the fourth.
Nobody in it is real. The lines lie in ``story/*.jsonl``, with the labels that a careful reader would give them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import floor
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from desk.mention import Kind
from desk.reading import Intent, Sentiment

Channel = Literal["mastodon_tag", "mastodon_mention", "mastodon_dm", "appstore", "trustpilot", "survey", "helpdesk"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
Country = Literal["de", "at", "ch", "gb"]

HOME = ZoneInfo("Europe/Berlin")
BRAND = "kastanie"
"""The account that speaks for the shop."""
_STRIDE = 47


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class Edit:
    """The text that stands from *after_hours* on."""

    after_hours: Annotated[float, Field(gt=0)]
    text: str


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class Line:
    """One thing one person (or the shop, where ``ours``) says in the story.

    ``day`` says when: -0.5 is noon of the story's last day, -1.5 noon of the day before; live lines have none of their
    own. ``thread`` is the conversation, ``parent`` the line that is answered. The labels are what a careful reader says;
    ours have none.
    """

    id: str
    channel: Channel
    author: str
    author_name: str
    lang: Literal["de", "en"]
    kind: Kind
    text: str
    day: Annotated[float, Field(ge=-28, lt=0)] = -0.5
    thread: str = ""
    parent: str | None = None
    ours: bool = False
    title: str = ""
    stars: Annotated[int, Field(ge=1, le=5)] | None = None
    country: Country | None = None
    visible_after: float = 0.0
    """Hours between saying and becoming visible (a late arrival)."""
    edits: tuple[Edit, ...] = ()
    deleted_after_hours: float | None = None
    sentiment: Sentiment | None = None
    intent: Intent | None = None
    needs_reply: bool | None = None
    urgent: bool | None = None
    friction: tuple[str, ...] = ()
    praise: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """A line with its moments (aware, UTC, whole seconds)."""

    line: Line
    said_at: datetime
    visible_at: datetime
    edits: tuple[tuple[datetime, str], ...] = field(default=())
    deleted_at: datetime | None = None

    def seen(self, clock: datetime) -> bool:
        """Return whether the line can be seen at *clock*."""
        return self.visible_at <= clock and not self.gone(clock)

    def gone(self, clock: datetime) -> bool:
        """Return whether the line has been deleted by *clock*."""
        return self.deleted_at is not None and self.deleted_at <= clock

    def text(self, clock: datetime) -> str:
        """Return the text that stands at *clock*."""
        return next((text for at, text in reversed(self.edits) if at <= clock), self.line.text)

    def edited_at(self, clock: datetime) -> datetime | None:
        """Return when the text that stands at *clock* was written, None where it is the first."""
        return next((at for at, _ in reversed(self.edits) if at <= clock), None)


@cache
def load() -> tuple[Line, ...]:
    """Return the month's lines, oldest first; raise pydantic's ValidationError where the files are not as they should be."""
    weeks = sorted(file.name for file in _folder().iterdir() if file.name.startswith("week"))
    return tuple(sorted((line for name in weeks for line in _read(name)), key=lambda line: (line.day, line.id)))


@cache
def live_lines() -> tuple[Line, ...]:
    """Return what the live stream picks from."""
    return _read("live.jsonl")


def at(now: datetime) -> tuple[Told, ...]:
    """Return the month whose last day is the day of *now* (in Berlin), oldest first, each line with its moments.

    What is said later on that day lies after *now*: the story goes on while it is being listened to. Any two moments of
    one day get the same month, so that a sandbox that is started again tells nothing twice.
    """
    return tuple(_told(line, _moment(now, line.day)) for line in load())


def live(anchor: datetime, now: datetime, every: timedelta, first: int = 1) -> Iterator[Told]:
    """Yield what has been said live up to *now*, from number *first* (1 or more) on: number k at ``anchor + k * every``.

    The numbers never end; ids are unique ("live-000123"), and any run of as many lines as there are is free of repeats.
    """
    number = max(first, 1)
    while (said_at := anchor + number * every) <= now:
        yield _told(_live_line(number), said_at.astimezone(UTC))
        number += 1


def _live_line(number: int) -> Line:
    lines = live_lines()
    line = lines[number * _STRIDE % len(lines)]
    name = f"live-{number:06d}"
    # On its second round a text comes from somebody else of the same channel, so that people are not counted twice.
    peers = [peer for peer in lines if peer.channel == line.channel]
    peer = peers[(peers.index(line) + number // len(lines)) % len(peers)]
    return replace(line, id=name, thread=name, author=peer.author, author_name=peer.author_name)


def _told(line: Line, said_at: datetime) -> Told:
    return Told(
        line=line,
        said_at=said_at,
        visible_at=_later(said_at, line.visible_after),
        edits=tuple((_later(said_at, edit.after_hours), edit.text) for edit in line.edits),
        deleted_at=None if line.deleted_after_hours is None else _later(said_at, line.deleted_after_hours),
    )


def _later(moment: datetime, hours: float) -> datetime:
    return moment + timedelta(seconds=round(hours * 3600))


def _moment(now: datetime, day: float) -> datetime:
    """Return the moment of *day* by the clock at home, however many hours the days since then had."""
    whole = floor(day)
    date = now.astimezone(HOME).date() + timedelta(days=whole + 1)
    wall = datetime.combine(date, time.min, HOME) + timedelta(seconds=round((day - whole) * 86400))
    return wall.astimezone(UTC)


def _folder() -> Traversable:
    return files("listeners.sandbox") / "story"


def _read(name: str) -> tuple[Line, ...]:
    read = TypeAdapter(Line).validate_json
    return tuple(read(row) for row in (_folder() / name).read_text("utf-8").splitlines() if row)
