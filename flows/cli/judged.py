"""An evaluation as it is read in a terminal: the main sets in full, of the others what was measured and the worst label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.cli import show

if TYPE_CHECKING:
    from rich.console import Console

_GROUPS = ("language", "kind", "training")
_HEADS = ("friction", "sentiment", "intent", "reply", "urgent")
"""What the columns of groups are called here, where little fits: figures as `card_tables.by` orders them."""
_COMPARED = ("friction micro-F1", "sentiment macro-F1")
"""What is compared with other means here; the model card compares every figure."""


def say(model: str, found: dict[str, Any], full: Sequence[str] | None = None) -> None:
    """Print an evaluation of *model*; *full* names the sets that are shown in full, the main ones by default."""
    from nlp import aims
    from nlp import card_tables as tables

    console = show.console()
    console.print(f"[bold]{model}[/bold]")
    for one in found["sets"]:
        _figures(console, one)
        if one["name"] in (tables.MAIN if full is None else full):
            _whole(console, one)
        if worst := tables.worst(one):
            console.print(show.text(worst))
    console.print("\n[bold]calibration error[/bold]")
    _print(console, tables.calibration(found["sets"]))
    for line in (tables.neighbours(found["sets"]), aims.sentence(found["sets"]) if full is None else ""):
        if line:
            console.print(show.text(f"\n{line}", lines=True))
    if found["choices"]:
        head, rows = tables.choices(found)
        rows[0][0] = "this model"
        shown = [0, *(head.index(name) for name in _COMPARED if name in head)]  # the card shows them all: 80 columns do not
        console.print(show.text(f"\ninstead, on {found['sets'][0]['name']}", "bold", lines=True))
        _print(console, (["", *(head[place] for place in shown[1:])], [[row[place] for place in shown] for row in rows]))


def _figures(console: "Console", one: dict[str, Any]) -> None:
    console.print(show.text(f"\n{one['name']}, {one['texts']:,} texts", "bold", lines=True))
    rows = [(name, f"{value:.3f}", f"{low:.3f} to {high:.3f}") for name, (value, low, high) in one["figures"].items()]
    console.print(show.table(("figure", "value>", "95 %"), rows))


def _whole(console: "Console", one: dict[str, Any]) -> None:
    """Print what stands below the figures of a set: labels, groups, abstention, and what is unsure."""
    from nlp import card_tables as tables

    head, rows = tables.labels(one, tables.short)
    _print(console, (["label", *head[1:]], rows))
    _, rows = tables.by(one, _GROUPS, tables.short)
    if rows:
        _print(console, (["by~", *_HEADS], rows))
    head, rows = tables.abstention(one)
    console.print("right among the surest answers, by the share that is answered")
    _print(console, (["", *head[1:]], rows))
    head, rows = tables.unsure(one)
    if rows:
        console.print(show.text(tables.unsure_in_all(one)))
        _print(console, (["unsure", *head[1:]], rows))


def _print(console: "Console", table: tuple[list[str], list[list[str]]]) -> None:
    """Print a table whose cells may be broken where the terminal is narrow."""
    head, rows = table
    console.print(show.table([head[0], *(f"{name}>~" for name in head[1:])], rows))
