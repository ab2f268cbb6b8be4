"""The parts of the page Quality that say how well the model in use was measured."""

import re
from collections.abc import Mapping

import streamlit as st

from dashboard import data
from dashboard.cards import Card, Evaluation, Figure, Measured
from dashboard.components import figures
from dashboard.components.address import Address
from dashboard.components.document import document
from dashboard.components.markup import Child, Markup, el, show
from dashboard.viewer import Viewer


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


def languages(measured: Measured, v: Viewer) -> None:
    """Show the headline figures by language."""
    _groups("quality.languages", {v.tongue(code): found for code, found in measured.by_language.items()}, v)


def kinds(measured: Measured, v: Viewer) -> None:
    """Show the headline figures by kind of text: reviews, comments ..."""
    _groups("quality.kinds", {figures.kind(key, v): found for key, found in measured.by_kind.items()}, v)


def training(measured: Measured, v: Viewer) -> None:
    """Show the headline figures of texts whose sector or dataset training knew, and of those that it did not."""
    _groups("quality.training", {_seen(key, v): found for key, found in measured.by_training.items()}, v)


def _seen(key: str, v: Viewer) -> str:
    place = f"quality.trained.{key.replace(' ', '_')}"
    return v.words(place) if v.words.has(place) else key


def _groups(title: str, found: Mapping[str, Mapping[str, Figure]], v: Viewer) -> None:
    if found:
        show(el("h2", v.words(title)))
        show(figures.table(v.words("quality.what"), found, v))


def choices(evaluation: Evaluation, card: Card, v: Viewer) -> None:
    """Compare the model in use with what one could use instead, on the same texts."""
    if not evaluation.choices:
        return
    w = v.words
    show(
        el(
            "div",
            el("h2", w("quality.choices")),
            el("p", w("quality.choices_lead", set=_set(next(iter(evaluation.sets)).name, v)), cls="k-quiet"),
        )
    )
    others = {_choice(one.name, v): one.figures for one in evaluation.choices if one.name not in (card.name, card.model)}
    rows = {w("quality.ours", model=card.name): evaluation.sets[0].figures, **others}
    every = dict.fromkeys(figure for found in rows.values() for figure in figures.shown(found))
    head = el("tr", el("th", w("quality.choice")), [el("th", figures.name(figure, v)) for figure in every])
    body: list[Child] = [
        el("tr", el("td", title), [figures.cell(found.get(figure), v) for figure in every], cls="" if place else "k-mine")
        for place, (title, found) in enumerate(rows.items())
    ]
    show(el("div", el("table", el("thead", head), el("tbody", body)), cls="k-table k-compare k-choices"))


def _choice(name: str, v: Viewer) -> str:
    """Return what a choice is called here; models of others keep their name."""
    key = f"quality.instead.{re.sub('[^a-z]+', '_', name.casefold()).strip('_')}"
    return v.words(key) if v.words.has(key) else name


def whole(card: Card, v: Viewer) -> None:
    """Offer the model card as its makers wrote it."""
    with st.expander(v.words("quality.card"), icon=":material/description:", key="k-card"):
        show(document(card.text) if card.text else el("p", v.words("quality.no_document"), cls="k-quiet"))
