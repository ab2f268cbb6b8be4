"""What people are told: what became of their deed, and what to do where there is nothing to see."""

import streamlit as st

from dashboard import deeds
from dashboard.components.markup import Child, el, show
from dashboard.viewer import Viewer


def told(v: Viewer) -> None:
    """Say what became of the last deed."""
    if found := deeds.notice():
        said = v.words(found.text, who=found.who or v.words("deed.somebody"))
        kind = "k-good" if found.good else "k-bad"
        show(el("div", said, cls=f"k-notice {kind}", role="status" if found.good else "alert"))


def empty(title: str, text: Child, command: str = "") -> None:
    """Say why there is nothing here, and what to do next."""
    with st.container(key="k-empty", gap="small"):
        show(el("div", el("span", el("i"), cls="k-box", aria_hidden="true"), el("h3", title), el("p", text), cls="k-empty"))
        if command:
            st.code(command, language="sh", width="content")


def heading(title: str, lead: Child = None) -> None:
    """Show a page's title with one sentence below."""
    show(el("header", el("h1", title), el("p", lead) if lead else None, cls="k-head"))


def line(text: str) -> None:
    """Say something in passing."""
    show(el("p", text, cls="k-line"))
