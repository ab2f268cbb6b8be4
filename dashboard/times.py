"""Times as people say them: how long is left, how long ago, and when, in the desk's time zone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.words import Words
from desk.deadline import time_left

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def span(length: timedelta, words: Words) -> str:
    """Say a length of time in its largest fitting unit: "45 Min.", "5 Std.", "3 Tage"."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return words("time.minutes", n=max(minutes, 1))
    if minutes < 48 * 60:
        return words("time.hours", n=minutes // 60)
    return words("time.days", n=minutes // (24 * 60))


def deadline(due_at: datetime, now: datetime, zone: ZoneInfo, words: Words) -> str:
    """Say how long there is until *due_at* today, by when it is another day's, or for how long it has been late.

    Deadlines run in working hours: of a night that lies between, hours would say nothing.
    """
    left = time_left(due_at, now)
    if left < timedelta():
        return words("time.late", span=_dative(-left, words))
    days = (due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if not days:
        return words("time.left", span=span(left, words))
    if days == 1:
        return words("time.tomorrow", clock=clock(due_at, zone))
    if days < 7:
        return words("time.weekday", day=words(f"weekday.{due_at.astimezone(zone).weekday()}"), clock=clock(due_at, zone))
    return words("time.by", day=day(due_at, zone, words))


def ago(at: datetime, now: datetime, words: Words) -> str:
    """Say how long ago *at* was, or how soon it will be."""
    passed = now - at
    if abs(passed) < timedelta(minutes=1):
        return words("time.now")
    if passed < timedelta():
        return words("time.in", span=_dative(-passed, words))
    return words("time.ago", span=_dative(passed, words))


def since(at: datetime, now: datetime, words: Words) -> str:
    """Say for how long something has been so."""
    return words("time.since", span=_dative(max(now - at, timedelta()), words))


def _dative(length: timedelta, words: Words) -> str:
    days = length.days
    return words("time.days_dative", n=days) if days >= 2 else span(length, words)


def moment(at: datetime, zone: ZoneInfo, words: Words) -> str:
    """Write a point in time in full: "24.11.2026, 14:05" or "24 Nov 2026, 14:05"."""
    there = at.astimezone(zone)
    return f"{day(at, zone, words)}, {there:%H:%M}"


def day(at: datetime, zone: ZoneInfo, words: Words) -> str:
    """Write a day: "24.11.2026" or "24 Nov 2026"."""
    there = at.astimezone(zone)
    if words.language == "de":
        return f"{there.day}.{there.month}.{there.year}"
    return f"{there.day} {MONTHS[there.month - 1]} {there.year}"


def short_day(at: date, words: Words) -> str:
    """Write a day of this year: "24.11." or "24 Nov"."""
    return f"{at.day}.{at.month}." if words.language == "de" else f"{at.day} {MONTHS[at.month - 1]}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Write the time of day: "14:05"."""
    return f"{at.astimezone(zone):%H:%M}"


def long_day(at: datetime, zone: ZoneInfo, words: Words) -> str:
    """Write a day with its weekday: "Dienstag, 24.11.2026"."""
    there = at.astimezone(zone)
    return f"{words(f'weekday.{there.weekday()}')}, {day(at, zone, words)}"
