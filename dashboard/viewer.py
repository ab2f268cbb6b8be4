"""Who looks, in which language, and at which desk: what every page asks first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import data, who
from dashboard.words import Words
from desk.config import Desk
from desk.taxonomy import Language

LANGUAGE, ME = "lang", "me"
_SPOKEN: dict[str, Language] = {"de": "de", "en": "en"}


@dataclass(frozen=True)
class Viewer:
    """One person at the dashboard. ``me`` is empty until they have said who they are, and for who may only read."""

    desk: Desk
    words: Words
    me: str
    now: datetime
    erases: bool = False
    """Whether they may erase what people said."""

    @property
    def language(self) -> Language:
        """The language of the pages."""
        return self.words.language

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which times are shown."""
        return self.desk.tz

    def topic(self, key: str) -> str:
        """Return a topic's name."""
        return self.desk.topics.name(key, self.language)

    def team(self, key: str) -> str:
        """Return a team's name; the key where the team is not configured any more."""
        return next((team.name[self.language] for team in self.desk.teams if team.key == key), key)

    def platform(self, key: str) -> str:
        """Return a platform's name as people write it."""
        return self.words(f"platform.{key}") if self.words.has(f"platform.{key}") else key

    def tongue(self, code: str) -> str:
        """Return a language's name; its code where it has none here."""
        return self.words(f"language.{code}") if self.words.has(f"language.{code}") else code


def language() -> Language:
    """Return the language that is chosen in the sidebar; where none is, what it begins with."""
    chosen = st.session_state.get(LANGUAGE)
    return chosen if chosen in ("de", "en") else first_language()


def first_language() -> Language:
    """Return the language that pages begin with: the desk's, or the browser's where the desk names none."""
    desk = data.desk()
    if "language" in desk.model_fields_set:
        return desk.language
    return _SPOKEN.get((st.context.locale or "").partition("-")[0], desk.language)


def current() -> Viewer:
    """Return who looks, at this moment."""
    desk, now = data.desk(), datetime.now(UTC)
    if desk.sign_in:
        found = who.person(desk)
        works = found is not None and found.role != "reader"
        return Viewer(desk, Words(language()), found.name if found and works else "", now, bool(found and found.role == "admin"))
    me = st.session_state.get(ME) or ""
    me = me if me in desk.people else ""
    return Viewer(desk, Words(language()), me, now, bool(me))
