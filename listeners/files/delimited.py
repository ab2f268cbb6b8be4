"""Read CSV and its relatives, one record at a time; a damaged one costs its own line and never those behind it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from listeners.files import dialects, encodings
from listeners.files.dialects import Dialect
from listeners.files.encodings import Encoding
from listeners.files.table import RAW_LIMIT, ROW_LIMIT, Bad, Row, Table, unique

_SAMPLE = 256 * 1024


class _TooLong(Exception):
    """A record that does not end."""


def table(path: Path, fmt: str) -> Table:
    """Return *path* as a table, with its encoding and dialect guessed."""
    encoding = encodings.guess(path)
    with encoding.open(path) as stream:
        sample = encoding.mend(_whole_lines(stream.read(_SAMPLE), stream))
    dialect = dialects.guess(sample)
    first = [record for record in dialect.reader(iter(sample.splitlines(keepends=True))) if any(map(str.strip, record))][:200]
    at = dialects.heading(first)
    width = max(map(len, first), default=0)
    columns = unique(_unpadded(first[at])) if at >= 0 else unique([""] * width)

    def rows() -> Iterator[Row | Bad]:
        with encoding.open(path) as stream:
            yield from _rows(stream, encoding, dialect, columns, skip=at + 1)

    return Table(fmt, columns, rows, encoding.name, str(dialect))


def _whole_lines(sample: str, stream: TextIO) -> str:
    """Leave off the last line where the sample ends in the middle of it."""
    return sample if not stream.read(1) else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample


def _unpadded(names: list[str]) -> list[str]:
    while len(names) > 1 and not names[-1].strip():
        names = names[:-1]
    return names


def _rows(stream: TextIO, encoding: Encoding, dialect: Dialect, columns: tuple[str, ...], skip: int) -> Iterator[Row | Bad]:
    for found in _records(_Lines(stream, encoding), dialect, len(columns), skip):
        if isinstance(found, Bad):
            yield found
            continue
        line, cells, raw = found
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(columns):
            yield Bad(line, f"{len(cells)} cells where there are {len(columns)} columns", raw)
        else:
            yield Row(line, dict(zip(columns, cells, strict=False)), raw, cut=len(cells) < len(columns))


def _records(lines: "_Lines", dialect: Dialect, width: int, skip: int) -> Iterator[tuple[int, list[str], bytes] | Bad]:
    """Yield the line, cells and bytes of each record that is not empty, after *skip* of them (heading and titles)."""
    reader = dialect.reader(lines)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_TooLong, csv.Error) as error:
            reason = str(error) if isinstance(error, csv.Error) else f"longer than {ROW_LIMIT} characters"
            yield Bad(lines.start, reason, lines.give_back())
            reader = dialect.reader(lines)
            continue
        if not any(map(str.strip, cells)):
            continue
        if skip:
            skip -= 1
        elif reason := _damage(lines, dialect, cells, width):
            yield Bad(lines.start, reason, lines.give_back())
            reader = dialect.reader(lines)
        else:
            yield lines.start, cells, lines.raw()


def _damage(lines: "_Lines", dialect: Dialect, cells: list[str], width: int) -> str:
    """Say what is wrong with a record that a stray quote has run together with those behind it; empty where nothing is."""
    if lines.ended:
        return "a quote is opened and never closed"
    if len(lines.taken) == 1:
        return ""
    try:
        next(dialect.reader(iter(lines.taken), strict=True))
    except csv.Error:
        return "a quote is opened and not closed in its place"
    return "" if len(cells) == width else f"{len(cells)} cells in {len(lines.taken)} lines, where there are {width} columns"


class _Lines:
    """The physical lines of a file, counted; those of the record at hand can be given back."""

    def __init__(self, stream: TextIO, encoding: Encoding) -> None:
        self._stream, self._encoding = stream, encoding
        self._again: list[str] = []
        self._number = self._size = 0
        self.taken: list[str] = []
        self.start = 1
        self.ended = False
        """Whether the file ended while the record at hand was read."""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._stream.readline(ROW_LIMIT + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._number += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > ROW_LIMIT:
            raise _TooLong
        return self._encoding.mend(line)

    def begin(self) -> None:
        """Begin a record with the next line."""
        self.start, self.taken, self.ended, self._size = self._number + 1, [], False, 0

    def give_back(self) -> bytes:
        """Give up on the record: return the bytes of its first line, and read the others again as lines of their own."""
        first, *others = self.taken
        self._number -= len(others)
        self._again.extend(reversed(others))
        if not first.endswith(("\n", "\r")):
            self._rest_of_line()
        return self._encoding.raw(first[:RAW_LIMIT])

    def raw(self) -> bytes:
        """Return the bytes of the record at hand."""
        return self._encoding.raw("".join(self.taken)[:RAW_LIMIT])

    def _rest_of_line(self) -> None:
        while (more := self._stream.readline(ROW_LIMIT)) and not more.endswith(("\n", "\r")):
            pass
