"""What only the browser itself can do: say in which language the page is, and bring into view what was chosen."""

import streamlit as st
from streamlit.components import v2

from desk.taxonomy import Language

_SPEAKS = """
export default ({ data }) => { document.documentElement.lang = data }
"""
_BRINGS = """
let brought
export default ({ data }) => {
  if (data !== brought && matchMedia("(max-width: 700px)").matches) document.querySelector(".k-about")?.scrollIntoView()
  brought = data
}
"""
_speaks = v2.component("kummerkasten_speaks", js=_SPEAKS)
"""Streamlit says that every page is in English, and can be told otherwise only from within the page."""
_brings = v2.component("kummerkasten_brings", js=_BRINGS)
"""On a phone what is chosen stands below what it was chosen from, a long way down: nothing seems to happen."""


def speaks(language: Language) -> None:
    """Let the page say that it is in *language*."""
    with st.container(key="k-unseen-language"):
        _speaks(key="speaks", data=language)


def brings(chosen: str) -> None:
    """Bring into view, on a phone, what is said about *chosen*, once for each choice."""
    with st.container(key="k-unseen-choice"):
        _brings(key="brings", data=chosen)
