"""Guess how the cells of a line are told apart: the separator, the quotes, and which line holds the columns' names."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from listeners.files import dates, ratings
from listeners.files.columns import known
from listeners.files.table import ROW_LIMIT

_NONE = "\x1f"
"""A separator that no text has: for files of one column."""
_ROWS = 300
_HEAD = 20


@dataclass(frozen=True)
class Dialect:
    """How to read a line. An empty ``quote`` means that quotes are nothing special."""

    separator: str
    quote: str = '"'
    escape: str = ""

    def __str__(self) -> str:
        """Describe it in words."""
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", _NONE: "one column"}
        quoted = f", quotes {self.quote}" if self.quote else ", no quotes"
        return names[self.separator] + quoted + (", escaped by \\" if self.escape else "")

    def reader(self, lines: Iterator[str], *, strict: bool = False) -> Iterator[list[str]]:
        """Return the records of *lines*."""
        if csv.field_size_limit() < 2 * ROW_LIMIT:
            csv.field_size_limit(2 * ROW_LIMIT)
        quoting: dict[str, Any] = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        escape = self.escape or None
        return csv.reader(lines, delimiter=self.separator, escapechar=escape, doublequote=not escape, strict=strict, **quoting)


def guess(sample: str) -> Dialect:
    """Return the dialect in which the lines of *sample* agree best about their number of cells."""
    if told := re.match(r'"?sep=(.)"?\s*[\r\n]', sample):
        return Dialect(told[1]) if told[1] in ",;\t|" else Dialect(",")
    candidates = [Dialect(separator, quote, escape) for separator in ",;\t|" for quote, escape in _quotings(sample)]
    scores = {dialect: _score(dialect, sample) - 0.001 * number for number, dialect in enumerate(candidates)}
    one = Dialect(_NONE)
    scores[one] = _score(one, sample) - 0.9
    return max([*candidates, one], key=lambda dialect: scores[dialect])


def heading(records: Sequence[Sequence[str]]) -> int:
    """Return which of the first records holds the names of the columns, -1 where none does."""
    widths = Counter(len([cell for cell in record if cell.strip()]) for record in records)
    wide = max((width for width, times in widths.items() if times > 1 or len(records) < 3), default=1)
    first = list(records[:_HEAD])
    hits = [sum(known(cell) for cell in record if cell.strip()) for record in first]
    if not first:
        return -1
    best = max(range(len(first)), key=lambda at: (hits[at], -at))
    if hits[best] and not _is_data(first[best], hits[best]):
        return best
    full = next((at for at, record in enumerate(first) if len([cell for cell in record if cell.strip()]) >= min(2, wide)), 0)
    return -1 if _is_data(first[full], 0) else full


def _is_data(record: Sequence[str], hits: int) -> bool:
    """A heading names; it has no dates, addresses, numbers or long texts in it."""
    cells = [cell.strip() for cell in record if cell.strip()]
    said = [cell for cell in cells if _is_value(cell)]
    return len(said) > max(hits, len(cells) // 2) or (not hits and bool(said))


def _is_value(cell: str) -> bool:
    return len(cell) > 250 or "@" in cell or "://" in cell or dates.looks(cell) or (ratings.looks(cell) and not known(cell))


def _quotings(sample: str) -> list[tuple[str, str]]:
    found = [('"', "")]
    if "'" in sample:
        found.append(("'", ""))
    if '\\"' in sample:
        found.append(('"', "\\"))
    if "\\'" in sample:
        found.append(("'", "\\"))
    return [*found, ("", "")] if '"' in sample else found


def _score(dialect: Dialect, sample: str) -> float:
    """Return names recognised, plus twice the share of records that are as wide as the heading."""
    records = _records(dialect, sample)
    if not records:
        return 0.0
    best = max(records[:_HEAD], key=lambda record: sum(map(known, record)))
    hits = sum(map(known, best))
    width = len(best) if hits else Counter(map(len, records)).most_common(1)[0][0]
    share = sum(len(record) == width for record in records) / len(records)
    if width == 1 and dialect.separator != _NONE:
        return 0.0
    return hits + 2 * share + min(width, 10) * 0.01


def _records(dialect: Dialect, sample: str) -> list[list[str]]:
    lines = sample.splitlines(keepends=True)
    records: list[list[str]] = []
    try:
        for record in dialect.reader(iter(lines)):
            if any(cell.strip() for cell in record):
                records.append(record)
            if len(records) >= _ROWS:
                return records
    except csv.Error:
        return records
    return records
