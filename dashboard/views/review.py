"""Review: what the model is unsure about, one question after the other; what a person answers counts."""

import streamlit as st

from dashboard import deeds, review_data, viewer
from dashboard.components import door, notices, review
from dashboard.review_data import Doubtful

_AHEAD = 20  # so far the next mention is looked for that nobody else has in front of them (a docstring would be shown)


def page() -> None:
    """Show the filters and the question that is most useful to answer."""
    v = viewer.current()
    notices.heading(v.words("review.title"), v.words("review.lead"))
    asked = review.filters(v)
    with st.container(key="k-review", width=860):
        question(asked)


@st.fragment
def question(asked: Doubtful) -> None:
    """Ask one question; an answer brings the next one without the rest of the page."""
    door.watch()
    v = viewer.current()
    notices.told(v)
    found = review_data.unsure(asked, _AHEAD, without=review.skipped(), first=review.at())
    review.counted(found.total, v)
    if not found.rows:
        review.nothing(asked, v)
        return
    ids = [doubt.mention.id or 0 for doubt in found.rows]
    held = deeds.hold(ids, v.me) if v.me else ids[0]
    if held is None:
        notices.empty(v.words("review.others"), v.words("review.others_do"))
        return
    review.ask(found.rows[ids.index(held)], v)
    review.last(v)


page()
