"""By when an answer is owed: working time in a team's office hours, around its public holidays; never moves backwards."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE: dict[Weekday, str] = dict.fromkeys(WEEKDAYS[:5], "09:00-17:00")

_ALLOWANCE = re.compile(r"(\d+)\s*(min|m|h|d)", re.I)
_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})\s*")
_LONGEST_CLOSURE = 400
"""Days without an open hour after which a calendar is taken for wrong (a year of holidays and closed dates)."""


class Allowance(BaseModel):
    """How much working time a team has for the first answer: ``"30 min"``, ``"4 h"``, or ``"2 d"`` (working days).

    A working day ends when the team goes home: "1 d" is due at the close of the next working day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: int = Field(default=0, ge=0, le=60 * 24 * 90)
    days: int = Field(default=0, ge=0, le=90)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if not (match := _ALLOWANCE.fullmatch(given.strip())):
            raise ValueError(f'"{given}" is not an allowance; write for example "30 min", "4 h" or "2 d" (working time)')
        amount, unit = int(match[1]), match[2].lower()
        return {"days": amount} if unit == "d" else {"minutes": amount * (60 if unit == "h" else 1)}

    def __str__(self) -> str:
        if self.days:
            return f"{self.days} d"
        return f"{self.minutes // 60} h" if self.minutes % 60 == 0 else f"{self.minutes} min"

    @model_serializer
    def _write(self) -> str:
        return str(self)


def _spans(hours: str) -> tuple[tuple[time, time], ...]:
    """Read ``"09:00-12:30, 13:30-17:00"``; an empty string is a day off."""
    spans: list[tuple[time, time]] = []
    for part in filter(str.strip, hours.split(",")):
        if not (match := _HOURS.fullmatch(part)):
            raise ValueError(f'"{part.strip()}" are no office hours; write for example "09:00-17:00"')
        start = time(int(match[1]), int(match[2]))
        end = time(23, 59, 59) if match[3] == "24" else time(int(match[3]), int(match[4]))
        if start >= end or (spans and start < spans[-1][1]):
            raise ValueError(f'"{hours}": office hours must run forward through the day')
        spans.append((start, end))
    return tuple(spans)


class Calendar(BaseModel):
    """When a team works: office hours per weekday in its time zone, public holidays of its country and state, closed dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: str = "Europe/Berlin"
    hours: dict[Weekday, str] = OFFICE
    country: str | None = "DE"
    state: str | None = None
    closed: tuple[date, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f'"{name}" is no time zone; write for example "Europe/Berlin"') from error
        return name

    @model_validator(mode="after")
    def _possible(self) -> "Calendar":
        if not any(_spans(hours) for hours in self.hours.values()):
            raise ValueError("the calendar has no open hour at all; no deadline could ever be met")
        if self.country is not None:
            _holidays(self.country, self.state, 2026)
        return self

    def __hash__(self) -> int:
        return hash((self.timezone, tuple(sorted(self.hours.items())), self.country, self.state, self.closed))


@lru_cache(maxsize=256)
def _holidays(country: str, state: str | None, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, subdiv=state, years=year))
    except NotImplementedError as error:
        where = f"{country}/{state}" if state else country
        raise ValueError(f'no public holidays are known for "{where}"; write for example country = "DE", state = "BY"') from error


@lru_cache(maxsize=4096)
def _open(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans of UTC time in which the team works on *day* of its own time zone."""
    if day in calendar.closed or (calendar.country and day in _holidays(calendar.country, calendar.state, day.year)):
        return ()
    zone = ZoneInfo(calendar.timezone)
    spans = _spans(calendar.hours.get(WEEKDAYS[day.weekday()], ""))
    return tuple(
        (datetime.combine(day, start, zone).astimezone(UTC), datetime.combine(day, end, zone).astimezone(UTC))
        for start, end in spans
    )


def _spans_from(moment: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Yield what is left of the office hours from *moment* on, day after day."""
    day = moment.astimezone(ZoneInfo(calendar.timezone)).date()
    closed = 0
    while closed < _LONGEST_CLOSURE:
        spans = [(max(start, moment), end) for start, end in _open(calendar, day) if end > moment]
        closed = 0 if spans else closed + 1
        yield from spans
        day += timedelta(days=1)
    raise ValueError(f"no open hour in {_LONGEST_CLOSURE} days after {moment:%Y-%m-%d}; look at the calendar's closed dates")


def due(heard_at: datetime, allowance: Allowance, calendar: Calendar) -> datetime:
    """Return when the answer is owed (UTC): *allowance* of working time after *heard_at*.

    Outside office hours the clock stands still. Working days count from the day of hearing; "1 d" ends with the next
    working day. Later hearing never gives an earlier deadline.
    """
    return _end_of_day(heard_at, allowance.days, calendar) if allowance.days else _after(heard_at, allowance.minutes, calendar)


def _after(heard_at: datetime, minutes: int, calendar: Calendar) -> datetime:
    left = timedelta(minutes=minutes)
    for start, end in _spans_from(heard_at.astimezone(UTC), calendar):
        if end - start >= left:
            return start + left
        left -= end - start
    raise AssertionError("the spans of a calendar do not end")


def _end_of_day(heard_at: datetime, days: int, calendar: Calendar) -> datetime:
    zone = ZoneInfo(calendar.timezone)
    heard_on = heard_at.astimezone(zone).date()
    seen: list[date] = []
    for _, end in _spans_from(heard_at.astimezone(UTC), calendar):
        day = end.astimezone(zone).date()
        if day > heard_on and (not seen or seen[-1] != day):
            seen.append(day)
        if len(seen) == days:
            return _open(calendar, day)[-1][1]
    raise AssertionError("the spans of a calendar do not end")


def working_minutes_between(earlier: datetime, later: datetime, calendar: Calendar) -> int:
    """Return how many minutes of office hours lie between two moments (0 where *later* is not later)."""
    total = timedelta()
    for start, end in _spans_from(earlier.astimezone(UTC), calendar):
        if start >= later:
            break
        total += min(end, later) - start
    return int(total.total_seconds() // 60)
