"""Confirming and correcting tags: a person's word counts from then on, whatever a model says later (guarantee 8)."""

from collections.abc import Iterable

import streamlit as st

from dashboard import deeds
from dashboard.components.markup import el, said, show
from dashboard.components.thread import words_of
from dashboard.viewer import Viewer
from desk.reading import INTENTS, SENTIMENTS, Tags
from store.conversations import Why


def buttons(reason: Why, v: Viewer, by_hand: bool) -> None:
    """Show the button that confirms all tags, or who has checked them, and the one that opens the dialog."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _confirmation(reason, v)
        if st.button(
            v.words("correct.button"),
            icon=":material/edit:",
            key=f"correct-{reason.said.mention.id}",
            disabled=not v.me,
            type="tertiary",
        ):
            st.dialog(v.words("correct.title"), width="medium")(_ask)(reason, v, by_hand)


def _confirmation(reason: Why, v: Viewer) -> None:
    """Offer to confirm what no person has said yet. The callback holds what is shown now, whatever stands when it is pressed."""
    tags = deeds.confirmable(reason)
    if not all(tag.person for tag in tags):
        st.button(
            v.words("correct.confirm"),
            icon=":material/check:",
            key=f"confirm-{reason.said.mention.id}-{len(reason.statements)}",
            help=v.words("correct.confirm_help"),
            disabled=not v.me,
            type="tertiary",
            on_click=deeds.confirm,
            args=(reason, v.me),
        )
    elif tags:
        who = ", ".join(dict.fromkeys(tag.by.partition(":")[2] for tag in tags))
        line = el("p", el("span", "✓\u2002", aria_hidden="true"), v.words("correct.checked", who=who), cls="k-line")
        show(line, width="content")


def _ask(reason: Why, v: Viewer, by_hand: bool) -> None:
    focus = reason.said
    w, tags = v.words, focus.tags
    show(el("blockquote", said(words_of(focus), 400), cls="k-quote"))
    topics = [topic.key for topic in v.desk.topics.offered]
    with st.form(f"correct-{focus.mention.id}", border=False):
        friction = st.multiselect(
            w("correct.friction"),
            _with(topics, tags.friction),
            default=list(tags.friction),
            format_func=v.topic,
            placeholder=w("correct.none"),
        )
        praise = st.multiselect(
            w("correct.praise"),
            _with(topics, tags.praise),
            default=list(tags.praise),
            format_func=v.topic,
            placeholder=w("correct.none"),
        )
        sentiment = st.segmented_control(
            w("correct.sentiment"),
            SENTIMENTS,
            default=tags.sentiment,
            format_func=lambda value: w(f"sentiment.{value}"),
            required=True,
        )
        intent = st.segmented_control(
            w("correct.intent"), INTENTS, default=tags.intent, format_func=lambda value: w(f"intent.{value}"), required=True
        )
        with st.container(horizontal=True, gap="large"):
            needs_reply = st.toggle(w("correct.needs_reply"), value=tags.needs_reply)
            urgent = st.toggle(w("correct.urgent"), value=tags.urgent)
        st.caption(w("correct.counts_by_hand" if by_hand else "correct.counts"))
        st.caption(w("correct.missing"))
        if st.form_submit_button(w("correct.save"), type="primary"):
            after = Tags(
                sentiment=sentiment or tags.sentiment,
                intent=intent or tags.intent,
                needs_reply=needs_reply,
                urgent=urgent,
                language=tags.language,
                friction=dict.fromkeys(friction, 1.0),
                praise=dict.fromkeys(praise, 1.0),
            )
            deeds.correct(reason, after, v.me, by_hand=by_hand)
            st.rerun()


def _with(topics: list[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*topics, *more]))
