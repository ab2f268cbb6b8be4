"""The door: where a desk has a sign-in, nobody sees anything before their provider has said who they are (guarantee 12)."""

import streamlit as st

from dashboard import audit, data, viewer, who
from dashboard.components import notices
from dashboard.words import Words
from desk.errors import ConfigurationError


def open_to_whom_it_is() -> bool:
    """Say whether who looks may see the pages; show them what to do where they may not."""
    try:
        desk = data.desk()
    except ConfigurationError:
        if not who.can_sign_in():  # nobody but who sits at this machine: they are told what is wrong
            return True
        _closed(Words("de"))
        return False
    if who.may_see(desk):
        return True
    w = Words(viewer.language())
    if not (who.can_sign_in() and desk.sign_in):
        _closed(w)
    elif email := who.signed_in():
        audit.turned_away(email)
        notices.empty(w("door.unknown"), w("door.unknown_do", email=email))
        with st.container(horizontal_alignment="center"):
            st.button(w("door.out"), icon=":material/logout:", on_click=st.logout, key="door-out")
    else:
        notices.empty("Kummerkasten", w("door.lead"))
        with st.container(horizontal_alignment="center"):
            st.button(w("door.in"), icon=":material/login:", type="primary", on_click=st.login, key="door-in")
    return False


def watch() -> None:
    """Lead back to the door who may see this no longer: what refreshes itself does not pass it by itself."""
    try:
        if who.may_see(data.desk()):
            return
    except ConfigurationError:
        pass  # the page itself says so, to whom it may
    st.rerun()


def _closed(w: Words) -> None:
    """Say that nothing is to be seen, and to who looks after the desk where to find out why."""
    notices.empty(w("door.closed"), w("door.closed_do"), "kummerkasten check\nkummerkasten up")
