"""Read XLSX, one row at a time: no formula is evaluated, no cell trusted, and no file unpacked that is a bomb."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import openpyxl

from desk.errors import NotUnderstood
from listeners.files import dialects
from listeners.files.table import COLUMNS, RAW_LIMIT, ROW_LIMIT, Bad, Cell, Row, Table, text_of, unique

UNPACKED_LIMIT = 1_000_000_000
"""Bytes that all parts of a workbook may have unpacked."""
TEXTS_LIMIT = 200_000_000
"""Bytes of the texts that all cells share: these are held in memory."""
_SAMPLE = 200


def table(path: Path) -> Table:
    """Return the first sheet of *path* that has a table in it; raises NotUnderstood where the file is none, or dangerous."""
    _look_inside(path)
    with _opened(path) as book:
        sheet, columns, at = _choose(book)
        formulas = _has_formulas(path)

    def rows() -> Iterator[Row | Bad]:
        with _opened(path) as book:
            if not formulas:
                yield from _rows(_cells(book[sheet]), columns, at)
                return
            with _opened(path, computed=False) as written:
                together = zip(_cells(book[sheet]), _cells(written[sheet]), strict=False)
                yield from _rows((_as_written(*pair) for pair in together), columns, at)

    return Table("xlsx", columns, rows, "", f'sheet "{sheet}"')


@contextmanager
def _opened(path: Path, *, computed: bool = True) -> Iterator[Any]:
    """Open a workbook; everything that openpyxl may raise over its contents is one error here."""
    try:
        with catch_warnings(), path.open("rb") as stream:
            simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(stream, read_only=True, data_only=computed, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except (NotUnderstood, OSError, GeneratorExit):
        raise
    except Exception as error:  # openpyxl has no errors of its own: what it finds comes as KeyError, ValueError, zlib.error...
        raise NotUnderstood(f"the workbook is damaged ({type(error).__name__}: {str(error)[:200]})") from error


def _look_inside(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            sizes = {part.filename: part.file_size for part in packed.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise NotUnderstood(f"the workbook is damaged ({error})") from error
    if "xl/workbook.xml" not in sizes:
        raise NotUnderstood("this archive is no XLSX workbook; unpack it, or save it as XLSX or CSV")
    if sum(sizes.values()) > UNPACKED_LIMIT or sizes.get("xl/sharedStrings.xml", 0) > TEXTS_LIMIT:
        raise NotUnderstood("the workbook would be too large unpacked; save it as CSV")


def _has_formulas(path: Path) -> bool:
    """Say whether any sheet computes something; asks the bytes, since asking each cell would take a second reading."""
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with packed.open(name) as part:
                    before = b""
                    while chunk := part.read(1 << 20):
                        if b"<f>" in before + chunk or b"<f " in before + chunk:
                            return True
                        before = chunk[-3:]
    return False


def _choose(book: Any) -> tuple[str, tuple[str, ...], int]:
    shown = [sheet for sheet in book.worksheets if getattr(sheet, "sheet_state", "visible") == "visible"]
    for sheet in shown or book.worksheets:
        first = [[text_of(cell) for cell in cells] for _, cells in islice(_cells(sheet), _SAMPLE) if any(map(text_of, cells))]
        if not first:
            continue
        at = dialects.heading(first)
        width = max(len(record) for record in first)
        names = (first[at] + [""] * (width - len(first[at]))) if at >= 0 else [""] * width
        return sheet.title, unique(names), at + 1
    raise NotUnderstood("no sheet of the workbook has anything in it")


def _cells(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the number and the cells of each row, without the empty ones at its end."""
    sheet.reset_dimensions()  # what some programs write there is wrong
    for number, given in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_plain(cell) for cell in given[:COLUMNS]]
        while cells and cells[-1] is None:
            cells.pop()
        yield number, cells


def _plain(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | datetime | date | time):
        return None if value == "" else value
    return str(value)


def _as_written(computed: tuple[int, list[Cell]], written: tuple[int, list[Cell]]) -> tuple[int, list[Cell]]:
    """A cell that begins with "=" is what somebody wrote, unless a program computed a number or a date from it."""
    number, cells = written
    values = computed[1] + [None] * (len(cells) - len(computed[1]))
    pairs = zip(values, cells, strict=False)
    return number, [cell if value is None or (_formula(cell) and not _counts(value)) else value for value, cell in pairs]


def _formula(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.startswith("=")


def _counts(value: Cell) -> bool:
    """A nought may be what a program writes beside a formula that it did not compute."""
    return isinstance(value, int | float | date) and value != 0


def _rows(found: Iterator[tuple[int, list[Cell]]], columns: tuple[str, ...], skip: int) -> Iterator[Row | Bad]:
    for number, cells in found:
        if not any(text_of(cell) for cell in cells):
            continue
        if skip:
            skip -= 1
            continue
        raw = json.dumps([cell if isinstance(cell, int | float) else text_of(cell) for cell in cells], ensure_ascii=False)
        kept = raw.encode("utf-8", "replace")[:RAW_LIMIT]
        if len(raw) > ROW_LIMIT:
            yield Bad(number, f"longer than {ROW_LIMIT} characters", kept)
        elif any(text_of(cell) for cell in cells[len(columns) :]):
            yield Bad(number, f"{len(cells)} cells where there are {len(columns)} columns", kept)
        else:
            cells += [None] * (len(columns) - len(cells))
            yield Row(number, dict(zip(columns, cells, strict=False)), kept)
