"""Time left, in the one unit that a person would say it in; the words for it belong to whoever shows it."""

from datetime import datetime, timedelta
from typing import Literal

Unit = Literal["minute", "hour", "day"]
Sign = Literal[-1, 0, 1]

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def left(due_at: datetime, now: datetime) -> tuple[Sign, int, Unit]:
    """Return sign, amount and unit of the time until *due_at*: 1 is time left, -1 is late, 0 is this very minute.

    Rounded towards zero, so that nobody is promised time that is not there: up to 90 minutes in minutes, up to 36 hours in hours.
    """
    span = due_at - now
    size = abs(span)
    if size < _MINUTE:
        return 0, 0, "minute"
    sign: Sign = 1 if span > timedelta() else -1
    if size <= 90 * _MINUTE:
        return sign, size // _MINUTE, "minute"
    if size <= 36 * _HOUR:
        return sign, size // _HOUR, "hour"
    return sign, size // _DAY, "day"
