"""What people are told: what became of their deed, and what to do where there is nothing to see."""

import streamlit as st

from dashboard import deeds
from dashboard.components.markup import Child, Markup, el, said, show
from dashboard.viewer import Viewer


def told(v: Viewer) -> None:
    """Say what became of the last deed."""
    if found := deeds.notice():
        said = v.words(found.text, who=found.who or v.words("deed.somebody"))
        kind = "k-good" if found.good else "k-bad"
        show(el("div", said, cls=f"k-notice {kind}", role="status" if found.good else "alert"))


def trouble(error: str, advice: str, usual: str, v: Viewer, *, patience: bool) -> Markup:
    """Say what went wrong and what to do about it.

    Platforms and listeners say so in English. Where that is not the language of the page, *usual* says first what to do in
    such a case, and what they said stands below, called what it is.
    """
    do = el("b", v.words("sources.do"), " ")
    kind = "k-trouble k-patience" if patience else "k-trouble"
    if v.language == "en":
        todo = advice or usual
        return el("div", el("p", said(error, 500)) if error else None, el("p", do, said(todo, 500)) if todo else None, cls=kind)
    message = el("span", said(" · ".join(text for text in (error, advice) if text), 1_000), lang="en")
    below = el("p", v.words("sources.technical"), " ", message, cls="k-technical")
    return el("div", el("p", do, usual) if usual else None, below, cls=kind)


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
