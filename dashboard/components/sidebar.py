"""The sidebar: who is looking, and in which language; both stay in the address."""

from pathlib import Path

import streamlit as st

from dashboard import audit, data, viewer, who
from dashboard.components import browser
from dashboard.components.markup import el, said, show
from dashboard.viewer import LANGUAGE, ME, Viewer
from dashboard.words import Words

_BOX = Path(__file__).parents[1] / "letterbox.svg"


def choose() -> Viewer:
    """Let people say who they are, where nobody signs in, and in which language they read; return what they chose."""
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
    with below:
        browser.speaks(w.language)
    if desk.sign_in:
        with above:
            _signed_in(w)
    else:
        above.selectbox(
            w("sidebar.me"),
            desk.people,
            index=None,
            placeholder=w("sidebar.nobody"),  # an option of this name would stay in the language in which it was chosen
            key=ME,
            bind="query-params",
        )
    return viewer.current()


def _signed_in(w: Words) -> None:
    """Show who has signed in, and the way out."""
    if found := who.person(data.desk()):
        show(el("p", el("b", said(found.name, 60)), el("br"), w(f"role.{found.role}"), cls="k-line"))
    st.button(w("door.out"), icon=":material/logout:", type="tertiary", on_click=audit.leave, key="sign-out")
