"""The dashboard's table of contents: who looks, in which language, and which pages there are."""

from pathlib import Path

import streamlit as st

from dashboard import audit, data
from dashboard.components import door, setup, sidebar

_HERE = Path(__file__).parent
_ADDRESSES = ("first", "today", "inbox", "outbox", "friction", "review", "quality", "sources", "conversation")

st.set_page_config(
    page_title="Kummerkasten", page_icon=str(_HERE / "letterbox.svg"), layout="wide", menu_items={"About": "Kummerkasten"}
)
st.html(_HERE / "style.css")

if door.open_to_whom_it_is() and setup.complete():
    audit.came()
    w = sidebar.choose().words
    stuck = data.undelivered()
    outbox = f"{w('outbox.title')} ({stuck})" if stuck else w("outbox.title")
    page = st.navigation(
        [
            st.Page("views/today.py", title=w("today.title"), icon=":material/today:", url_path="first", default=True),
            st.Page("views/inbox.py", title=w("inbox.title"), icon=":material/inbox:", url_path="inbox"),
            st.Page("views/outbox.py", title=outbox, icon=":material/outbox:", url_path="outbox"),
            st.Page("views/friction.py", title=w("friction.title"), icon=":material/troubleshoot:", url_path="friction"),
            st.Page("views/review.py", title=w("review.title"), icon=":material/rule:", url_path="review"),
            st.Page("views/quality.py", title=w("quality.title"), icon=":material/verified:", url_path="quality"),
            st.Page("views/sources.py", title=w("sources.title"), icon=":material/hearing:", url_path="sources"),
            st.Page("views/conversation.py", title=w("conversation.title"), url_path="conversation", visibility="hidden"),
            # the first page has no name in its address; who types one shall not be told that there is no such page
            st.Page("views/today.py", title=w("today.title"), url_path="today", visibility="hidden"),
        ]
    )
    st.set_page_config(page_title=f"{page.title} · Kummerkasten")
    page.run()
else:  # all has been said; it shall not lie below Streamlit's dialog that there is no page of this address
    closed = [st.Page(lambda: None, title="Kummerkasten", url_path=name, default=name == "first") for name in _ADDRESSES]
    st.navigation(closed, position="hidden").run()
