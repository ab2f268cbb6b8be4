"""Charts: people affected by week and platform, and what a model gains where it answers only what it is sure of."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

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
        columns["week"].append(times.short_day(one.monday, v.words))
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


def abstention(curves: Mapping[str, Sequence[tuple[float, float]]], v: Viewer) -> None:
    """Show for each task how many answers are right, where only so many of the surest are given."""
    import altair as alt
    import pandas as pd

    w = v.words
    rows = [(task, share, right) for task, points in curves.items() for share, right in points]
    table = pd.DataFrame({name: [row[place] for row in rows] for place, name in enumerate(("task", "share", "right"))})
    axis = alt.Axis(format="%", tickCount=5)
    chart = (
        alt.Chart(table)
        .mark_line(point=True)
        .encode(
            x=alt.X("share:Q", title=w("quality.answered_axis"), axis=axis, scale=alt.Scale(zero=False, reverse=True)),
            y=alt.Y("right:Q", title=w("quality.right_axis"), axis=axis, scale=alt.Scale(zero=False)),
            color=alt.Color("task:N", title=None, sort=list(curves), legend=alt.Legend(orient="top", columns=2)),
            tooltip=[
                alt.Tooltip("task:N", title=w("quality.what")),
                alt.Tooltip("share:Q", title=w("quality.answered_axis"), format=".0%"),
                alt.Tooltip("right:Q", title=w("quality.right_axis"), format=".0%"),
            ],
        )
        .properties(height=340)
    )
    st.altair_chart(chart, width="stretch", alt=w("quality.abstention_alt"))


def _mondays(scope: Scope, v: Viewer) -> list[str]:
    first, last = scope.since.astimezone(v.zone).date(), (scope.until - timedelta(seconds=1)).astimezone(v.zone).date()
    monday = first - timedelta(days=first.weekday())
    return [times.short_day(monday + timedelta(days=7 * k), v.words) for k in range((last - monday).days // 7 + 1)]
