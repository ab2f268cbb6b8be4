"""Sources: is every place heard, since when not, what to do; in words an operator trusts."""

import streamlit as st

from dashboard import data, viewer
from dashboard.components import door, ledger, notices, protocol

_EVERY = "15s"


def page() -> None:
    """Show the state of each source, its last pulls, and what could not be understood."""
    v = viewer.current()
    notices.heading(v.words("sources.title"), v.words("sources.lead"))
    states()
    ledger.quarantine(data.quarantined(), v)
    protocol.panel(v)


@st.fragment(run_every=_EVERY)
def states() -> None:
    """Show the sources, again every quarter of a minute."""
    door.watch()
    v = viewer.current()
    found = data.sources(v.now)
    if not found:
        how = "kummerkasten add\nkummerkasten check\nkummerkasten pull"
        notices.empty(v.words("sources.nothing"), v.words("sources.nothing_do"), how)
    for status in found:
        ledger.source(status, v)


page()
