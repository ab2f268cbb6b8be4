"""The part of the page Quality that says how good each topic and each answer is."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.cards import Figure, Label, Measured
from dashboard.components import figures
from dashboard.components.address import Address
from dashboard.components.markup import Markup, el, show
from dashboard.components.review import percent
from dashboard.viewer import Viewer
from desk.reading import TOPICAL
from desk.shares import FEW

SORTS = ("worst", "texts", "name")
_REST = "rest"
"""The kind of all labels that are neither friction nor praise."""


def show_all(measured: Measured, address: Address, v: Viewer) -> dict[str, str]:
    """Show the figures of each topic, in the order that people choose; return what they chose."""
    w, seen = v.words, _by_kind(measured)
    kinds = list(seen)
    if not kinds:
        return {}
    show(el("div", el("h2", w("quality.labels")), el("p", w("quality.labels_lead"), cls="k-quiet")))
    with st.container(horizontal=True, gap="small", key="k-labels"):
        kind = _pick(address, "kind", kinds, "quality.kind", {one: _kind(one, v) for one in kinds}, v)
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


def _by_kind(measured: Measured) -> dict[str, list[Label]]:
    """Return the labels that any text has: friction, praise, and the answers of all other questions together."""
    found: dict[str, list[Label]] = {}
    for aspect in (*TOPICAL, *(one for one in measured.labels if one not in TOPICAL)):
        seen = [one for one in measured.labels.get(aspect, ()) if one.texts]  # else nothing was asked
        if seen:
            found.setdefault(aspect if aspect in TOPICAL else _REST, []).extend(seen)
    return found


def _kind(kind: str, v: Viewer) -> str:
    return v.words("quality.rest") if kind == _REST else figures.aspect(kind, v)


def label_name(one: Label, v: Viewer) -> str:
    """Return what people call a label: a topic, "Sentiment: upset", "Urgent"."""
    aspect, _, answer = one.key.partition(":")
    if aspect in TOPICAL:
        return v.topic(one.topic)
    if not answer:
        return figures.aspect(aspect, v)
    said = v.words(f"{aspect}.{answer}") if v.words.has(f"{aspect}.{answer}") else answer
    return f"{figures.aspect(aspect, v)}: {said}"


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
        return sorted(found, key=lambda one: label_name(one, v))
    return sorted(found, key=lambda one: (one.texts < FEW, one.f1[0], one.key))


def _heads(v: Viewer) -> list[tuple[str, str]]:
    w = v.words
    numbers = [("F1", "k-number"), *((w(f"quality.{key}"), "k-number k-aside") for key in ("precision", "recall", "texts"))]
    return [(w("quality.label"), "k-name"), ("", ""), *numbers]


def _label(one: Label, v: Viewer) -> Markup:
    few = one.texts < FEW
    return el(
        "div",
        el("span", label_name(one, v), cls="k-name"),
        figures.bar(one.f1),
        el("span", figures.decimal(one.f1[0], v), cls="k-number", title=figures.interval(one.f1, v) or None),
        [_share("precision", one.precision, v), _share("recall", one.recall, v)],
        el("span", v.words.value(one.texts), cls="k-number k-aside", data_name=v.words("quality.texts")),
        cls="k-label k-few" if few else "k-label",
    )


def _share(key: str, value: Figure, v: Viewer) -> Markup:
    """Show precision or recall; its range where the mouse rests."""
    reach = figures.interval(value, v) or None
    return el("span", percent(value[0], v), cls="k-number k-aside", data_name=v.words(f"quality.{key}"), title=reach)
