"""Who has signed in, and whether they may see the desk: asked before anything is read from the store (guarantee 12)."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

import streamlit as st

from desk.config import Desk
from desk.sign_in import Person

T = TypeVar("T")
_VOUCHED: ContextVar[str] = ContextVar("vouched", default="")
"""Who began what runs now, where Streamlit does not say so itself (a download runs apart from the page that offers it)."""
_YES = (None, True, "true")
"""What providers say of an address that is verified: nothing, or so."""


def can_sign_in() -> bool:
    """Say whether the server knows of a provider (`kummerkasten up` tells it)."""
    return "is_logged_in" in st.user.to_dict()


def signed_in() -> str:
    """Return the e-mail address that the provider vouches for; empty where nobody has signed in."""
    if vouched := _VOUCHED.get():
        return vouched
    told = st.user.to_dict()
    vouches = told.get("is_logged_in") and told.get("email_verified") in _YES
    return str(told.get("email") or "").lower() if vouches else ""


def person(desk: Desk) -> Person | None:
    """Return who has signed in; None where nobody has, or nobody whom the desk knows."""
    email = signed_in()
    return next((one for one in desk.staff if one.email == email), None) if email else None


def may_see(desk: Desk) -> bool:
    """Say whether who looks may see the desk. A server that was started with a sign-in stays closed where the file lost it."""
    return person(desk) is not None if desk.sign_in else not (can_sign_in() or _VOUCHED.get())


def as_now(work: Callable[[], T]) -> Callable[[], T]:
    """Let *work*, which runs later and apart, run in the name of who has signed in now."""
    email = signed_in()

    def named() -> T:
        token = _VOUCHED.set(email)
        try:
            return work()
        finally:
            _VOUCHED.reset(token)

    return named if email else work
