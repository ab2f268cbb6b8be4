"""The sidebar: who is looking, and in which language; both stay in the address."""

from pathlib import Path

import streamlit as st

from dashboard import data, viewer
from dashboard.viewer import LANGUAGE, ME, Viewer

_BOX = Path(__file__).parents[1] / "letterbox.svg"


def choose() -> Viewer:
    """Let people say who they are (sign-in comes later) and in which language they read; return what they chose."""
    desk = data.desk()
    st.logo(str(_BOX), size="large")
    with st.sidebar, st.container(key="k-who", gap="small"):
        above, below = st.container(), st.container()
    below.segmented_control(
        "Sprache / Language",
        ["de", "en"],
        default=viewer.first_language(),
        key=LANGUAGE,
        required=True,
        bind="query-params",
        label_visibility="collapsed",
    )
    w = viewer.current().words
    above.selectbox(
        w("sidebar.me"),
        desk.people,
        index=None,
        placeholder=w("sidebar.nobody"),  # an option of this name would stay in the language in which it was chosen
        key=ME,
        bind="query-params",
    )
    return viewer.current()
