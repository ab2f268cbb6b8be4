"""Today: what was heard, who waits, what is late, and what is rising; every number leads to what is behind it."""

import streamlit as st

from dashboard import data, times, viewer
from dashboard.components import door, notices, overview
from dashboard.viewer import Viewer

_EVERY = "30s"


def page() -> None:
    """Show the numbers of this moment."""
    v = viewer.current()
    notices.heading(v.words("today.title"), v.words("today.lead", desk=v.desk.name, day=times.long_day(v.now, v.zone, v.words)))
    if v.desk.invented:
        notices.line(v.words("today.invented", desk=v.desk.name))
    numbers()


@st.fragment(run_every=_EVERY)
def numbers() -> None:
    """Show what changes by itself, again every half a minute."""
    door.watch()
    v = viewer.current()
    today = data.today()
    if not any(count for _, count in today.by_day) and not today.teams:
        _nothing(v)
        return
    overview.figures(today, v)
    left, right = st.columns([3, 2], gap="large")
    with left:
        overview.teams(today, v)
    with right:
        overview.rising(data.rising_topics(), v)
        overview.platforms(today, v)


def _nothing(v: Viewer) -> None:
    if not v.desk.sources:
        notices.empty(
            v.words("today.no_sources"), v.words("today.no_sources_do"), "kummerkasten import export.csv\nkummerkasten run"
        )
    elif waiting := data.waiting_to_be_read():
        notices.empty(v.words("today.unread", n=waiting), v.words("today.unread_do"), "kummerkasten run")
    else:
        notices.empty(v.words("today.nothing"), v.words("today.nothing_do"), "kummerkasten pull\nkummerkasten run")


page()
