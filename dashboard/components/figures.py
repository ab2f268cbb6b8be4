"""Measured figures as people read them: two places, the range they lie in, a bar, a table."""

from collections.abc import Mapping
from datetime import date

from dashboard.cards import Figure
from dashboard.components.markup import Markup, el
from dashboard.viewer import Viewer

HEADLINES = (
    "friction micro-F1",
    "praise micro-F1",
    "sentiment macro-F1",
    "intent macro-F1",
    "needs_reply F1",
    "urgent F1",
)


def decimal(number: float, v: Viewer) -> str:
    """Write a number between 0 and 1 with two places: "0,72" or "0.72"."""
    written = f"{number:.2f}"
    return written.replace(".", ",") if v.language == "de" else written


def interval(figure: Figure, v: Viewer) -> str:
    """Write the range of a figure; an empty string where none is known."""
    _, low, high = figure
    return v.words("quality.interval", low=decimal(low, v), high=decimal(high, v)) if low < high else ""


def name(figure: str, v: Viewer, note: bool = False) -> str:
    """Return what people call a figure; its own name where it has no other, and no note."""
    key = figure.lower().replace(" ", "_").replace("-", "_")
    known = v.words.has(f"figure.{key}")
    if note:
        return v.words(f"figure.note_{key}") if known else ""
    return v.words(f"figure.{key}") if known else figure


def shown(figures: Mapping[str, Figure]) -> list[str]:
    """Return the figures that people ask for first; all of them where none of those was measured."""
    return [figure for figure in HEADLINES if figure in figures] or list(figures)


def bar(value: Figure) -> Markup:
    """Draw a figure as a bar with its range upon it."""
    best, low, high = (min(1.0, max(0.0, one)) for one in value)
    reach = el("b", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%") if low < high else None
    return el("span", el("i", style=f"width:{100 * best:.1f}%"), reach, cls="k-range", aria_hidden="true")


def day(made_at: str, v: Viewer) -> str:
    """Write the day of an ISO date as readers write it; what is none stays as it is."""
    try:
        day = date.fromisoformat(made_at[:10])
    except ValueError:
        return made_at or "–"
    return f"{day.day}.{day.month}.{day.year}" if v.language == "de" else f"{day:%d %b %Y}".lstrip("0")


def kind(key: str, v: Viewer) -> str:
    """Return the name of a kind of text; its key where it has none."""
    return next((v.words(f"{place}.{key}") for place in ("kind", "quality.groups") if v.words.has(f"{place}.{key}")), key)


def table(corner: str, columns: Mapping[str, Mapping[str, Figure]], v: Viewer) -> Markup:
    """Return a table with a row for each figure and a column for each group."""
    every = dict.fromkeys(figure for found in columns.values() for figure in shown(found))
    head = el("tr", el("th", corner), [el("th", column) for column in columns])
    body = [el("tr", el("td", name(figure, v)), [cell(found.get(figure), v) for found in columns.values()]) for figure in every]
    return el("div", el("table", el("thead", head), el("tbody", body)), cls="k-table k-compare")


def cell(value: Figure | None, v: Viewer) -> Markup:
    """Return a table's cell with a figure and its range."""
    return el("td", el("b", decimal(value[0], v)), el("small", interval(value, v))) if value else el("td", "–")


def aspect(key: str, v: Viewer) -> str:
    """Return the name of an aspect; its key where it has none."""
    return v.words(f"aspect.{key}") if v.words.has(f"aspect.{key}") else key
