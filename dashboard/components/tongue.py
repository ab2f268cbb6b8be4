"""In which language the page says it is, for what reads it aloud, hyphenates it or offers to translate it."""

import streamlit as st
from streamlit.components import v2

from desk.taxonomy import Language

_JS = """
export default ({ data }) => { document.documentElement.lang = data }
"""
_SAY = v2.component("kummerkasten_language", js=_JS)
"""Streamlit says that every page is in English, and can be told otherwise only from within the page."""


def declare(language: Language) -> None:
    """Let the page say that it is in *language*."""
    with st.container(key="k-tongue"):
        _SAY(key="tongue", data=language)
