"""The door: where a desk has a sign-in, nobody sees anything before their provider has said who they are (guarantee 12)."""

import streamlit as st

from dashboard import data, viewer
from dashboard.components import notices
from dashboard.words import Words


def open_to_whom_it_is() -> bool:
    """Say whether who looks may see the pages; show them what to do where they may not."""
    sign_in = data.desk().sign_in
    if sign_in is None or viewer.person() is not None:
        return True
    w = Words(viewer.language())
    email = viewer.signed_in()
    if email:
        notices.empty(w("door.unknown"), w("door.unknown_do", email=email))
        with st.container(horizontal_alignment="center"):
            st.button(w("door.out"), icon=":material/logout:", on_click=st.logout, key="door-out")
    elif not viewer.can_sign_in():
        notices.empty(w("door.closed"), w("door.closed_do"), "kummerkasten up")
    else:
        notices.empty(data.desk().name, w("door.lead"))
        with st.container(horizontal_alignment="center"):
            st.button(w("door.in"), icon=":material/login:", type="primary", on_click=st.login, key="door-in")
    return False
