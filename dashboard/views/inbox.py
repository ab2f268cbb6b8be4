"""Inbox: a team's queue, the most pressing first; its filters are its address, so that a queue can be linked."""

import streamlit as st

from dashboard import data, viewer
from dashboard.components import filters, notices, rows
from dashboard.components.address import stay
from dashboard.viewer import Viewer
from store.inbox import MOST, Filters

_ON_A_PAGE = 25


def page() -> None:
    """Show the queue that the filters leave."""
    v = viewer.current()
    notices.heading(v.words("inbox.title"))
    notices.told(v)
    asked = filters.inbox(v)
    found = data.queue(asked, v.now, _ON_A_PAGE, filters.page_number())
    _counted(found.total, v)
    with st.container(key="k-queue", gap=None):
        for row in found.rows:
            rows.ticket(row, v)
    if not found.rows:
        _nothing(asked, v)
    if (pages := -(-found.total // _ON_A_PAGE)) > 1:
        with st.container(horizontal_alignment="center"):
            filters.turn(pages, v)


def _counted(total: int, v: Viewer) -> None:
    said = v.words("inbox.more_than", n=MOST) if total >= MOST else v.words("inbox.count", n=total)
    notices.line(said if total else "")


def _nothing(asked: Filters, v: Viewer) -> None:
    if asked == Filters():
        notices.empty(v.words("inbox.done"), v.words("inbox.done_do"))
    elif asked == Filters(team=asked.team):
        notices.empty(v.words("inbox.team_done", team=v.team(asked.team or "")), v.words("inbox.team_done_do"))
    else:
        notices.empty(v.words("inbox.nothing"), v.words("inbox.nothing_do"))
        with st.container(horizontal_alignment="center"):
            stay(v.words("inbox.reset"), {}, key="reset", icon=":material/filter_alt_off:")


page()
