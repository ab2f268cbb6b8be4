"""Charts: people affected by week and platform."""

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st

from dashboard import times
from dashboard.viewer import Viewer
from store.friction import Scope, Week


def weeks(found: Sequence[Week], scope: Scope, v: Viewer) -> None:
    """Show how many people met a topic in each week of the period, and where they said so."""
    import altair as alt
    import pandas as pd

    w = v.words
    columns: dict[str, list[object]] = {"week": [], "platform": [], "people": []}
    for one in found:
        columns["week"].append(_day(one.monday, v))
        columns["platform"].append(v.platform(one.platform))
        columns["people"].append(one.people)
    mondays = _mondays(scope, v)
    chart = (
        alt.Chart(pd.DataFrame(columns))
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X(
                "week:N",
                title=None,
                sort=mondays,
                scale=alt.Scale(domain=mondays),
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("people:Q", title=w("chart.people"), axis=alt.Axis(tickMinStep=1, tickCount=4)),
            color=alt.Color("platform:N", title=None, legend=alt.Legend(orient="top", columns=3)),
            tooltip=[
                alt.Tooltip("week:N", title=w("chart.week")),
                alt.Tooltip("platform:N", title=w("filter.platform")),
                alt.Tooltip("people:Q", title=w("chart.people")),
            ],
        )
        .properties(height=220)
    )
    st.altair_chart(chart, width="stretch", alt=w("chart.alt"))


def _mondays(scope: Scope, v: Viewer) -> list[str]:
    first, last = scope.since.astimezone(v.zone).date(), (scope.until - timedelta(seconds=1)).astimezone(v.zone).date()
    monday = first - timedelta(days=first.weekday())
    return [_day(monday + timedelta(days=7 * k), v) for k in range((last - monday).days // 7 + 1)]


def _day(monday: date, v: Viewer) -> str:
    return f"{monday.day}.{monday.month}." if v.language == "de" else f"{monday.day} {times.MONTHS[monday.month - 1]}"
