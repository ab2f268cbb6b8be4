"""The parts of the page Today: figures, teams, platforms, and what is rising."""

from collections.abc import Sequence

import streamlit as st

from dashboard import times
from dashboard.components import rows
from dashboard.components.markup import Child, Markup, el, join, show
from dashboard.viewer import Viewer
from desk.trend import Rising
from store.overview import Load, Today

_MOST_RISING = 5


def figures(today: Today, v: Viewer) -> None:
    """Show the numbers everybody asks for first."""
    load, w = today.load, v.words
    answer = today.median_answer_hours
    show(
        el(
            "div",
            _figure(w("today.heard"), w.value(today.heard_today), w("today.yesterday", n=today.heard_yesterday), _days(today, v)),
            _figure(
                w("today.waiting"),
                w.value(load.waiting),
                w("today.in_teams", n=sum(1 for one in today.teams.values() if one.waiting)),
            ),
            _figure(w("today.late"), w.value(load.late), w("today.past_due"), kind="k-late" if load.late else "k-fine"),
            _figure(w("today.soon"), w.value(load.soon), w("today.within"), kind="k-soon" if load.soon else ""),
            _figure(
                w("today.answer"),
                "–" if answer is None else w("today.hours", hours=round(answer, 1)),
                w("today.answered", n=today.answered_week),
            ),
            cls="k-figures",
        )
    )


def _figure(name: str, number: str, note: str, extra: Child = None, kind: str = "") -> Markup:
    return el(
        "div", el("span", name, cls="k-name"), el("strong", number), el("small", note), extra, cls=f"k-figure {kind}".strip()
    )


def _days(today: Today, v: Viewer) -> Markup:
    """Return four weeks as small bars."""
    top = max(count for _, count in today.by_day) or 1
    bars = (
        el(
            "i",
            style=f"height:{max(4, round(100 * count / top))}%",
            title=f"{times.short_day(day, v.words)}: {v.words.value(count)}",
        )
        for day, count in today.by_day
    )
    return el("div", bars, cls="k-days", role="img", aria_label=v.words("today.days"))


def teams(today: Today, v: Viewer) -> None:
    """Show what each team owes, as links to its queue."""
    show(el("h2", v.words("today.teams")))
    known = [team.key for team in v.desk.teams]
    owing = [key for key in [*known, *(key for key in today.teams if key not in known)] if key in today.teams]
    if not owing:
        show(el("p", v.words("today.all_answered"), cls="k-quiet"))
    top = max((today.teams[key].waiting for key in owing), default=1)
    if late := today.load.late:
        label = v.words("today.all_late", n=late)
        st.page_link("views/inbox.py", label=label, icon=":material/alarm:", query_params={"late": "1"})
    calm = not any(today.teams[key].late or today.teams[key].soon for key in owing)
    listed = st.container(gap=None)
    for key in sorted(owing, key=lambda key: (-today.teams[key].late, -today.teams[key].waiting)):
        with listed:
            rows.linked(
                _team(v.team(key), today.teams[key], top, v, calm=calm),
                key=f"team-{key}",
                page="inbox",
                label=v.words("today.open_queue", team=v.team(key)),
                params={"team": key},
            )


def _team(name: str, load: Load, top: int, v: Viewer, *, calm: bool) -> Markup:
    w = v.words
    return el(
        "div",
        el("span", name, cls="k-name"),
        _bar(load.waiting, top),
        el("span", w.value(load.waiting), cls="k-count"),
        el(
            "span",
            el("b", w("today.n_late", n=load.late), cls="k-late") if load.late else None,
            el("b", w("today.n_soon", n=load.soon), cls="k-soon") if load.soon else None,
            cls="k-alarm",
        )
        if not calm
        else None,
        cls="k-load k-calm" if calm else "k-load",
    )


def _bar(part: int, whole: int) -> Markup:
    return el("span", el("i", style=f"width:{max(2, round(100 * part / max(whole, 1)))}%"), cls="k-bar", aria_hidden="true")


def rising(found: Sequence[Rising], v: Viewer) -> None:
    """Say what is spoken of more than usual."""
    show(el("h2", v.words("today.rising")))
    if not found:
        show(el("p", v.words("today.steady"), cls="k-quiet"))
    listed = st.container(gap=None)
    for rise in found[:_MOST_RISING]:
        with listed:
            rows.linked(
                _rise(rise, v),
                key=f"rise-{rise.topic}",
                page="friction",
                label=v.words("today.open_topic", topic=v.topic(rise.topic)),
                params={"topic": rise.topic, "days": "7"},
            )


def _rise(rise: Rising, v: Viewer) -> Markup:
    usual = round(rise.usual)
    said = v.words("today.rise", now=rise.now, usual=usual) if usual else v.words("today.rise_new", now=rise.now)
    return el("div", el("span", "▲", cls="k-arrow"), el("span", el("b", v.topic(rise.topic)), ": ", said), cls="k-rise")


def platforms(today: Today, v: Viewer) -> None:
    """Show how much was heard from where in a week, as links to the queue."""
    show(el("h2", v.words("today.platforms")))
    top = max(today.platforms.values(), default=1)
    if not today.platforms:
        show(el("p", v.words("today.quiet_week"), cls="k-quiet"))
    listed = st.container(gap=None)
    for platform, count in today.platforms.items():
        with listed:
            rows.linked(
                join(
                    el(
                        "div",
                        el("span", v.platform(platform), cls="k-name"),
                        _bar(count, top),
                        el("span", v.words.value(count), cls="k-count"),
                        cls="k-load k-short",
                    )
                ),
                key=f"platform-{platform}",
                page="inbox",
                label=v.words("today.open_queue", team=v.platform(platform)),
                params={"platform": platform},
            )
