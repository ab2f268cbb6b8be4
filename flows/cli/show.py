"""How things look in a terminal. What strangers wrote is shown as text: no markup, no control characters, no turned lines."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from desk.spans import left
from flows.plain import HARMFUL
from flows.plain import plain as plain  # as all commands know it

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

UNITS = {"minute": "min", "hour": "h", "day": "d"}
STYLES = {1: "bold red", 2: "yellow", 3: "", 4: "dim"}
"""How a ticket of each priority looks."""


def text(words: object, style: str = "", *, lines: bool = False, most: int = 0) -> "Text":
    """Return *words* as text that rich does not read as markup, cut after *most* characters."""
    from rich.text import Text

    said = plain(str(words), lines=lines)
    return Text(said if not most or len(said) <= most else said[: most - 1].rstrip() + "…", style=style)


def below(words: object, style: str = "") -> "Text":
    """Return *words* indented below what stands above."""
    from rich.text import Text

    return Text("  ").append_text(text(words, style))


def as_json(value: Any) -> str:
    """Return *value* as one line of JSON; signs that a terminal would obey are written as escapes."""
    return HARMFUL.sub(_escaped, json.dumps(value, ensure_ascii=False, default=str))


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


def say_json(value: Any) -> None:
    """Write *value* to stdout as one line of JSON."""
    typer.echo(as_json(value))


def console(*, err: bool = False) -> "Console":
    """Return the terminal, or stderr."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return a table in the house style, without the columns in which nothing stands.

    A column whose name ends with ">" holds numbers, one that ends with "~" may be broken into several lines.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = list(rows)
    shown = [place for place in range(len(columns)) if any(line[place] not in ("", None, 0) for line in lines)]
    headed = any(column.rstrip(">~") for column in columns)
    filled = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_header=headed)
    for place in shown:
        column = columns[place]
        broken = column.endswith("~")
        number = ">" in column
        filled.add_column(
            column.rstrip(">~"),
            justify="right" if number else "left",
            no_wrap=not broken,
            overflow="fold" if broken else "ellipsis",
            min_width=_widest(line[place] for line in lines) if number else None,  # half a number is another one
        )
    for line in lines:
        cells = ("" if line[place] is None else line[place] for place in shown)
        filled.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in cells))
    return filled


def _widest(cells: Iterable[object]) -> int:
    return max((len(str(cell)) for cell in cells if cell is not None), default=0)


def time_left(due_at: datetime, now: datetime) -> "Text":
    """Return the time until a deadline as a person says it; red where it has passed."""
    sign, amount, unit = left(due_at, now)
    if sign == 0:
        return text("now", "bold red")
    said = f"{amount} {UNITS[unit]}"
    return text(f"{said} late", "bold red") if sign < 0 else text(said, "yellow" if unit == "minute" else "")


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago *moment* was, or in how long it will be."""
    if moment is None:
        return "never"
    sign, amount, unit = left(moment, now)
    if sign == 0:
        return "soon" if moment > now else "just now"
    return f"in {amount} {UNITS[unit]}" if sign > 0 else f"{amount} {UNITS[unit]} ago"


@contextmanager
def progress(wanted: bool = True) -> "Iterator[Any]":
    """Show on stderr how far each step is; yields a callable (name, advanced) that any thread may call."""
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(err=True),
        transient=True,
        disable=not wanted,
    )
    known: dict[str, Any] = {}

    def tell(name: str, advanced: int) -> None:
        if name not in known:
            known[name] = bars.add_task(plain(name), total=None)
        bars.advance(known[name], advanced)

    with bars:
        yield tell
