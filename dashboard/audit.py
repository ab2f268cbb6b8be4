"""What the audit log is told by the pages: who came in or was turned away, and which files left by whose hand (guarantee 12)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import data, who
from dashboard.viewer import Viewer
from desk.sign_in import Person
from store import audit

_A_SHIFT, _A_WHILE = timedelta(hours=12), timedelta(hours=1)
_TOLD = "audit"


def came() -> None:
    """Note that somebody came in, once for each browser's session and at most twice a day."""
    found = who.person(data.desk())
    if found and st.session_state.get(_TOLD) != found.email:
        st.session_state[_TOLD] = found.email
        _if_it_can_be(_entry(audit.CAME, found), _A_SHIFT)


def turned_away(email: str) -> None:
    """Note that a provider vouched for somebody whom the desk does not know."""
    if st.session_state.get(_TOLD) != email:
        st.session_state[_TOLD] = email
        _if_it_can_be(_entry(audit.REFUSED, email), _A_WHILE)


def leave() -> None:
    """Note that somebody signs out, and sign them out."""
    if found := who.person(data.desk()):
        _if_it_can_be(_entry(audit.LEFT, found))
    st.logout()


def forbidden(deed: str) -> None:
    """Note that somebody wanted to do what their role does not allow: no button of theirs can be pressed for it."""
    _if_it_can_be(_entry(audit.FORBIDDEN, who.person(data.desk()) or who.signed_in(), deed), _A_WHILE)


def leaving(file: Callable[[], bytes], what: str, of: str, v: Viewer, number: int | None = None) -> Callable[[], bytes]:
    """Let a file leave the desk only together with its entry: where that cannot be written, there is no file."""

    def noted() -> bytes:
        with data.session(write=True) as session:
            audit.note(session, _entry(what, who.person(data.desk()) or v.me, of, number))
        return file()

    return who.as_now(noted)


def latest(most: int) -> list[audit.Entry]:
    """Return the latest entries."""
    with data.session() as session:
        return audit.entries(session, most=most)


def _entry(what: str, by: Person | str, of: str = "", number: int | None = None) -> audit.AuditEntry:
    name, role = (by, "") if isinstance(by, str) else (by.name, by.role)
    return audit.AuditEntry(at=datetime.now(UTC), who=name, role=role, what=what, of=of, number=number)


def _if_it_can_be(entry: audit.AuditEntry, again_after: timedelta | None = None) -> None:
    """Write an entry; where that fails nobody is kept from working, and no stranger is told what is wrong inside."""
    with suppress(Exception), data.to_write_down() as session:
        audit.note(session, entry, again_after)
