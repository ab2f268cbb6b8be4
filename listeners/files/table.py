"""What the formats have in common: rows of named cells with the line they begin in, and rows that could not be read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | datetime | date | time | None

ROW_LIMIT = 2_000_000
"""Characters that one row may have; a longer one is broken, however large the file may be."""
COLUMNS = 1000
"""How many columns are looked at: more than any export has."""
RAW_LIMIT = 65_536
"""Bytes of a broken row that are kept."""
_NOTHING = {"", "nan", "null", "#n/a", "nat", "\\n"}
"""What programs write where there is nothing."""


@dataclass(frozen=True)
class Row:
    """One row: the line (from 1) it begins in, its cells by column, and the bytes it came from.

    ``cut`` says that it has fewer cells than there are columns; those missing are not among the cells.
    """

    line: int
    cells: Mapping[str, Cell]
    raw: bytes
    cut: bool = False


@dataclass(frozen=True)
class Bad:
    """A row that could not be read, and why."""

    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True)
class Table:
    """A file as rows. ``rows`` reads from the beginning each time it is called, holding one row at a time."""

    format: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row | Bad]]
    encoding: str = ""
    dialect: str = ""


def text_of(cell: Cell) -> str:
    """Return the cell as a person would write it; nothing for what programs write instead of nothing."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    text = str(cell).strip()
    return "" if text.casefold() in _NOTHING else text


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns, numbered where a name is missing or comes again."""
    found: dict[str, int] = {}
    out: list[str] = []
    for number, given in enumerate(names, 1):
        name = " ".join(given.replace("\ufeff", "").split()) or f"column {number}"
        found[name] = found.get(name, 0) + 1
        out.append(name if found[name] == 1 else f"{name} ({found[name]})")
    return tuple(out)
