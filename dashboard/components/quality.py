"""The parts of the page Quality that say how well the model in use was measured."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import data
from dashboard.cards import Card, Evaluation, Figure, Label, Measured
from dashboard.components import charts, figures
from dashboard.components.address import Address
from dashboard.components.document import document
from dashboard.components.markup import Child, Markup, el, show
from dashboard.components.review import percent
from dashboard.viewer import Viewer
from desk.shares import FEW

SORTS = ("worst", "texts", "name")


def model(card: Card, v: Viewer) -> None:
    """Say which model is in use, what it is for, what it was taught here, and whether it is the one that reads."""
    w, last, taught = v.words, data.last_model(), data.taught()
    if taught and not card.made(taught.name):
        taught = None
    lessons = w("quality.taught", n=taught.corrections) if taught else ""
    other = w("quality.other_model", model=last, card=card.model) if last and not card.made(last) else ""
    show(
        el(
            "div",
            el("h2", w("quality.model", model=taught.name if taught else card.model)),
            el("p", w("quality.purpose", topics=card.topics)),
            el("p", w("quality.limits"), cls="k-quiet"),
            el("p", lessons, " ", w("quality.taught_figures", card=card.model)) if lessons else None,
            el("p", other, cls="k-notice k-mind") if other else None,
            cls="k-model",
        )
    )


def chosen(evaluation: Evaluation, address: Address, v: Viewer) -> Measured:
    """Say when it was measured; let people choose on which texts, where there are several sets."""
    names = [one.name for one in evaluation.sets]
    picked = names[0]
    if len(names) > 1:
        picked = st.selectbox(
            v.words("quality.set"),
            names,
            index=address.index("set", names),
            format_func=lambda name: _set(name, v),
            key=address.key("set"),
            width=280,
        )
    return next(one for one in evaluation.sets if one.name == picked)


def _set(name: str, v: Viewer) -> str:
    """Return what people call a set of texts: "authored es" are invented texts, in Spanish."""
    kind, _, rest = name.removesuffix(" test").partition(" ")
    if not v.words.has(f"quality.sets.{kind}"):
        return name
    return f"{v.words(f'quality.sets.{kind}')} ({v.tongue(rest)})" if rest else v.words(f"quality.sets.{kind}")


def headlines(measured: Measured, evaluation: Evaluation, v: Viewer) -> None:
    """Show the headline figures, each with its range."""
    texts = v.words("quality.measured_on", day=figures.day(evaluation.made_at, v), texts=measured.texts)
    show(
        el(
            "div",
            [_figure(figure, measured.figures[figure], v) for figure in figures.shown(measured.figures)],
            cls="k-marks",
        )
    )
    show(el("p", f"{v.words('quality.measured')} {texts}. ", v.words("quality.f1"), cls="k-line"))


def _figure(figure: str, value: Figure, v: Viewer) -> Markup:
    return el(
        "div",
        el("span", figures.name(figure, v), cls="k-name"),
        el("strong", figures.decimal(value[0], v)),
        figures.bar(value),
        el("small", figures.interval(value, v)),
        el("small", figures.name(figure, v, note=True)),
        cls="k-mark",
    )


def labels(measured: Measured, address: Address, v: Viewer) -> dict[str, str]:
    """Show the figures of each topic, in the order that people choose; return what they chose."""
    w = v.words
    seen = {aspect: [one for one in found if one.texts] for aspect, found in measured.labels.items()}  # else nothing was asked
    kinds = [aspect for aspect, found in seen.items() if found]
    if not kinds:
        return {}
    show(el("div", el("h2", w("quality.labels")), el("p", w("quality.labels_lead"), cls="k-quiet")))
    with st.container(horizontal=True, gap="small", key="k-labels"):
        kind = _pick(address, "kind", kinds, "quality.kind", {one: figures.aspect(one, v) for one in kinds}, v)
        sort = _pick(address, "sort", SORTS, "quality.sort", {one: w(f"quality.sort_{one}") for one in SORTS}, v)
    head = el(
        "div",
        [el("span", text, cls=cls) for text, cls in _heads(v)],
        cls="k-label k-label-head",
    )
    show(el("div", head, [_label(one, v) for one in ordered(seen[kind], sort, v)], cls="k-labels"))
    if any(one.texts < FEW for one in seen[kind]):
        show(el("p", w("quality.few_texts"), cls="k-line"))
    return {"kind": "" if kind == kinds[0] else kind, "sort": "" if sort == SORTS[0] else sort}


def _pick(address: Address, name: str, keys: Sequence[str], label: str, names: Mapping[str, str], v: Viewer) -> str:
    picked = st.segmented_control(
        v.words(label),
        keys,
        default=address[name] if address[name] in keys else keys[0],
        format_func=lambda key: names[key],
        key=address.key(name),
        required=True,
        label_visibility="collapsed",
    )
    return picked or keys[0]


def ordered(found: Sequence[Label], sort: str, v: Viewer) -> list[Label]:
    """Return labels in an order; a value that is luck is never the worst."""
    if sort == "texts":
        return sorted(found, key=lambda one: (-one.texts, one.key))
    if sort == "name":
        return sorted(found, key=lambda one: v.topic(one.topic))
    return sorted(found, key=lambda one: (one.texts < FEW, one.f1[0], one.key))


def _heads(v: Viewer) -> list[tuple[str, str]]:
    w = v.words
    numbers = [("F1", "k-number"), *((w(f"quality.{key}"), "k-number k-aside") for key in ("precision", "recall", "texts"))]
    return [(w("quality.label"), "k-name"), ("", ""), *numbers]


def _label(one: Label, v: Viewer) -> Markup:
    few = one.texts < FEW
    return el(
        "div",
        el("span", v.topic(one.topic), cls="k-name"),
        figures.bar(one.f1),
        el("span", figures.decimal(one.f1[0], v), cls="k-number", title=figures.interval(one.f1, v) or None),
        [
            el("span", value, cls="k-number k-aside", data_name=v.words(f"quality.{key}"))
            for key, value in (
                ("precision", percent(one.precision, v)),
                ("recall", percent(one.recall, v)),
                ("texts", v.words.value(one.texts)),
            )
        ],
        cls="k-label k-few" if few else "k-label",
    )


def languages(measured: Measured, v: Viewer) -> None:
    """Show the headline figures by language."""
    _groups("quality.languages", {v.tongue(code): found for code, found in measured.by_language.items()}, v)


def kinds(measured: Measured, v: Viewer) -> None:
    """Show the headline figures by kind of text: reviews, comments ..."""
    _groups("quality.kinds", {figures.kind(key, v): found for key, found in measured.by_kind.items()}, v)


def _groups(title: str, found: Mapping[str, Mapping[str, Figure]], v: Viewer) -> None:
    if found:
        show(el("h2", v.words(title)))
        show(figures.table(v.words("quality.what"), found, v))


def calibration(measured: Measured, v: Viewer) -> None:
    """Say in a sentence whether its percentages can be believed."""
    gaps = measured.calibration
    if not gaps:
        return
    points = round(100 * sum(gaps.values()) / len(gaps), 1)
    each = " · ".join(f"{figures.aspect(key, v)} {v.words.value(round(100 * gap, 1))}" for key, gap in gaps.items())
    said = v.words("quality.calibration_says", points=points)
    show(el("div", el("h2", v.words("quality.calibration")), el("p", said), el("p", each, cls="k-quiet")))


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


def _at(points: Sequence[tuple[float, float]], answered: float) -> float | None:
    return next((right for share, right in points if abs(share - answered) < 0.005), None)


def choices(evaluation: Evaluation, card: Card, v: Viewer) -> None:
    """Compare the model in use with what one could use instead, on the same texts."""
    if not evaluation.choices:
        return
    w = v.words
    show(el("div", el("h2", w("quality.choices")), el("p", w("quality.choices_lead"), cls="k-quiet")))
    others = {one.name: one.figures for one in evaluation.choices if one.name not in (card.name, card.model)}
    rows = {w("quality.ours", model=card.name): evaluation.sets[0].figures, **others}
    every = dict.fromkeys(figure for found in rows.values() for figure in figures.shown(found))
    head = el("tr", el("th", w("quality.choice")), [el("th", figures.name(figure, v)) for figure in every])
    body: list[Child] = [
        el("tr", el("td", title), [figures.cell(found.get(figure), v) for figure in every], cls="" if place else "k-mine")
        for place, (title, found) in enumerate(rows.items())
    ]
    show(el("div", el("table", el("thead", head), el("tbody", body)), cls="k-table k-compare k-choices"))


def whole(card: Card, v: Viewer) -> None:
    """Offer the model card as its makers wrote it."""
    with st.expander(v.words("quality.card"), icon=":material/description:", key="k-card"):
        show(document(card.text) if card.text else el("p", v.words("quality.no_document"), cls="k-quiet"))
