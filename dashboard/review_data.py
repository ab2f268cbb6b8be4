"""What the page Review asks the store: what the model is unsure about, of the topics that the desk offers."""

from collections.abc import Collection
from dataclasses import dataclass

import streamlit as st

from dashboard import data
from store import quality


@dataclass(frozen=True)
class Doubtful:
    """Which doubts to look at; None leaves a question open."""

    aspect: str | None = None
    language: str | None = None
    team: str | None = None


def unsure(asked: Doubtful, limit: int, without: Collection[int] = (), first: int | None = None) -> quality.Doubts:
    """Return what the model is unsure about and nobody has decided, the most useful first."""
    with data.session() as store:
        return quality.unsure(
            store,
            aspect=asked.aspect,
            language=asked.language,
            team=asked.team,
            limit=limit,
            without=without,
            first=first,
            topics=_offered(),
        )


def _offered() -> tuple[str, ...]:
    return tuple(topic.key for topic in data.desk().topics.offered)


@st.cache_data(ttl=30, show_spinner=False, max_entries=8)
def _unsure_counts(database: str, topics: tuple[str, ...]) -> dict[str, int]:
    with data.session() as asked:
        return quality.unsure_counts(asked, topics)


def unsure_counts() -> dict[str, int]:
    """Return how many mentions wait for an answer to each question, at most half a minute old."""
    return _unsure_counts(data.database(), _offered())
