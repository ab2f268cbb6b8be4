"""The parts of the page Quality that say what people here made of the model: how often they agreed, what it is unsure about."""

from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from dashboard import data, review_data
from dashboard.components import rows
from dashboard.components.address import Address
from dashboard.components.markup import Markup, el, show
from dashboard.components.review import label, percent
from dashboard.viewer import Viewer
from desk.review import aspect_of
from desk.shares import Share

DAYS = ("7", "28", "90")
_MOST = 12
"""So many questions are shown before the rest is only counted."""


def people(address: Address, v: Viewer) -> str:
    """Show how often people agreed in the last days; return the period."""
    w = v.words
    show(el("div", el("h2", w("quality.people")), el("p", w("quality.people_lead"), cls="k-quiet")))
    days = st.segmented_control(
        w("quality.period"),
        DAYS,
        default=address["days"] if address["days"] in DAYS else "28",
        format_func=lambda days: w("friction.days", n=int(days)),
        key=address.key("days"),
        required=True,
        label_visibility="collapsed",
    )
    midnight = v.now.astimezone(v.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = data.agreement(midnight + timedelta(days=1), int(days or "28"))
    if not found.all.whole:
        show(el("p", w("quality.nobody"), cls="k-quiet"))
        return days or "28"
    show(_all(found.all, v))
    _shares("quality.by_label", {label(key, v): share for key, share in found.labels.items()}, v, _named(found.missed, v))
    _shares("quality.by_language", {v.tongue(code): share for code, share in found.languages.items()}, v, {})
    return days or "28"


def _named(missed: Mapping[str, int], v: Viewer) -> dict[str, int]:
    return {label(key, v): count for key, count in missed.items()}


def _all(share: Share, v: Viewer) -> Markup:
    if share.few:
        return el("p", v.words("quality.too_few_all", n=share.whole))
    low, high = (percent(bound, v) for bound in share.interval)
    said = v.words("quality.agreed_of", part=share.part, whole=share.whole, low=low, high=high)
    return el("p", el("b", v.words("quality.agreed", percent=percent(share.value, v))), " · ", said, cls="k-agreed")


def _shares(title: str, found: Mapping[str, Share], v: Viewer, missed: Mapping[str, int]) -> None:
    """Show shares as bars with their ranges, the lowest first; of too few cases only their number."""
    enough = sorted((one for one in found.items() if not one[1].few), key=lambda one: (one[1].value, -one[1].whole, one[0]))
    few = sorted((one for one in found.items() if one[1].few), key=lambda one: (-one[1].whole, one[0]))
    listed = [_share(name, share, missed.get(name, 0), v) for name, share in enough]
    names = ", ".join(v.words("quality.few_one", name=name, n=share.whole) for name, share in few)
    rest = el("p", v.words("quality.too_few", names=names), cls="k-line") if few else None
    show(el("div", el("h3", v.words(title)), listed, rest, cls="k-shares"))


def _share(name: str, share: Share, missed: int, v: Viewer) -> Markup:
    w = v.words
    low, high = share.interval
    reach = el("b", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%")
    said = w("quality.of", part=share.part, whole=share.whole)
    return el(
        "div",
        el("span", name, cls="k-name"),
        el("span", el("i", style=f"width:{100 * share.value:.1f}%"), reach, cls="k-range", aria_hidden="true"),
        el("span", percent(share.value, v), cls="k-number"),
        el("span", f"{said}, {w('quality.missed', n=missed)}" if missed else said, cls="k-of"),
        cls="k-share",
    )


def unsure(v: Viewer) -> None:
    """Show what waits for a person's answer, as links to the page Review."""
    w = v.words
    show(el("div", el("h2", w("quality.unsure")), el("p", w("quality.unsure_lead"), cls="k-quiet")))
    found = review_data.unsure_counts()
    if not found:
        show(el("p", w("quality.sure"), cls="k-quiet"))
        return
    top = max(found.values())
    with st.container(gap=None):
        for key, count in list(found.items())[:_MOST]:
            rows.linked(
                _waiting(label(key, v), count, top, v),
                key=f"unsure-{key}",
                page="review",
                label=w("quality.open_review", label=label(key, v)),
                params={"aspect": aspect_of(key)},
            )
    if (more := len(found) - _MOST) > 0:
        show(el("p", w("quality.more", n=more), cls="k-line"))
    st.page_link("views/review.py", label=w("quality.to_review"), icon=":material/rule:")


def _waiting(name: str, count: int, top: int, v: Viewer) -> Markup:
    bar = el("span", el("i", style=f"width:{max(2, round(100 * count / top))}%"), cls="k-bar", aria_hidden="true")
    number = el("span", v.words.value(count), cls="k-count")
    return el("div", el("span", name, cls="k-name"), bar, number, cls="k-load k-doubt")
