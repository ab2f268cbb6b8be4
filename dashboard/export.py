"""Tables for spreadsheets: what strangers wrote stays text there too and never becomes a formula (guarantee 12)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection), full-width forms included."""


def cell(value: object) -> str:
    """Return a value as a cell's text; a text that a spreadsheet would reckon with begins with an apostrophe."""
    text = "" if value is None else str(value).replace("\x00", "\ufffd")
    if isinstance(value, int | float):
        return text.removesuffix(".0")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def table(head: Sequence[str], rows: Iterable[Sequence[object]], language: str = "en") -> bytes:
    """Return a CSV file that spreadsheets open without questions: UTF-8 with its mark, CRLF, every cell quoted.

    Cells are parted by commas; where *language* is German by semicolons, which is what a German Excel takes for such a file.
    """
    written = io.StringIO()
    parted = ";" if language == "de" else ","
    writer = csv.writer(written, delimiter=parted, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([cell(name) for name in head])
    writer.writerows(_cells(rows))
    return written.getvalue().encode("utf-8-sig", "replace")


def _cells(rows: Iterable[Sequence[object]]) -> Iterator[list[str]]:
    return ([cell(value) for value in row] for row in rows)
