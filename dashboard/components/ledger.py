"""The parts of the page Sources: the state of a source in a sentence, its figures, its pulls, the quarantine."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from dashboard import data, times
from dashboard.components import notices
from dashboard.components.markup import Child, Markup, el, join, said, show
from dashboard.viewer import Viewer
from store.credentials import SOON
from store.ledger import SourceStatus
from store.tables import Pull, Quarantine

_RAW = 4_000
_GRACE = timedelta(minutes=10)
"""A run that has not begun so long after its time is missing."""
_ILL = ("denied", "gone", "garbled", "failed", "lost")


def state(status: SourceStatus, v: Viewer) -> str:
    """Return how a source is: off, new, running, busy, ill (with the outcome), more, missing or well."""
    last = status.last
    if not status.enabled:
        return "off"
    if status.broken_off(v.now):
        return "lost"
    if status.running or (last and last.outcome == "running"):
        return "running"
    if last is None:
        return "new"
    if last.outcome == "busy" or last.outcome in _ILL:
        return last.outcome
    if status.next_run_at and status.next_run_at + _GRACE < v.now:
        return "missing"
    return "more" if last.outcome == "more" else "well"


def source(status: SourceStatus, v: Viewer) -> None:
    """Show one source."""
    kind = state(status, v)
    with st.container(key=f"k-source-{status.name}", border=True, gap="small"):
        show(_card(status, kind, v))
        if pulls := data.pulls(status.name):
            with st.expander(v.words("sources.pulls", n=len(pulls)), key=f"pulls-{status.name}"):
                _pulls(pulls, v)


def _card(status: SourceStatus, kind: str, v: Viewer) -> Markup:
    return el(
        "div",
        el(
            "div",
            el("i", cls=f"k-light k-{_light(kind)}", aria_hidden="true"),
            el("b", status.name),
            el("span", v.platform(status.platform), cls="k-quiet"),
            el("span", _sentence(status, kind, v), cls=f"k-says k-{_light(kind)}"),
            cls="k-source-head",
        ),
        _trouble(status.last, v) if kind in (*_ILL, "busy") else None,
        el("dl", _facts(status, kind, v), cls="k-facts k-wide"),
        cls="k-source",
    )


def _light(kind: str) -> str:
    return {
        "well": "fine",
        "more": "fine",
        "running": "busy",
        "busy": "wait",
        "missing": "wait",
        "new": "wait",
        "off": "off",
    }.get(kind, "ill")


def _sentence(status: SourceStatus, kind: str, v: Viewer) -> str:
    if kind in ("busy", "missing") and status.next_run_at:
        return v.words(f"source.{kind}_until", when=_when(status, v))
    return v.words(f"source.{kind}")


def _when(status: SourceStatus, v: Viewer) -> str:
    at = status.next_run_at
    if at is None:
        return "–"
    same_day = at.astimezone(v.zone).date() == v.now.astimezone(v.zone).date()
    return times.clock(at, v.zone) if same_day else times.moment(at, v.zone, v.words)


def _trouble(last: Pull | None, v: Viewer) -> Markup | None:
    """Say what went wrong and what to do."""
    if last is None or not (last.error or last.advice):
        return None
    usual = v.words(f"advice.{last.outcome}") if v.words.has(f"advice.{last.outcome}") else ""
    return notices.trouble(last.error, last.advice, usual, v, patience=last.outcome == "busy")


def _facts(status: SourceStatus, kind: str, v: Viewer) -> list[Markup]:
    w, last, good = v.words, status.last, status.last_good
    heard = good.ended_at or good.started_at if good else None
    facts: list[Child] = [
        _fact(w("sources.heard"), times.ago(heard, v.now, w) if heard else w("sources.never")),
        _fact(w("sources.last_run"), _brought(last, v)) if last else None,
        _fact(w("sources.mentions"), w.value(status.mentions)),
        _fact(w("sources.last_said"), times.ago(status.last_said, v.now, w)) if status.last_said else None,
        _fact(w("sources.backlog"), times.moment(last.oldest_unread, v.zone, w))
        if last and last.oldest_unread and kind == "more"
        else None,
        _fact(w("sources.quarantined"), el("b", w.value(status.quarantined), cls="k-soon")) if status.quarantined else None,
        _fact(w("sources.dies"), el("b", _dies(status.dies_at, v), cls="k-soon"))
        if status.dies_at and status.dies_at - v.now < SOON
        else None,
        _fact(w("sources.quota"), w.value(last.quota_left)) if last and last.quota_left is not None else None,
        _fact(w("sources.next"), _next(status.next_run_at, v)) if status.next_run_at and status.enabled else None,
    ]
    return [fact for fact in facts if isinstance(fact, Markup)]


def _dies(at: datetime, v: Viewer) -> str:
    return times.moment(at, v.zone, v.words) if at > v.now else v.words("sources.dead")


def _next(at: datetime, v: Viewer) -> str:
    if at > v.now + timedelta(minutes=1):
        return times.ago(at, v.now, v.words)
    return v.words("sources.due") if at + _GRACE > v.now else v.words("sources.overdue", since=times.since(at, v.now, v.words))


def _brought(pull: Pull, v: Viewer) -> str:
    parts = [v.words(f"sources.n_{name}", n=count) for name, count in _counts(pull) if count]
    return ", ".join(parts) or v.words("sources.no_news")


def _counts(pull: Pull) -> list[tuple[str, int]]:
    return [("new", pull.new), ("changed", pull.changed), ("deleted", pull.deleted), ("quarantined", pull.quarantined)]


def _fact(name: str, value: Child) -> Markup:
    return el("div", el("dt", name), el("dd", value))


def _pulls(pulls: Sequence[Pull], v: Viewer) -> None:
    w = v.words
    head = el(
        "tr", [el("th", w(f"pull.{name}")) for name in ("at", "outcome", "fetched", "new", "changed", "quarantined", "took")]
    )
    show(el("div", el("table", el("thead", head), el("tbody", [_pull(pull, v) for pull in pulls])), cls="k-table"))


def _pull(pull: Pull, v: Viewer) -> Markup:
    w = v.words
    took = f"{max(0.1, (pull.ended_at - pull.started_at).total_seconds()):.1f} s" if pull.ended_at else "–"
    numbers = [w.value(count) for count in (pull.fetched, pull.new, pull.changed, pull.quarantined)]
    ill = pull.outcome in _ILL
    return el(
        "tr",
        el("td", times.moment(pull.started_at, v.zone, w)),
        el(
            "td",
            w(f"outcome.{pull.outcome}"),
            el("span", said(pull.error, 160), cls="k-reason") if ill and pull.error else None,
            cls="k-late" if ill else "",
        ),
        [el("td", number, cls="k-number") for number in numbers],
        el("td", took.replace(".", ",") if v.language == "de" else took, cls="k-number"),
    )


def _reason(row: Quarantine, v: Viewer) -> Markup:
    """Return why a payload was not understood; listeners say so in English."""
    reason = el("span", said(row.reason, 500), lang="en")
    return reason if v.language == "en" else join(v.words("sources.technical"), " ", reason)


def quarantine(found: Sequence[Quarantine], v: Viewer) -> None:
    """Show what could not be understood: why, where, and the raw payload as text."""
    if not found:
        return
    show(el("h2", v.words("quarantine.title")))
    show(el("p", v.words("quarantine.lead"), cls="k-quiet"))
    for row in found:
        with st.expander(
            v.words("quarantine.one", source=row.source, when=times.moment(row.heard_at, v.zone, v.words)),
            key=f"quarantine-{row.id}",
        ):
            show(el("p", _reason(row, v), el("br"), el("span", said(row.place, 200), cls="k-quiet")))
            st.code(
                row.raw[:_RAW].decode("utf-8", "replace").replace("\x00", "\ufffd"), language=None, wrap_lines=True, height=240
            )
