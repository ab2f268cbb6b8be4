"""No log, ledger or artifact repeats what customers wrote, whatever goes wrong (docs/privacy.md)."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, select
from staging import Clock
from starlette.testclient import TestClient
from test_intake import ENVIRON, SOURCES, body, delivery

from desk.source import Source
from flows.intake import app
from flows.settings import Settings, load
from flows.work.common import fault
from flows.work.hear import Ear
from flows.work.report import markdown, summary
from listeners.sandbox.world import World
from store import ledger
from store.tables import Conversation, Mention, Pull

MARK = "Petzold wohnt Amselweg 7"
REFUSES = "CREATE TRIGGER refuses BEFORE INSERT ON mention BEGIN SELECT RAISE(ABORT, 'refused'); END"


@pytest.fixture
def tag(settings: Settings, world: World) -> Source:
    world.say(f"{MARK} #kastanie", ago=timedelta(hours=1))
    return settings.desk.source("tag")


@pytest.fixture
def refusing(settings: Settings) -> Settings:
    """A desk whose database takes no mention."""
    with settings.session() as session:
        session.execute(text(REFUSES))
        session.commit()
    return settings


def pulls(settings: Settings) -> str:
    with settings.session(write=False) as session:
        return " ".join(f"{one.error} {one.advice}" for one in session.exec(select(Pull)))


def test_an_error_that_nobody_foresaw_while_a_source_is_heard_repeats_no_words(
    ear: Ear, tag: Source, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_name: str, _kept: int) -> None:
        raise ValueError(f"{MARK} makes no sense")

    with caplog.at_level(logging.DEBUG):
        heard = replace(ear, tell=breaks).hear(tag)
    assert (heard.outcome, heard.problem is not None) == ("failed", True)
    written = " ".join((markdown([heard]), summary([heard]), pulls(settings), caplog.text))
    assert "ValueError" in written
    assert "test_logs_hold_no_words.py" in heard.error, "the place is named"
    assert "Petzold" not in written


def test_an_error_of_the_database_while_a_source_is_heard_repeats_no_words(
    ear: Ear, tag: Source, refusing: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        heard = ear.hear(tag)
    assert heard.outcome == "failed"
    written = " ".join((markdown([heard]), pulls(refusing), caplog.text))
    assert "IntegrityError" in written
    assert "Petzold" not in written


def test_a_red_run_repeats_no_words(ear: Ear, tag: Source) -> None:
    from flows import listen

    def breaks(_name: str, _kept: int) -> None:
        raise ValueError(f"{MARK} makes no sense")

    with pytest.raises(listen.Deaf) as caught:
        listen.hear.fn(tag.name, replace(ear, tell=breaks))
    told = "".join(traceback.format_exception(caught.value))
    assert "ValueError" in told
    assert "Petzold" not in told


def test_a_row_that_the_database_refuses_is_in_no_error(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    now = datetime.now(UTC)
    session.add(Mention(platform="x", native_id="1", source="x", conversation_id=1, text=MARK, said_at=now, heard_at=now))
    with caplog.at_level(logging.DEBUG), pytest.raises(IntegrityError) as caught:
        session.flush()
    assert "Petzold" not in "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "kind" in str(caught.value), "what is wrong is still said"


def test_a_key_that_is_there_already_is_in_no_error(session: Session) -> None:
    now = datetime.now(UTC)
    for _ in range(2):
        session.add(Conversation(platform="x", native_id=MARK, source="x", started_at=now, last_said_at=now))
    with pytest.raises(IntegrityError) as caught:
        session.flush()
    assert "Petzold" not in "".join(traceback.format_exception(caught.value))


def test_what_the_database_says_of_itself_is_told(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(Exception, match="nowhere") as caught:
        connection.execute(text("SELECT * FROM nowhere"))
    said = fault(caught.value)
    assert said.startswith(type(caught.value).__name__)
    assert ("nowhere" in said) == isinstance(caught.value, OperationalError)


@pytest.fixture
def pushed(refusing: Settings) -> Iterator[Settings]:
    """The desk that takes no mention, with a source that is pushed to."""
    refusing.path.write_text(refusing.path.read_text("utf-8") + SOURCES.format(), "utf-8")
    found = load(refusing.path, environ={})
    yield found
    found.close()


def test_a_delivery_that_cannot_be_stored_is_in_no_log(pushed: Settings, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    said = body(clock).replace("Die Kasse hängt".encode(), MARK.encode()).replace(b"Die Kasse h\\u00e4ngt", MARK.encode())
    with caplog.at_level(logging.DEBUG):
        answer = TestClient(app(pushed, environ=ENVIRON, clock=clock)).post("/shop", content=said, headers=delivery(clock, said))
    assert answer.status_code == 503
    assert "could not be stored" in caplog.text
    assert "Petzold" not in caplog.text


def test_the_ledger_says_where_the_fault_is_so_that_it_can_be_reported(ear: Ear, tag: Source, settings: Settings) -> None:
    def breaks(_name: str, _kept: int) -> None:
        raise KeyError(MARK)

    replace(ear, tell=breaks).hear(tag)
    with settings.session(write=False) as session:
        (pull,) = ledger.pulls(session, "tag", 1)
    assert "KeyError (" in pull.error
    assert "please report it" in pull.advice
