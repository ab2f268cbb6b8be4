"""What the page Friction asks the store; heavy sums are kept for half a minute (see `dashboard.data`)."""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from dashboard import data
from store import friction


@st.cache_data(ttl=30, show_spinner=False, max_entries=32)
def _friction(database: str, scope: friction.Scope) -> list[friction.FrictionRow]:
    with data.session() as asked:
        return friction.friction(asked, scope)


def friction_topics(scope: friction.Scope) -> list[friction.FrictionRow]:
    """Return topics by people affected, at most half a minute old."""
    return _friction(data.database(), scope)


@st.cache_data(ttl=30, show_spinner=False, max_entries=32)
def _stages(database: str, scope: friction.Scope, stage_of: Mapping[str, str]) -> dict[str, int]:
    with data.session() as asked:
        return friction.stages(asked, scope, stage_of)


def friction_stages(scope: friction.Scope) -> dict[str, int]:
    """Return people affected per stage of the customer journey, at most half a minute old."""
    return _stages(data.database(), scope, {topic.key: topic.stage for topic in data.desk().topics.topics})


@st.cache_data(ttl=30, show_spinner=False, max_entries=32)
def _weeks(database: str, scope: friction.Scope, zone: str, topics: tuple[str, ...]) -> list[friction.Week]:
    with data.session() as asked:
        return friction.weeks(asked, scope, data.desk().tz, topics)


def weeks(scope: friction.Scope, topics: Sequence[str] = ()) -> list[friction.Week]:
    """Return people per topic, week and platform, at most half a minute old."""
    return _weeks(data.database(), scope, data.desk().timezone, tuple(topics))


def quotes(scope: friction.Scope, topic: str, limit: int) -> list[friction.Quote]:
    """Return what people said about a topic, the clearest first."""
    with data.session() as asked:
        return friction.quotes(asked, scope, topic, limit)


def every_quote(scope: friction.Scope, topics: Sequence[str] = ()) -> Iterator[tuple[str, friction.Quote]]:
    """Yield each topic and what was said about it: the rows of an export."""
    with data.session() as asked:
        yield from friction.every_quote(asked, scope, topics)
