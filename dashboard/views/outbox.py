"""Outbox: answers that wait or could not be sent, why, and what to do; then what was sent lately."""

import streamlit as st

from dashboard import data, times, viewer
from dashboard.components import composer, door, notices
from dashboard.components.markup import Markup, el, outside, said, show
from dashboard.viewer import Viewer
from store.tables import Delivery

_EVERY = "15s"
_SENT = 25


def page() -> None:
    """Show what has not arrived, dead ones first, and what has."""
    v = viewer.current()
    notices.heading(v.words("outbox.title"), v.words("outbox.lead"))
    notices.told(v)
    letters()


@st.fragment(run_every=_EVERY)
def letters() -> None:
    """Show the deliveries, again every quarter of a minute."""
    door.watch()
    v = viewer.current()
    stuck, waiting, sent = (data.outbox(states) for states in (("dead",), ("waiting", "sending"), ("sent",)))
    if not (stuck or waiting or sent):
        notices.empty(v.words("outbox.nothing"), v.words("outbox.nothing_do"))
    for title, some in (("outbox.dead", stuck), ("outbox.waiting", waiting)):
        if some:
            show(el("h2", v.words(title, n=len(some))))
        for one in some:
            _letter(one, v)
    if sent:
        show(el("h2", v.words("outbox.sent")))
        show(el("ul", [_sent(one, v) for one in sent[:_SENT]], cls="k-sent"))


def _letter(one: Delivery, v: Viewer) -> None:
    with st.container(key=f"k-letter-{one.id}", border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            show(el("p", v.platform(one.platform), " · ", one.source, cls="k-line"))
            st.page_link(
                "views/conversation.py",
                label=v.words("outbox.open"),
                icon=":material/forum:",
                query_params={"id": str(one.conversation_id)},
            )
        if asked := data.mention(one.mention_id):
            show(el("p", v.words("outbox.to"), " ", said(" ".join(f"{asked.title} {asked.text}".split()), 140), cls="k-line"))
        composer.on_its_way(one, v)


def _sent(one: Delivery, v: Viewer) -> Markup:
    when = times.ago(one.ended_at or one.written_at, v.now, v.words)
    where = f"{v.platform(one.platform)} · {one.by} · {when}"
    there = outside(one.url, v.words("mention.original"))
    return el("li", el("span", where, " ", there, cls="k-quiet"), el("div", said(one.text, 160)))


page()
