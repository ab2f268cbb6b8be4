"""The account behind a mention: what is stored about it, for the person who asks, and the way to erase it (guarantee 11)."""

import streamlit as st

from dashboard import audit, data, deeds, times
from dashboard.components import notices
from dashboard.components.address import last_of
from dashboard.components.markup import Child, el, said, show
from dashboard.components.thread import words_of
from dashboard.viewer import Viewer
from store.audit import DISCLOSED
from store.conversations import Said
from store.people import Known

_ALL, _ONE = "all", "one"


def panel(focus: Said, v: Viewer) -> None:
    """Show how much is stored about who said this, and offer it as a file, or to erase it."""
    w = v.words
    with st.expander(w("account.title"), key="k-account"):
        known = data.known(focus.author.id or 0) if focus.author else None
        if known is None:
            notices.line(w("account.nobody"))
        else:
            show(el("p", _sentence(focus, known, v), cls="k-line"))
            _file(known, v)
        erase = st.button(
            w("account.erase"), icon=":material/delete_forever:", key="account-erase", disabled=not v.erases, type="tertiary"
        )
        if erase:
            st.dialog(w("account.erase_title"), width="medium")(_ask)(focus, known, v)


def _sentence(focus: Said, known: Known, v: Viewer) -> list[Child]:
    since = times.day(known.first_at, v.zone, v.words)
    return [el("b", said(_called(focus), 60)), " ", v.words("account.known", n=known.mentions, since=since)]


def _called(focus: Said) -> str:
    author = focus.author
    return (author.name or f"@{author.handle.removeprefix('@')}" if author else "") or ""


def _file(known: Known, v: Viewer) -> None:
    """Offer all that is stored about the account, as it was said: it is for the person, who may ask for it."""
    st.download_button(
        v.words("account.file"),
        data=audit.leaving(lambda: data.everything_about(known.author_id), DISCLOSED, "account", v, known.author_id),
        file_name=f"account-{known.author_id}.json",
        mime="application/json",
        key="account-file",
        type="tertiary",
        icon=":material/download:",
        help=v.words("account.file_help"),
        on_click="ignore",
    )


def _ask(focus: Said, known: Known | None, v: Viewer) -> None:
    w = v.words
    show(el("blockquote", said(words_of(focus), 240), cls="k-quote"))
    what = _ONE
    if known:
        names = {_ALL: w("account.all_of_it", n=known.mentions), _ONE: w("account.this_one")}
        what = st.radio(w("account.what"), list(names), format_func=names.__getitem__, label_visibility="collapsed")
    for_ever = what == _ALL and st.checkbox(w("account.for_ever"), help=w("account.for_ever_help"))
    st.caption(w("account.consequences"))
    sure = st.checkbox(w("account.sure"))
    if st.button(w("account.erase_do"), type="primary", disabled=not sure, icon=":material/delete_forever:"):
        with st.spinner(w("account.erasing")):
            gone = (
                deeds.forget_account(known, v.me, for_ever=for_ever)
                if known and what == _ALL
                else deeds.forget_mention(focus.mention.id or 0, v.me)
            )
        if gone:
            st.switch_page("views/inbox.py", query_params=last_of("inbox"))
        st.rerun()
