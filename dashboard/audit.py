"""What the audit log is told by the pages: who came in or was turned away, and which files left by whose hand (guarantee 12)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import data, who
from dashboard.viewer import Viewer
from store import audit

_A_SHIFT, _A_WHILE = timedelta(hours=12), timedelta(hours=1)
_TOLD = "audit"


def came() -> None:
    """Note that somebody came in, once for each browser's session and at most twice a day."""
    found = who.person(data.desk())
    if found and st.session_state.get(_TOLD) != found.email:
        st.session_state[_TOLD] = found.email
        _if_it_can_be(audit.CAME, found.name, found.role, _A_SHIFT)


def turned_away(email: str) -> None:
    """Note that a provider vouched for somebody whom the desk does not know."""
    if st.session_state.get(_TOLD) != email:
        st.session_state[_TOLD] = email
        _if_it_can_be(audit.REFUSED, email, "", _A_WHILE)


def leave() -> None:
    """Note that somebody signs out, and sign them out."""
    if found := who.person(data.desk()):
        _if_it_can_be(audit.LEFT, found.name, found.role)
    st.logout()


def forbidden(deed: str) -> None:
    """Note that somebody wanted to do what their role does not allow: no button of theirs can be pressed for it."""
    found = who.person(data.desk())
    _if_it_can_be(audit.FORBIDDEN, found.name if found else who.signed_in(), found.role if found else "", of=deed)


def leaving(file: Callable[[], bytes], what: str, of: str, v: Viewer) -> Callable[[], bytes]:
    """Let a file leave the desk only together with its entry: where that cannot be written, there is no file."""

    def noted() -> bytes:
        found = who.person(data.desk())
        name, role = (found.name, found.role) if found else (v.me, "")
        with data.session(write=True) as session:
            audit.note(session, what, name, role=role, of=of, now=datetime.now(UTC))
        return file()

    return who.as_now(noted)


def latest(most: int) -> list[audit.Entry]:
    """Return the latest entries."""
    with data.session() as session:
        return audit.entries(session, most=most)


def _if_it_can_be(what: str, name: str, role: str, again_after: timedelta | None = None, of: str = "") -> None:
    """Write an entry; where that fails nobody is kept from working, and no stranger is told what is wrong inside."""
    with suppress(Exception), data.to_write_down() as session:
        audit.note(session, what, name, role=role, of=of, now=datetime.now(UTC), again_after=again_after)
