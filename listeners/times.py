"""Points in time as platforms write them: ISO 8601 with any offset or none, seconds or milliseconds since 1970, dates of mail."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MILLISECONDS = 1e11
"""A number above this one counts milliseconds: as seconds it would lie after the year 5000."""


def instant(value: object) -> datetime | None:
    """Return the point in time that *value* names, in UTC; None where it names none. Without an offset it is UTC."""
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, bool) or value in (None, ""):
        return None
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal()):
        return _counted(value)
    return _written(value.strip()) if isinstance(value, str) else None


def _utc(value: datetime) -> datetime | None:
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:  # the last hours of the year 9999, west of here
        return None


def _counted(value: float | str) -> datetime | None:
    try:
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _written(text: str) -> datetime | None:
    try:
        return instant(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return instant(parsedate_to_datetime(text))
    except (ValueError, TypeError):
        return None
