"""Filters that live in the page's address, so that a queue can be linked, kept as a bookmark and found again with "back"."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from dashboard.viewer import LANGUAGE, ME

T = TypeVar("T")


class Address:
    """The part of a page's address that its filters own.

    Widgets begin with what the address says; `keep` writes back what they were set to. An address that changes from outside
    (a link, "back") begins them anew, and so does another language: Streamlit knows a choice by what it is called.
    """

    def __init__(self, page: str, names: Sequence[str], language: str) -> None:
        self._page = page
        self._names = tuple(names)
        found = {name: st.query_params.get(name, "") for name in names}
        state = st.session_state.get(self._key)
        if state is None or (state["seen"], state["language"]) != (found, language):
            epoch = state["epoch"] + 1 if state else 0
            state = {"seen": found, "start": found, "epoch": epoch, "language": language}
            st.session_state[self._key] = state
        self._state: dict[str, Any] = state

    @property
    def _key(self) -> str:
        return f"address.{self._page}"

    def __getitem__(self, name: str) -> str:
        """Return what the address said when the widgets began."""
        return str(self._state["start"][name])

    def key(self, name: str) -> str:
        """Return the key of the widget for *name*."""
        return f"{self._page}.{name}.{self._state['epoch']}"

    def index(self, name: str, options: Sequence[str]) -> int:
        """Return the place of what the address says among *options*, the first where it says something else."""
        return list(options).index(self[name]) if self[name] in options else 0

    def keep(self, values: Mapping[str, str]) -> None:
        """Write what the widgets say into the address; what is empty is left out."""
        said = {name: values.get(name, "") for name in self._names}
        self._state["seen"] = said
        for name, value in said.items():
            if value and st.query_params.get(name) != value:
                st.query_params[name] = value
            elif not value and name in st.query_params:
                del st.query_params[name]

    def last(self) -> dict[str, str]:
        """Return what the address says now, without what is empty."""
        return {name: value for name, value in self._state["seen"].items() if value}


def stay(label: str, params: Mapping[str, str], *, key: str, icon: str | None = None, right: bool = False) -> None:
    """Show a link to the page one is on: of a page link that leads there, Streamlit 1.67 tells the browser's address nothing."""
    st.button(
        label,
        key=key,
        icon=icon,
        icon_position="right" if right else "left",
        type="tertiary",
        on_click=go,
        args=(dict(params),),
    )


def go(params: Mapping[str, str]) -> None:
    """Let the page's address say *params* and nothing else, but for who looks and in which language."""
    for name in set(st.query_params) - {LANGUAGE, ME} - set(params):
        del st.query_params[name]
    for name, value in params.items():
        st.query_params[name] = value


def last_of(page: str) -> dict[str, str]:
    """Return what the address of *page* said when it was last open in this session."""
    state = st.session_state.get(f"address.{page}")
    return {name: value for name, value in state["seen"].items() if value} if state else {}
