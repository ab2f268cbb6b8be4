"""Correcting a tag: a person's word counts from then on, whatever a model says later (guarantee 8)."""

from collections.abc import Iterable

import streamlit as st

from dashboard import deeds
from dashboard.components.markup import el, said, show
from dashboard.components.thread import words_of
from dashboard.viewer import Viewer
from desk.reading import INTENTS, SENTIMENTS, Tags
from store.conversations import Said


def button(focus: Said, v: Viewer) -> None:
    """Show the button that opens the dialog."""
    if st.button(v.words("correct.button"), icon=":material/edit:", key="correct", disabled=not v.me, type="tertiary"):
        st.dialog(v.words("correct.title"), width="medium")(_ask)(focus, v)


def _ask(focus: Said, v: Viewer) -> None:
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
        st.caption(w("correct.counts"))
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
            deeds.correct(focus.mention.id or 0, tags, after, v.me)
            st.rerun()


def _with(topics: list[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*topics, *more]))
