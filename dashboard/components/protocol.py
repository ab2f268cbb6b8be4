"""The audit log on the page Sources, for who looks after a desk where people sign in."""

import streamlit as st

from dashboard import audit, times
from dashboard.components.markup import Markup, el, said, show
from dashboard.viewer import Viewer
from store.audit import ERASED, FORBIDDEN, REFUSED, Entry

_LATEST = 50


def panel(v: Viewer) -> None:
    """Show the latest entries to admins."""
    if not (v.desk.sign_in and v.erases):
        return
    w, found = v.words, audit.latest(_LATEST)
    show(el("h2", w("audit.title")))
    show(el("p", w("audit.lead"), cls="k-quiet"))
    with st.expander(w("audit.latest", n=len(found)), key="k-audit"):
        head = el("tr", [el("th", w(f"audit.{name}")) for name in ("at", "who", "what", "of")])
        show(el("div", el("table", el("thead", head), el("tbody", [_row(one, v) for one in found])), cls="k-table"))


def _row(one: Entry, v: Viewer) -> Markup:
    w = v.words
    role = el("span", w(f"role.{one.role}"), cls="k-reason") if w.has(f"role.{one.role}") else None
    return el(
        "tr",
        el("td", times.moment(one.at, v.zone, w)),
        el("td", said(one.who or "–", 80), role),
        el("td", w(f"audited.{one.what.replace(' ', '_')}"), cls="k-late" if one.what in (REFUSED, FORBIDDEN) else ""),
        el("td", said(_of(one, v), 120)),
    )


def _of(one: Entry, v: Viewer) -> str:
    """Return what it was about, in words: a deed that was not allowed, an erasure, a file."""
    kind = {FORBIDDEN: "deed", ERASED: "erased_of"}.get(one.what, "audited_of")
    where, number = v.platform(one.where), one.number or 0
    return v.words(f"{kind}.{one.of}", n=number, where=where) if v.words.has(f"{kind}.{one.of}") else one.of
