"""The part of the page Quality that says whether the model knows what it does not know."""

from collections.abc import Sequence

from dashboard.cards import Measured, Unsure
from dashboard.components import charts, figures
from dashboard.components.markup import el, show
from dashboard.components.review import percent
from dashboard.viewer import Viewer


def calibration(measured: Measured, v: Viewer) -> None:
    """Say in a sentence whether its percentages can be believed.

    Of topics those count that it finds likelier than one in ten, where that is known: 0 % is easily said of the rest.
    """
    gaps = {**measured.calibration, **measured.calibration_likely}
    if not gaps:
        return
    points = round(100 * sum(gaps.values()) / len(gaps), 1)
    each = " · ".join(f"{figures.aspect(key, v)} {v.words.value(round(100 * gap, 1))}" for key, gap in gaps.items())
    said = [v.words("quality.calibration_says", points=points)]
    if measured.calibration_likely:
        said.append(v.words("quality.calibration_topics"))
    show(el("div", el("h2", v.words("quality.calibration")), el("p", " ".join(said)), el("p", each, cls="k-quiet")))


def abstention(measured: Measured, v: Viewer) -> None:
    """Show what is gained where it answers only what it is surest of."""
    curves = {figures.aspect(key, v): points for key, points in measured.abstention.items() if points}
    if not curves:
        return
    show(el("h2", v.words("quality.abstention")))
    gained = [(task, _at(points, 1.0), _at(points, 0.9)) for task, points in curves.items()]
    rows = [
        el("div", el("dt", task), el("dd", v.words("quality.abstention_one", after=percent(after, v), before=percent(before, v))))
        for task, before, after in gained
        if before is not None and after is not None
    ]
    if rows:
        show(el("div", el("p", v.words("quality.abstention_says")), el("dl", rows, cls="k-facts k-gained")))
    charts.abstention(curves, v)


def unsure(measured: Measured, v: Viewer) -> None:
    """Show what it itself calls unsure and asks people about, and how good the rest is."""
    if not (found := measured.unsure) or not found.tasks:
        return
    said = v.words("quality.doubts_say", questions=percent(found.questions, v), texts=percent(found.texts, v))
    rows = [
        el("div", el("dt", figures.aspect(task, v)), el("dd", _gained(one, v)))
        for task, one in found.tasks.items()
        if one.questions > 0
    ]
    show(el("div", el("h2", v.words("quality.doubts")), el("p", said), el("dl", rows, cls="k-facts k-gained")))


def _gained(one: Unsure, v: Viewer) -> str:
    before, after = (figures.decimal(value[0], v) for value in (one.all, one.sure))
    return v.words("quality.doubts_one", texts=percent(one.texts, v), after=after, before=before)


def _at(points: Sequence[tuple[float, float]], answered: float) -> float | None:
    return next((right for share, right in points if abs(share - answered) < 0.005), None)
