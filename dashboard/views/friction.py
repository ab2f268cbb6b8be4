"""Friction: what hurts most, whom, since when, and in whose words; for those who can mend it."""

import streamlit as st

from dashboard import friction_data, viewer
from dashboard.components import browser, charts, friction, notices
from dashboard.viewer import Viewer
from store.friction import FrictionRow, Scope


def page() -> None:
    """Show topics by people affected, and what is behind the chosen one."""
    v = viewer.current()
    notices.heading(v.words("friction.title"), v.words("friction.lead"))
    scope, asked = friction.filters(v)
    found = friction_data.friction_topics(scope)
    if not found:
        notices.empty(v.words("friction.nothing"), v.words("friction.nothing_do"))
        return
    chosen = next((row for row in found if row.topic == asked), found[0])
    left, right = st.columns([1, 1], gap="large")
    with left:
        friction.ranking(found, chosen.topic, scope, v)
        friction.download(found, scope, v)
    with right:
        _topic(chosen, scope, v)
        if asked:
            browser.brings(chosen.topic)


def _topic(row: FrictionRow, scope: Scope, v: Viewer) -> None:
    friction.about(row, v)
    charts.weeks(friction_data.weeks(scope, [row.topic]), scope, v)
    friction.quotes(friction_data.quotes(scope, row.topic, friction.QUOTES), v)
    friction.to_inbox(row.topic, v)


page()
