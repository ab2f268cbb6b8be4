"""Read JSON and JSONL, one object at a time, wherever in the file the list of them lies; a damaged one costs only itself."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from desk.errors import NotUnderstood
from listeners.files import encodings
from listeners.files.encodings import Encoding
from listeners.files.jsonstream import Damaged, Stream
from listeners.files.table import COLUMNS, RAW_LIMIT, ROW_LIMIT, Bad, Cell, Row, Table

_LISTS = (
    *("reviews", "items", "data", "results", "result", "tickets", "comments", "feedback", "feedbacks", "responses", "answers"),
    *("entries", "entry", "mentions", "rows", "records", "messages", "posts", "bewertungen", "kommentare", "nachrichten"),
    *("antworten", "value", "conversations", "surveys", "list", "elements", "content"),
)
"""What lists of what people said are called, the surest name first."""
_DEPTH = 6
_SAMPLE = 300


def table(path: Path, *, lines: bool | None = None) -> Table:
    """Return *path* as a table; ``lines`` says whether each line is an object, None that nobody knows."""
    encoding = encodings.guess(path)
    with encoding.open(path) as stream:
        lines = _is_lines(stream) if lines is None else lines

    def rows() -> Iterator[Row | Bad]:
        with encoding.open(path) as stream:
            yield from _lines(stream, encoding) if lines else _elements(stream, encoding, where)

    where: tuple[str, ...] = ()
    if not lines:
        with encoding.open(path) as stream:
            where = _find_list(Stream(stream, ROW_LIMIT), encoding)
    columns = dict.fromkeys(name for row in islice(rows(), _SAMPLE) if isinstance(row, Row) for name in row.cells)
    place = f'list "{".".join(where)}"' if where else ""
    return Table("jsonl" if lines else "json", tuple(islice(columns, COLUMNS)), rows, encoding.name, place)


def flat(value: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Cell]:
    """Return an object's cells, nested ones under dotted names; of several objects in a list the first that has a cell counts."""
    cells: dict[str, Cell] = {}
    for key, inside in value.items():
        name = f"{prefix}{key}"
        if isinstance(inside, dict) and depth < _DEPTH:
            cells = flat(inside, f"{name}.", depth + 1) | cells
        elif isinstance(inside, list) and any(isinstance(one, dict) for one in inside):
            for one in inside if depth < _DEPTH else ():
                cells = (flat(one, f"{name}.", depth + 1) if isinstance(one, dict) else {}) | cells
        elif isinstance(inside, list):
            cells[name] = ", ".join(str(one) for one in inside if one is not None)
        else:
            cells[name] = inside if inside is None or isinstance(inside, str | int | float | bool) else str(inside)
    return cells


def _is_lines(stream: TextIO) -> bool:
    """Say whether the first line that is not empty is an object that ends on it, and is no wrapper around a list."""
    for line in iter(lambda: stream.readline(ROW_LIMIT), ""):
        if text := line.strip("\ufeff \t\r\n"):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                return False
            more = any(other.strip() for other in iter(lambda: stream.readline(ROW_LIMIT), ""))
            return isinstance(value, dict) and (more or not _holds_list(value))
    return True


def _holds_list(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and any(_holds_list(inside) for inside in value.values())


def _lines(stream: TextIO, encoding: Encoding) -> Iterator[Row | Bad]:
    number = 0
    while line := stream.readline(ROW_LIMIT + 1):
        number += 1
        raw = encoding.raw(line[:RAW_LIMIT])
        if len(line) > ROW_LIMIT and not line.endswith("\n"):
            while (more := stream.readline(ROW_LIMIT)) and not more.endswith("\n"):
                pass
            yield Bad(number, f"longer than {ROW_LIMIT} characters", raw)
        elif text := encoding.mend(line).strip("\ufeff \t\r\n"):
            yield _row(number, text, raw)


def _row(number: int, text: str, raw: bytes) -> Row | Bad:
    try:
        value = json.loads(text)
        if isinstance(value, dict):
            return Row(number, {} if _is_empty_list(value) else flat(value), raw)
    except (ValueError, RecursionError) as error:
        return Bad(number, f"not JSON: {_said(error)}", raw)
    return Bad(number, "not an object in curly brackets", raw)


def _is_empty_list(value: dict[str, Any]) -> bool:
    """Say whether an object is nothing but the wrapper of a list that holds nothing: ``{"reviews": [], "total": 0}``."""
    return any(inside == [] and key.casefold() in _LISTS for key, inside in value.items()) and not any(
        isinstance(inside, str) for inside in value.values()
    )


def _elements(stream: TextIO, encoding: Encoding, where: tuple[str, ...]) -> Iterator[Row | Bad]:
    reader = Stream(stream, ROW_LIMIT)
    if not where and reader.peek() == "{":
        yield _row(1, encoding.mend(reader.rest()), b"")
        return
    for key in where:
        _enter(reader, key)
    for number, value, text in reader.elements():
        raw = encoding.raw(text[:RAW_LIMIT])
        if isinstance(value, dict):
            cells = flat(value)
            if encoding.mixed:
                cells = {name: encoding.mend(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}
            yield Row(number, cells, raw)
        else:
            yield Bad(number, f"not JSON: {value}" if isinstance(value, Damaged) else "not an object in curly brackets", raw)


def _enter(reader: Stream, key: str) -> None:
    for name in reader.names():
        if name == key:
            return
        reader.skip()
    raise NotUnderstood(f'the list "{key}" is not there any more')


def _find_list(reader: Stream, encoding: Encoding) -> tuple[str, ...]:
    """Return the way to the list of objects: the first with a name that says so, or else the longest."""
    if reader.peek() == "[":
        return ()
    if reader.peek() != "{":
        raise NotUnderstood("this is not JSON: it begins neither with [ nor with {")
    found: dict[tuple[str, ...], int] = {}
    try:
        _walk(reader, (), found)
    except Damaged as error:
        if not found:
            raise NotUnderstood(f"this is not JSON: {error}") from error
    named = [way for way in found if way[-1].casefold() in _LISTS]
    if named:
        return min(named, key=lambda way: _LISTS.index(way[-1].casefold()))
    return max(found, key=lambda way: found[way], default=())


def _walk(reader: Stream, way: tuple[str, ...], found: dict[tuple[str, ...], int]) -> None:
    for key in reader.names():
        here = (*way, key)
        if reader.peek() == "[":
            objects = sum(isinstance(value, dict) for _, value, _ in reader.elements(stop=key.casefold() in _LISTS))
            if objects:
                found[here] = objects
            if objects and key.casefold() in _LISTS:
                return
        elif reader.peek() == "{" and len(way) < _DEPTH:
            _walk(reader, here, found)
            if any(one[-1].casefold() in _LISTS for one in found):
                return
        else:
            reader.skip()


def _said(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else re.sub(r" \(char.*", "", str(error))[:200]
