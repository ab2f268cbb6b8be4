"""Rows that lead somewhere: the whole row is a link, and what stands in it is safe markup."""

from collections.abc import Mapping

import streamlit as st

from dashboard.components import chips
from dashboard.components.address import stay
from dashboard.components.markup import Markup, el, join, said, show
from dashboard.viewer import Viewer
from store.inbox import QueueRow


def linked(markup: Markup, *, key: str, label: str, params: Mapping[str, str], page: str = "") -> None:
    """Show markup as a row that opens *page*, or changes what this one shows; *label* is what a screen reader says."""
    with st.container(key=f"k-row-{key}", gap=None):
        show(markup)
        if page:
            st.page_link(f"views/{page}.py", label=label, query_params=dict(params))
        else:
            stay(label, params, key=f"go-{key}")


def ticket(row: QueueRow, v: Viewer) -> None:
    """Show one ticket of a queue."""
    number = str(row.ticket.id)
    linked(
        _ticket(row, v),
        key=f"ticket-{number}",
        page="conversation",
        label=v.words("inbox.open", number=number),
        params={"id": str(row.ticket.conversation_id)},
    )


def _ticket(row: QueueRow, v: Viewer) -> Markup:
    owner = row.ticket.assignee
    return el(
        "div",
        el(
            "span",
            str(row.ticket.priority),
            cls=f"k-prio k-p{row.ticket.priority}",
            title=v.words("ticket.priority_of", n=row.ticket.priority),
        ),
        el(
            "div",
            el("p", said(row.excerpt) if row.excerpt else el("em", v.words("mention.wordless")), cls="k-excerpt"),
            el("div", _signs(row, v), cls="k-signs"),
            cls="k-what",
        ),
        el(
            "div",
            chips.deadline(row.ticket.due_at, row.ticket.status, v),
            el("span", v.team(row.ticket.team), cls="k-team"),
            el("span", owner or v.words("ticket.unassigned"), cls="k-owner" if owner else "k-owner k-none"),
            cls="k-when",
        ),
        cls="k-ticket",
    )


def _signs(row: QueueRow, v: Viewer) -> Markup:
    mention = row.mention
    return join(
        chips.chip(v.words("tag.urgent"), "k-urgent") if row.tags.urgent else None,
        chips.topics(row.topics, v),
        chips.sentiment(row.tags.sentiment, v),
        chips.stars(mention.stars, v),
        el(
            "span",
            v.platform(mention.platform),
            " · ",
            said(row.author or row.handle or v.words("mention.anonymous"), 60),
            cls="k-from",
        ),
        el("span", v.words("inbox.said", n=row.said), cls="k-from") if row.said > 1 else None,
    )
