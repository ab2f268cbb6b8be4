"""Conversation: the whole thread, why it is here, and what can be done about it."""

import streamlit as st

from dashboard import data, viewer
from dashboard.components import account, composer, notices, thread, ticket, why
from dashboard.viewer import Viewer
from store.conversations import Said, Thread


def page() -> None:
    """Show the conversation that the address names."""
    v = viewer.current()
    given = st.query_params.get("id", "")
    found = data.conversation(int(given)) if given.isascii() and given.isdigit() and len(given) < 19 else None
    if found is None or not found.said:
        notices.heading(v.words("conversation.title"))
        notices.told(v)  # it may have been erased under somebody's hands
        notices.empty(v.words("conversation.missing"), v.words("conversation.missing_do"))
        with st.container(horizontal_alignment="center"):
            st.page_link("views/inbox.py", label=v.words("conversation.back"), icon=":material/arrow_back:", width="content")
        return
    _show(found, v)


def _show(found: Thread, v: Viewer) -> None:
    ticket.around(found, v)
    notices.told(v)
    focus = _focus(found)
    reason = data.why(focus.mention.id or 0) if focus else None
    left, right = st.columns([8, 5], gap="large")
    with left:
        thread.head(found, v)
        words = st.empty()
        thread.show_in(words, found, focus, v)
        composer.below(found, focus, v)
    with right:
        ticket.panel(found, reason, v)
        if focus and reason:
            by_hand = found.ticket is not None and found.ticket.manual
            chosen = why.panel(focus, reason, v, by_hand=by_hand)
            if marks := why.marks(focus, reason, chosen, v):
                thread.show_in(words, found, focus, v, marks)
        ticket.history(found, v)
        if focus:
            account.panel(focus, v)


def _focus(found: Thread) -> Said | None:
    """Return the mention that is explained: the one in the address, the one that waits, or the customer's last."""
    theirs = [one for one in found.said if not one.mention.ours]
    asked = st.query_params.get("mention", "")
    wanted = [asked, str(found.ticket.mention_id) if found.ticket else ""]
    by_id = {str(one.mention.id): one for one in theirs}
    return next((by_id[one] for one in wanted if one in by_id), theirs[-1] if theirs else None)


page()
