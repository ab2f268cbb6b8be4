"""What the pages ask the store: one session for each question, heavy sums kept for some seconds.

Pages show, these functions ask, the store knows; nothing here changes anything (see `dashboard.deeds`).
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st
from sqlmodel import Session

from dashboard import cards, who
from desk import config
from desk.answering import Obstacle, ReplyRules
from desk.config import Desk
from desk.errors import ConfigurationError
from desk.trend import Rising, rising
from store import claims, conversations, engine, erasing, friction, inbox, ledger, models, overview, people, quality, reply_rules
from store import outbox as outbox_rows
from store import topics as own_topics
from store.migrate import migrate
from store.tables import Delivery, Mention, ModelVersion, Pull, Quarantine, Ticket

CONFIG = "KUMMERKASTEN_CONFIG"
DATABASE = "KUMMERKASTEN_DATABASE"
FILE = "kummerkasten.toml"


def path() -> Path:
    """Return where the configuration lies: what KUMMERKASTEN_CONFIG names, or the file in this folder."""
    named = Path(os.environ.get(CONFIG) or FILE)
    return named / FILE if named.is_dir() else named


def desk() -> Desk:
    """Return the desk; raises ConfigurationError with what to do where its file is missing or wrong."""
    where = path()
    try:
        return _desk(str(where), where.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise ConfigurationError(f"There is no {where}. Write one with: kummerkasten init") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{where} cannot be read: {error}. It must be a text file in UTF-8") from error


@st.cache_resource(show_spinner=False, max_entries=8)
def _desk(where: str, changed: int) -> Desk:
    text = Path(where).read_text(encoding="utf-8-sig")
    return config.read(text, where).at(Path(where).resolve().parent)


def database() -> str:
    """Return the address of the desk's database, to who may see the desk; raises PermissionError for others.

    Every question to the store comes by here, also from what runs apart from a page.
    """
    if not who.may_see(desk()):
        raise PermissionError("nobody has signed in who may see this desk")
    return _address()


def _address() -> str:
    given = os.environ.get(DATABASE)
    return config.database_at(given, path().resolve().parent) if given else desk().database


@st.cache_resource(show_spinner=False, max_entries=8)
def _engine(url: str) -> engine.Engine:
    opened = engine.connect(url)
    migrate(opened)
    return opened


@contextmanager
def session(*, write: bool = False) -> Iterator[Session]:
    """Open a session on the desk's database; one for each question."""
    with engine.session(_engine(database()), write=write) as opened:
        yield opened


@contextmanager
def to_write_down() -> Iterator[Session]:
    """Open a session for the audit log alone, which must also hold who may not see the desk."""
    with engine.session(_engine(_address())) as opened:
        yield opened


def sweep() -> None:
    """Leave nothing of what was erased in the database's file."""
    erasing.sweep(_engine(database()))


def unreachable() -> str:
    """Return why the database cannot be asked, an empty string where it can; raises what migrating it raises."""
    return engine.healthy(_engine(database()))


@st.cache_data(ttl=10, show_spinner=False, max_entries=8)
def _today(database: str, zone: str) -> overview.Today:
    with session() as asked:
        return overview.today(asked, now=datetime.now(UTC), zone=desk().tz)


def today() -> overview.Today:
    """Return the numbers of this moment, at most ten seconds old."""
    return _today(database(), desk().timezone)


@st.cache_data(ttl=60, show_spinner=False, max_entries=8)
def _rising(database: str, zone: str) -> list[Rising]:
    with session() as asked:
        return rising(overview.daily_topics(asked, now=datetime.now(UTC), zone=desk().tz))


def rising_topics() -> list[Rising]:
    """Return what is spoken of more than usual, at most a minute old."""
    return _rising(database(), desk().timezone)


def known(author_id: int) -> people.Known | None:
    """Return how much of an account is stored; None where nothing is."""
    with session() as asked:
        return people.known(asked, author_id)


def everything_about(author_id: int) -> bytes:
    """Return all that is stored about an account, as a file of JSON."""
    with session() as asked:
        return json.dumps(people.everything(asked, author_id), ensure_ascii=False, indent=2).encode("utf-8", "replace")


def waiting_to_be_read() -> int:
    """Return how many mentions no tagger or no rule has seen yet."""
    with session() as asked:
        return sum(claims.waiting_counts(asked))


def queue(filters: inbox.Filters, now: datetime, limit: int, page: int = 1) -> inbox.Queue:
    """Return one page of a queue, the most pressing first."""
    with session() as asked:
        return inbox.queue(asked, filters, now=now, limit=limit, page=page)


def next_conversation(filters: inbox.Filters, ticket: Ticket | None, now: datetime) -> int | None:
    """Return the conversation that comes after a ticket in a queue, None after the last."""
    with session() as asked:
        return inbox.after(asked, filters, ticket, now=now)


def conversation(conversation_id: int) -> conversations.Thread | None:
    """Return a conversation, None where there is none of this id."""
    with session() as asked:
        return conversations.conversation(asked, conversation_id)


def deliveries(conversation_id: int) -> list[Delivery]:
    """Return what was, or shall be, sent to a conversation, the oldest first."""
    with session() as asked:
        return outbox_rows.of_conversation(asked, conversation_id)


def outbox(states: Sequence[str]) -> list[Delivery]:
    """Return deliveries in these states, the newest first."""
    with session() as asked:
        return outbox_rows.deliveries(asked, states)


def mention(mention_id: int) -> Mention | None:
    """Return a mention, None where there is none of this id."""
    with session() as asked:
        return asked.get(Mention, mention_id)


def undelivered() -> int:
    """Return how many deliveries wait for a person."""
    with session() as asked:
        return outbox_rows.counts(asked).get("dead", 0)


def may_be_answered(mention_id: int, now: datetime) -> tuple[ReplyRules | None, Obstacle | None]:
    """Return what the platform allows of an answer to a mention, and what keeps any answer from being sent now."""
    with session() as asked:
        rules = reply_rules.rules_for(asked, mention_id)
        return rules, reply_rules.obstacle_to(asked, mention_id, "x", now)


def why(mention_id: int) -> conversations.Why | None:
    """Return all that led a mention to where it is."""
    with session() as asked:
        return conversations.why(asked, mention_id)


def marked(topics: Sequence[str]) -> dict[str, list[own_topics.Marked]]:
    """Return for each of the desk's own *topics* the mentions that people have marked."""
    with session() as asked:
        return own_topics.marked(asked, topics)


def usually_heard(encoder: str) -> list[own_topics.Heard]:
    """Return what customers say to this desk, as an encoder read it."""
    with session() as asked:
        return own_topics.heard(asked, encoder)


@st.cache_data(ttl=60, show_spinner=False, max_entries=8)
def _platforms(database: str) -> list[str]:
    with session() as asked:
        return friction.platforms(asked)


def platforms() -> list[str]:
    """Return the platforms that anything was heard from, at most a minute old."""
    return _platforms(database())


def sources(now: datetime) -> list[ledger.SourceStatus]:
    """Return the state of each source."""
    with session() as asked:
        return ledger.sources(asked, desk().sources, now)


def pulls(source: str, limit: int = 25) -> list[Pull]:
    """Return the latest pulls of a source."""
    with session() as asked:
        return ledger.pulls(asked, source, limit)


def quarantined(source: str | None = None, limit: int = 50) -> list[Quarantine]:
    """Return what could not be understood and waits for a fix."""
    with session() as asked:
        return ledger.quarantined(asked, source, limit)


@st.cache_data(ttl=60, show_spinner=False, max_entries=16)
def _agreement(database: str, until: datetime, days: int) -> quality.Agreement:
    with session() as asked:
        return quality.agreement(asked, until - timedelta(days=days), until)


def agreement(until: datetime, days: int) -> quality.Agreement:
    """Return how often people agreed with the model in the *days* before *until*, at most a minute old."""
    return _agreement(database(), until, days)


def last_model() -> str:
    """Return which model has made the latest reading; an empty string where nothing was read."""
    with session() as asked:
        return quality.last_model(asked)


def taught() -> ModelVersion | None:
    """Return the heads that people's corrections have taught, where such are live; None where the model reads as it came."""
    with session() as asked:
        return models.live(asked)


def card() -> cards.Card | None:
    """Return the card of the model in use, None where it cannot be read."""
    folder = cards.folder(desk().model)
    return _card(str(folder), cards.changed(folder))


@st.cache_data(show_spinner=False, max_entries=8)
def _card(folder: str, changed: int) -> cards.Card | None:
    return cards.read(Path(folder))
