"""The part of the page Quality that says what teaching has changed: figures before and after, as the version keeps them."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from dashboard import data
from dashboard.cards import Card, Figure
from dashboard.components import figures
from dashboard.components.markup import Child, Markup, el, show
from dashboard.viewer import Viewer
from store.tables import ModelVersion


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Compared(_Said):
    """One figure before and after teaching, on the same texts."""

    before: Figure
    after: Figure


class Report(_Said):
    """How a version was judged when it was taught: on the frozen test part, and on checked mentions that were held back."""

    figures: Mapping[str, Compared]
    agreement: Compared | None = None
    held_back: int = 0


def report_of(version: ModelVersion) -> Report | None:
    """Return how a version was judged; None where that was not kept."""
    try:
        return Report.model_validate(version.card["report"])
    except (KeyError, ValidationError):
        return None


def changes(card: Card, v: Viewer) -> None:
    """Show what teaching has changed, where heads that were taught for the model of *card* are live."""
    version = data.taught()
    report = report_of(version) if version and card.made(version.name) else None
    if version is None or report is None:
        return
    w = v.words
    day = figures.day(version.created_at.astimezone(v.zone).date().isoformat(), v)
    lead = w("quality.lessons_lead", model=version.name, before=version.card.get("against") or card.model, day=day)
    show(el("div", el("h2", w("quality.lessons")), el("p", lead, cls="k-quiet"), _table(report, v)))


def _table(report: Report, v: Viewer) -> Markup:
    w = v.words
    head = el("tr", [el("th", text) for text in (w("quality.what"), w("quality.lessons_before"), w("quality.lessons_after"))])
    rows: list[Child] = [
        _row(figures.name(name, v), figures.name(name, v, note=True), found, v) for name, found in report.figures.items()
    ]
    if report.agreement:
        rows.append(_row(w("quality.lessons_agreement"), w("quality.lessons_held_back", n=report.held_back), report.agreement, v))
    table = el("table", el("thead", head), el("tbody", rows))
    return el("div", table, cls="k-table k-compare k-lessons")


def _row(name: str, note: str, found: Compared, v: Viewer) -> Markup:
    return el("tr", el("td", name, el("small", note)), figures.cell(found.before, v), figures.cell(found.after, v))
