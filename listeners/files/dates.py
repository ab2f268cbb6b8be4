"""Read the dates that exports have: ISO, German, American where the file proves it, words, epochs, and Excel's days."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from desk.errors import NotUnderstood
from listeners.files.table import Cell, text_of

_FIRST, _LAST = 1990, 2100
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - a day on the wall calendar of whoever wrote the sheet
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar jänner january jän",
            "feb februar february feber",
            "mär märz mar march mrz maerz",
            "apr april",
            "mai may",
            "jun juni june",
            "jul juli july",
            "aug august",
            "sep sept september",
            "okt oktober oct october",
            "nov november",
            "dez dezember dec december",
        ),
        1,
    )
    for name in names.split()
}
_ZONES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "cet": 1,
    "mez": 1,
    "cest": 2,
    "mesz": 2,
    "bst": 1,
    "est": -5,
    "edt": -4,
    "pst": -8,
    "pdt": -7,
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*([ap]\.?\s?m\.?)?(?:\s*uhr)?", re.I)
_OFFSET = re.compile(r"\(?(?:(?:utc|gmt)\s*)?([+-])(\d{2}):?(\d{2})\)?\s*$|\(?(?<![a-z])(" + "|".join(_ZONES) + r")\)?\s*$", re.I)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:\.|st|nd|rd|th)?\s*[-/ ]?\s*)?([a-zäö]{3,9})\.?(?:\s+(\d{1,2})(?:st|nd|rd|th)?)?[\s,/-]+(\d{4})", re.I
)
_DIGITS = re.compile(r"\d{4,17}(?:\.\d+)?")


@dataclass(frozen=True)
class Said:
    """A moment, and how it was written, the same whichever of day and month comes first: what a row is recognised by."""

    at: datetime
    written: str


@dataclass(frozen=True)
class Calendar:
    """How a column's dates are to be read: the time zone of those without one, and whether the month comes first."""

    zone: tzinfo = UTC
    month_first: bool = False

    def read(self, cell: Cell) -> Said:
        """Return the moment; raises NotUnderstood where *cell* is no date, or one that nobody means."""
        try:
            naive, offset = self._parts(cell)
            said_at = naive.replace(tzinfo=offset or self.zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise NotUnderstood(f'"{text_of(cell)[:60]}" is not a date') from error
        if not _FIRST <= naive.year <= _LAST:
            raise NotUnderstood(f'"{text_of(cell)[:60]}" would be a date in the year {naive.year}')
        low, high = sorted((naive.month, naive.day))
        return Said(said_at, f"{naive.year}-{low}-{high} {naive:%H:%M:%S}")

    def _parts(self, cell: Cell) -> tuple[datetime, tzinfo | None]:
        if isinstance(cell, datetime):
            return cell.replace(tzinfo=None), cell.tzinfo
        if isinstance(cell, date):
            return datetime(cell.year, cell.month, cell.day), None  # noqa: DTZ001
        text = text_of(cell)
        if _DIGITS.fullmatch(text):
            return _number(text)
        return self._text(text)

    def _text(self, text: str) -> tuple[datetime, tzinfo | None]:
        rest, offset = _offset(text)
        clock = _TIME.search(rest)
        year, month, day = self._date(rest[: clock.start()] + rest[clock.end() :] if clock else rest)
        hour, minute, second, micro = _clock(clock)
        return datetime(year, month, day, hour, minute, second, micro), offset  # noqa: DTZ001

    def _date(self, text: str) -> tuple[int, int, int]:
        if found := _YEAR_FIRST.search(text):
            return int(found[1]), int(found[2]), int(found[3])
        if found := _YEAR_LAST.search(text):
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            year += 2000 if year < 100 else 0
            month_first = (self.month_first and found[2] != ".") or second > 12
            return (year, first, second) if month_first else (year, second, first)
        found = _WORDS.search(text)
        if not found or found[2].lower() not in _MONTHS or not (found[1] or found[3]):
            raise ValueError(text)
        return int(found[4]), _MONTHS[found[2].lower()], int(found[1] or found[3])


def month_first(cells: Iterable[Cell], latest: datetime) -> bool:
    """Say whether a column is American: reads until a date proves it (a 13th month, or a day after *latest*), else it is not."""
    future = latest + timedelta(days=2)
    for cell in cells:
        found = _YEAR_LAST.search(cell) if isinstance(cell, str) else None
        if not found or found[2] == ".":
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            return False
        if second > 12 >= first:
            return True
        if first != second and (proof := _proof(cell, future)) is not None:
            return proof
    return False


def ambiguous(cell: Cell) -> bool:
    """Say whether *cell* could have the day or the month first, going by its form."""
    found = _YEAR_LAST.search(cell) if isinstance(cell, str) else None
    return found is not None and found[2] != "."


def looks(cell: Cell, *, digits: bool = True) -> bool:
    """Say whether *cell* can be read as a date; ``digits=False`` leaves bare numbers out."""
    if not digits and (not isinstance(cell, str | date) or (isinstance(cell, str) and _DIGITS.fullmatch(cell.strip()))):
        return False
    if isinstance(cell, str) and len(cell) > 60:
        return False
    try:
        Calendar().read(cell)
    except NotUnderstood:
        return False
    return True


def _proof(cell: Cell, future: datetime) -> bool | None:
    try:
        european = Calendar().read(cell).at > future
        american = Calendar(month_first=True).read(cell).at > future
    except NotUnderstood:
        return None
    return None if european == american else european


def _number(text: str) -> tuple[datetime, tzinfo | None]:
    value = float(text)
    if len(text) == 8 and text.startswith(("19", "20")):
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:])), None  # noqa: DTZ001
    if 20_000 < value < 80_000:
        return (_EXCEL + timedelta(days=value)).replace(microsecond=0), None
    for scale in (1, 1e3, 1e6):
        if 6e8 <= value / scale < 4.2e9:
            return (_EPOCH + timedelta(seconds=value / scale)).replace(tzinfo=None), UTC
    raise ValueError(text)


def _offset(text: str) -> tuple[str, tzinfo | None]:
    found = _OFFSET.search(text)
    if not found or (found[1] and ":" not in text[: found.start()]):
        return text, None
    hours = timedelta(hours=_ZONES[found[4].lower()]) if found[4] else timedelta(hours=int(found[2]), minutes=int(found[3]))
    return text[: found.start()], timezone(-hours if found[1] == "-" else hours)


def _clock(found: re.Match[str] | None) -> tuple[int, int, int, int]:
    if not found:
        return 0, 0, 0, 0
    hour = int(found[1])
    if half := (found[5] or "").lower()[:1]:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, int(found[2]), int(found[3] or 0), int((found[4] or "0").ljust(6, "0"))
