"""The answer below a thread: what the platform allows, where to write it, and what becomes of it on its way."""

from datetime import datetime

import streamlit as st

from dashboard import data, deeds, times
from dashboard.components import notices
from dashboard.components.markup import Markup, el, in_label, outside, said, show
from dashboard.viewer import Viewer
from desk.answering import ReplyRules
from store.conversations import Said, Thread
from store.tables import Delivery, Mention, Ticket

_UNSENT, _DRAFTS = "unsent", "drafts"
_LINES = 140
"""Height of the field, in pixels."""


def below(found: Thread, focus: Said | None, v: Viewer) -> None:
    """Show what is on its way to this conversation, or where to write an answer to *focus*."""
    if focus is None:
        return
    answers = data.deliveries(found.conversation.id or 0)
    open_ones = [one for one in answers if one.state in ("waiting", "sending", "dead")]
    with st.container(key="k-composer", gap="small"):
        for one in open_ones:
            on_its_way(one, v)
        _unsent(focus, v)
        if not any(one.state in ("waiting", "sending") for one in open_ones):
            _write(found, focus, v)


def on_its_way(one: Delivery, v: Viewer) -> None:
    """Show an answer that has not arrived, why, and what a person can do about it."""
    show(_sealed(one, v))
    if one.state == "sending":
        return
    with st.container(horizontal=True, gap="small", key=f"delivery-{one.id}"):
        if one.state == "dead":
            _button("resend", "reply.resend", one, v, primary=True)
        _button("drop", "reply.drop", one, v)


def _button(deed: str, label: str, one: Delivery, v: Viewer, primary: bool = False) -> None:
    st.button(
        v.words(label),
        key=f"{deed}-{one.id}",
        type="primary" if primary else "secondary",
        disabled=not v.me,
        on_click=deeds.resend if deed == "resend" else deeds.drop,
        args=(one, v.me),
    )


def _sealed(one: Delivery, v: Viewer) -> Markup:
    w = v.words
    state = w(f"reply.{one.state}", who=one.by, when=times.ago(one.written_at, v.now, w))
    dead = one.state == "dead"
    usual = w("reply.dead_do" if dead else "advice.busy")
    trouble = notices.trouble(one.error, one.advice, usual, v, patience=not dead) if one.error else None
    return el(
        "article",
        el("div", el("b", state), cls="k-byline"),
        el("div", said(one.text, 4_000), cls="k-text"),
        trouble,
        cls=f"k-bubble k-ours k-{one.state}",
    )


def _write(found: Thread, focus: Said, v: Viewer) -> None:
    w, mention = v.words, focus.mention
    rules, obstacle = data.may_be_answered(mention.id or 0, v.now)
    if rules is None or obstacle in ("no_answers", "too_late", "answered_once"):
        platform = v.platform(mention.platform)
        there = outside(mention.url, w("mention.original"))
        show(el("p", w(f"reply.{obstacle or 'no_answers'}", platform=platform), " ", there, cls="k-line"))
        return
    key = f"reply-text-{found.conversation.id}"
    st.text_area(
        w("reply.title", who=in_label(_called(focus, v))),
        value=_drafts().get(key, ""),
        key=key,
        height=_LINES,
        max_chars=rules.characters,
        placeholder=w("reply.placeholder"),
        on_change=_keep,
        args=(key,),
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        show(el("p", _allowed(rules, found, v), cls="k-line"))
        st.button(
            w("reply.send"),
            key=f"send-{found.conversation.id}",
            type="primary",
            icon=":material/send:",
            disabled=not v.me,
            on_click=_send,
            args=(mention, key, found.ticket, v.me),
        )


def _drafts() -> dict[str, str]:
    """Return what was begun and not sent in this session: Streamlit forgets a field with the page that it stands on."""
    found: dict[str, str] = st.session_state.setdefault(_DRAFTS, {})
    return found


def _keep(key: str) -> None:
    _drafts()[key] = str(st.session_state.get(key) or "")


def _send(mention: Mention, key: str, ticket: Ticket | None, me: str) -> None:
    """Send what stands in the field, as the page stood when it was written; what is not sent is not lost."""
    text = str(st.session_state.get(key) or "")
    if deeds.reply(mention.id or 0, text, ticket, me):
        st.session_state.pop(key, None)
        _drafts().pop(key, None)
    elif text.strip():
        st.session_state[_UNSENT] = (mention.conversation_id, text)


def _unsent(focus: Said, v: Viewer) -> None:
    """Show once what could not be sent because somebody was faster, so that nobody types it again.

    It may be another mention of the conversation by now that waits for an answer.
    """
    conversation_id, text = st.session_state.pop(_UNSENT, (0, ""))
    if conversation_id == focus.mention.conversation_id:
        show(el("p", v.words("reply.unsent"), cls="k-line"))
        st.code(text, language=None, wrap_lines=True)


def _allowed(rules: ReplyRules, found: Thread, v: Viewer) -> str:
    """Say what the platform makes of this answer: who sees it, until when, how often."""
    w = v.words
    private = all(one.mention.kind in ("dm", "email") for one in found.said)
    parts = [w("reply.private") if private else w("reply.public")]
    if rules.characters:
        parts.append(w("reply.limit", n=rules.characters))
    if rules.within:
        parts.append(w("reply.until", when=times.moment(_last_word(found) + rules.within, v.zone, w)))
    if rules.once:
        parts.append(w("reply.once"))
    if not v.me:
        parts.append(w("ticket.who_are_you"))
    return " · ".join(parts)


def _last_word(found: Thread) -> datetime:
    return max(one.mention.said_at for one in found.said if not one.mention.ours)


def _called(focus: Said, v: Viewer) -> str:
    author = focus.author
    return ((author.name or author.handle) if author else "")[:60] or v.words("mention.anonymous")
