"""The ticket beside a conversation: what is owed and by when, what can be done, and what was done."""

from datetime import datetime

import streamlit as st

from dashboard import data, deeds, times
from dashboard.components import chips, filters
from dashboard.components.address import last_of, stay
from dashboard.components.markup import Child, Markup, el, show
from dashboard.viewer import Viewer
from store.conversations import Thread, Why
from store.tables import Ticket, TicketEvent


def around(found: Thread, v: Viewer) -> None:
    """Show the ways back to the inbox and on to the next ticket."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="k-ways"):
        back = last_of("inbox")
        st.page_link("views/inbox.py", label=v.words("conversation.back"), icon=":material/arrow_back:", query_params=back)
        if (after := data.next_conversation(filters.last(v), found.ticket, v.now)) is not None:
            label = v.words("conversation.next")
            stay(label, {"id": str(after)}, key="next", icon=":material/arrow_forward:", right=True)


def panel(found: Thread, reason: Why | None, v: Viewer) -> None:
    """Show the ticket and what can be done about it."""
    ticket = found.ticket
    with st.container(key="k-panel", border=True, gap="small"):
        if ticket is None:
            routing = reason.routing if reason else None
            said = (
                v.words("ticket.none_rule", rule=routing.rule, team=v.team(routing.team)) if routing else v.words("ticket.none")
            )
            show(el("div", el("h2", v.words("ticket.no_answer")), el("p", said, cls="k-quiet")))
            return
        show(_facts(ticket, reason, v))
        _actions(ticket, reason, v)


def _facts(ticket: Ticket, reason: Why | None, v: Viewer) -> Markup:
    w = v.words
    routing = reason.routing if reason else None
    rule: Child = (
        w("ticket.rule_allows", rule=ticket.rule, allowance=routing.allowance)
        if routing and routing.rule == ticket.rule
        else ticket.rule
    )
    return el(
        "div",
        el(
            "div",
            chips.deadline(ticket.due_at, ticket.status, v),
            el("span", w(f"status.{ticket.status}"), cls="k-status"),
            cls="k-state",
        )
        if ticket.status == "open"
        else el("div", chips.deadline(ticket.due_at, ticket.status, v), cls="k-state"),
        el(
            "dl",
            _fact(w("ticket.team"), v.team(ticket.team)),
            _fact(w("ticket.assignee"), ticket.assignee or w("ticket.unassigned")),
            _fact(w("ticket.priority"), w(f"priority.{ticket.priority}")),
            _fact(w("ticket.due"), times.moment(ticket.due_at, v.zone, w)) if ticket.status == "open" else None,
            _fact(w("ticket.waiting"), times.since(ticket.waiting_since, v.now, w)) if ticket.status == "open" else None,
            _fact(w("ticket.rule"), rule),
            _fact(w("ticket.by_hand"), w("ticket.manual")) if ticket.manual else None,
            cls="k-facts",
        ),
    )


def _fact(name: str, value: Child) -> Markup:
    return el("div", el("dt", name), el("dd", value))


def _actions(ticket: Ticket, reason: Why | None, v: Viewer) -> None:
    w, me = v.words, v.me
    if not me:
        show(el("p", w("ticket.who_are_you"), cls="k-line"))
    with st.container(horizontal=True, gap="small", key="k-actions"):
        if ticket.status == "open":
            if ticket.assignee != me or not me:
                _button("take", "ticket.take", ticket, v, primary=not ticket.assignee)
            _button("answered", "ticket.answer", ticket, v, primary=bool(ticket.assignee))
            _button("closed", "ticket.close", ticket, v)
        else:
            _button("open", "ticket.reopen", ticket, v)
        with st.popover(w("ticket.hand_over"), icon=":material/forward:", disabled=not me):
            _hand_over(ticket, reason, v)


def _button(deed: str, label: str, ticket: Ticket, v: Viewer, primary: bool = False) -> None:
    """Show a button whose deed names the version of the ticket that is on the screen."""
    st.button(
        v.words(label),
        key=f"deed-{deed}",
        type="primary" if primary else "secondary",
        disabled=not v.me,
        on_click=deeds.take if deed == "take" else deeds.set_status,
        args=(ticket, v.me) if deed == "take" else (ticket, deed, v.me),
    )


def _hand_over(ticket: Ticket, reason: Why | None, v: Viewer) -> None:
    w = v.words
    teams = list(dict.fromkeys([ticket.team, *(team.key for team in v.desk.teams)]))
    people = list(dict.fromkeys(["", *([ticket.assignee] if ticket.assignee else []), *v.desk.people]))
    with st.form(f"hand-over-{ticket.id}-{ticket.version}", border=False):
        team = st.selectbox(w("ticket.team"), teams, format_func=v.team)
        index = people.index(ticket.assignee or "")
        assignee = st.selectbox(
            w("ticket.assignee"), people, index=index, format_func=lambda name: name or w("ticket.unassigned")
        )
        priority = st.segmented_control(
            w("ticket.priority"), [1, 2, 3, 4], default=ticket.priority, format_func=lambda n: w(f"priority.{n}"), required=True
        )
        if st.form_submit_button(w("ticket.hand_over_do"), type="primary"):
            deeds.hand_over(ticket, deeds.HandOver(team, assignee or None, priority or ticket.priority), reason, v.me)
            st.rerun()


def history(found: Thread, v: Viewer) -> None:
    """Show who changed what, the newest first."""
    if found.events:
        with st.expander(v.words("history.title", n=len(found.events)), key="k-history"):
            show(el("ol", [_event(event, v) for event in reversed(found.events[-100:])], cls="k-events"))


def _event(event: TicketEvent, v: Viewer) -> Markup:
    who = _who(event.by, v)
    said = v.words(f"history.{event.what}", before=_value(event.what, event.before, v), after=_value(event.what, event.after, v))
    return el("li", el("time", times.moment(event.at, v.zone, v.words)), el("span", el("b", who), " ", said))


def _who(signature: str, v: Viewer) -> str:
    kind, _, name = signature.partition(":")
    return v.words(f"by.{kind}", name=name) if v.words.has(f"by.{kind}") else signature


def _value(what: str, value: str, v: Viewer) -> str:
    if not value:
        return v.words("ticket.unassigned") if what == "assignee" else "–"
    if what == "due_at":
        return times.moment(datetime.fromisoformat(value), v.zone, v.words)
    if what in ("team", "opened"):
        return v.team(value)
    return v.words(f"{what}.{value}") if v.words.has(f"{what}.{value}") else value
