"""The audit log on the page Sources, for who looks after a desk where people sign in."""

import streamlit as st

from dashboard import audit, times
from dashboard.components import notices
from dashboard.components.markup import Markup, el, said, show
from dashboard.viewer import Viewer
from store.audit import Entry

_LATEST = 50


def panel(v: Viewer) -> None:
    """Show the latest entries to admins."""
    if not (v.desk.sign_in and v.erases):
        return
    w = v.words
    with st.expander(w("audit.title"), key="k-audit"):
        notices.line(w("audit.lead"))
        found = audit.latest(_LATEST)
        head = el("tr", [el("th", w(f"audit.{name}")) for name in ("at", "who", "what", "of")])
        show(el("div", el("table", el("thead", head), el("tbody", [_row(one, v) for one in found])), cls="k-table"))


def _row(one: Entry, v: Viewer) -> Markup:
    w = v.words
    what = w(f"audited.{one.what.replace(' ', '_')}")
    role = el("span", w(f"role.{one.role}"), cls="k-reason") if one.role and w.has(f"role.{one.role}") else None
    return el(
        "tr",
        el("td", times.moment(one.at, v.zone, w)),
        el("td", said(one.who or "–", 80), role),
        el("td", what, cls="k-late" if one.what in ("refused", "not allowed") else ""),
        el("td", said(one.of, 120)),
    )
