"""When a source is heard next: soon where something waits, later where it fails, much later where only a person can help."""

from datetime import datetime, timedelta

_FIRST = {
    "busy": timedelta(minutes=1),
    "garbled": timedelta(minutes=5),
    "failed": timedelta(minutes=5),
    "gone": timedelta(hours=1),
    "denied": timedelta(hours=6),
}
"""The wait after the first failure of its kind; it doubles with each further one."""
_LONGEST = timedelta(hours=24)
_DOUBLINGS = 12


def next_run(outcome: str, now: datetime, every: timedelta, *, failures: int = 0, retry_at: datetime | None = None) -> datetime:
    """Return when a source that ended with *outcome* is due again; never before *now*, nor before *retry_at*.

    *failures* is how many pulls before this one have failed in a row.
    """
    if outcome == "more":
        return now
    if outcome not in _FIRST:
        return now + every
    first = _FIRST[outcome] if outcome == "busy" else max(_FIRST[outcome], min(every, _LONGEST))
    doubled: int = 2 ** min(failures, _DOUBLINGS)
    waited = now + min(first * doubled, _LONGEST)
    return max(waited, retry_at) if retry_at else waited
