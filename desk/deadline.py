"""By when an answer is owed: working time in a team's office hours, around its public holidays; never moves backwards."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_serializer, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Span = tuple[datetime, datetime]

_ALLOWANCE = re.compile(r"(\d{1,6})\s*(min|m|h|std|d|tage?)\.?", re.I)
_MINUTES = {"m": 1, "h": 60, "s": 60}
_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})\s*")
_A_DAY = 24 * 60
_LEAST_A_WEEK = 60
"""Minutes a week that somebody must be there; with fewer, the longest allowance would end in another century."""
_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these, calendars are reckoned with; platforms send stranger dates than anybody has office hours for."""


class Allowance(BaseModel):
    """How much working time a team has for the first answer: ``"30 min"``, ``"4 h"``, or ``"2 d"`` (working days).

    A working day ends when the team goes home: "1 d" is due at the close of the next working day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: int = Field(default=0, ge=0, le=_A_DAY * 90)
    days: int = Field(default=0, ge=0, le=90)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if not (match := _ALLOWANCE.fullmatch(given.strip())):
            raise ValueError(f'"{given}" is not an allowance; write for example "30 min", "4 h" or "2 d" (working time)')
        amount, unit = int(match[1]), match[2][0].lower()
        return {"days": amount} if unit in "dt" else {"minutes": amount * _MINUTES[unit]}

    def __str__(self) -> str:
        if self.days:
            return f"{self.days} d"
        return f"{self.minutes // 60} h" if self.minutes and self.minutes % 60 == 0 else f"{self.minutes} min"

    @model_serializer
    def _write(self) -> str:
        return str(self)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f'"{name}" is no time zone; write for example "Europe/Berlin"') from error
    return name


def _hours(hours: str) -> str:
    _minutes(hours)
    return hours


@lru_cache(maxsize=512)
def _minutes(hours: str) -> tuple[tuple[int, int], ...]:
    """Read ``"09:00-12:30, 13:30-17:00"`` as minutes of the day; an empty string is a day off."""
    spans: list[tuple[int, int]] = []
    for part in filter(str.strip, hours.split(",")):
        if not (match := _HOURS.fullmatch(part)) or int(match[2]) > 59 or int(match[4]) > 59:
            raise ValueError(f'"{part.strip()}" are no office hours; write for example "09:00-12:30, 13:30-17:00"')
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if start >= end or end > _A_DAY or (spans and start < spans[-1][1]):
            raise ValueError(f'"{hours}": office hours run forward through one day, from 00:00 to 24:00, without overlaps')
        spans.append((start, end))
    return tuple(spans)


TimeZone = Annotated[str, AfterValidator(_zone)]
OfficeHours = Annotated[str, AfterValidator(_hours)]
OFFICE: dict[Weekday, str] = dict.fromkeys(WEEKDAYS[:5], "09:00-17:00")


class Calendar(BaseModel):
    """When a team works: office hours per weekday in its time zone, public holidays of its country and state, closed dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: TimeZone = "Europe/Berlin"
    hours: dict[Weekday, OfficeHours] = OFFICE
    """A weekday that is not named is a day off."""
    country: Annotated[str, AfterValidator(str.upper)] | None = "DE"
    """Whose public holidays are days off (ISO 3166); ``""`` for none."""
    state: str | None = None
    closed: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> "Calendar":
        open_minutes = sum(end - start for hours in self.hours.values() for start, end in _minutes(hours))
        if open_minutes < _LEAST_A_WEEK:
            raise ValueError("there is hardly an open hour in the week, so no deadline could ever be met; look at `hours`")
        if self.country:
            _holidays(self.country, self.state, 2026)
        return self

    def __hash__(self) -> int:
        return hash((self.timezone, frozenset(self.hours.items()), self.country, self.state, self.closed))


@lru_cache(maxsize=1024)
def _holidays(country: str, state: str | None, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, subdiv=state or None, years=year))
    except NotImplementedError as error:
        known = holidays.list_supported_countries(include_aliases=False)
        if state and country in known:
            raise ValueError(f'"{state}" is no state of {country}; there is {", ".join(known[country])}') from error
        raise ValueError(f'no public holidays are known for "{country}"; write for example country = "DE"') from error


@lru_cache(maxsize=8192)
def _open(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """Return the spans of UTC time in which the team works on *day* of its own time zone."""
    if day in calendar.closed or (calendar.country and day in _holidays(calendar.country, calendar.state, day.year)):
        return ()
    midnight = datetime.combine(day, time(), ZoneInfo(calendar.timezone))
    spans: list[Span] = []
    for begin, finish in _minutes(calendar.hours.get(WEEKDAYS[day.weekday()], "")):
        start = (midnight + timedelta(minutes=begin)).astimezone(UTC)  # on the clock on the wall, whatever it did that night
        end = (midnight + timedelta(minutes=finish)).astimezone(UTC)
        if spans:
            start = max(start, spans[-1][1])
        if start < end:  # an hour that the clock skipped is no working time
            spans.append((start, end))
    return tuple(spans)


def _spans_from(moment: datetime, calendar: Calendar) -> Iterator[Span]:
    """Yield what is left of the office hours from *moment* (UTC) on, day after day, without end."""
    day = moment.astimezone(ZoneInfo(calendar.timezone)).date()
    while True:  # there is an open hour in each week, and closed dates and holidays are few: something always comes
        for start, end in _open(calendar, day):
            if end > moment:
                yield max(start, moment), end
        day += timedelta(days=1)


def due(heard_at: datetime, allowance: Allowance, calendar: Calendar) -> datetime:
    """Return when the answer is owed (UTC): *allowance* of working time after *heard_at*.

    Outside office hours the clock stands still. Working days count from the day of hearing; "1 d" ends with the next
    working day. Later hearing never gives an earlier deadline, and every moment gets one.
    """
    heard = heard_at.astimezone(UTC)
    within = min(max(heard, _FIRST), _LAST)
    owed = _end_of_day(within, allowance.days, calendar) if allowance.days else _after(within, allowance.minutes, calendar)
    return max(owed, heard)


def _after(heard: datetime, minutes: int, calendar: Calendar) -> datetime:
    left = timedelta(minutes=minutes)
    for start, end in _spans_from(heard, calendar):
        if end - start >= left:
            return start + left
        left -= end - start
    raise AssertionError("the spans of a calendar do not end")


def _end_of_day(heard: datetime, days: int, calendar: Calendar) -> datetime:
    day = heard.astimezone(ZoneInfo(calendar.timezone)).date()
    while days:
        day += timedelta(days=1)
        days -= bool(_open(calendar, day))
    return _open(calendar, day)[-1][1]


def working_minutes_between(earlier: datetime, later: datetime, calendar: Calendar) -> int:
    """Return how many whole minutes of office hours lie between two moments (0 where *later* is not later)."""
    start_at, end_at = max(earlier.astimezone(UTC), _FIRST), min(later.astimezone(UTC), _LAST)
    total = timedelta()
    for start, end in _spans_from(min(start_at, _LAST), calendar):
        if start >= end_at:
            break
        total += min(end, end_at) - start
    return int(total.total_seconds() // 60)


def time_left(due_at: datetime, now: datetime) -> timedelta:
    """Return how long there is until *due_at*; negative once it is late."""
    return due_at - now
