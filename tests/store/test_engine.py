import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from desk.errors import ConfigurationError
from store.engine import connect, healthy, session
from store.migrate import differences


def test_models_and_migrations_agree(engine: Engine) -> None:
    assert differences(engine) == []


def test_a_database_that_answers_is_healthy(engine: Engine) -> None:
    assert healthy(engine) == ""


def test_a_database_that_cannot_be_opened_says_why() -> None:
    engine = connect("sqlite:////no/such/folder/kummerkasten.db")
    assert "unable to open" in healthy(engine)


def test_another_database_is_refused_with_the_two_that_work() -> None:
    with pytest.raises(ConfigurationError, match="postgresql://"):
        connect("mysql://localhost/kummerkasten")


def test_a_session_in_memory_sees_what_another_wrote() -> None:
    engine = connect("sqlite://")
    with session(engine) as first:
        first.execute(text("CREATE TABLE note (id INTEGER)"))
        first.commit()
    with session(engine) as second:
        assert second.execute(text("SELECT count(*) FROM note")).scalar_one() == 0
    engine.dispose()


def test_an_error_says_what_failed_and_not_what_somebody_said(engine: Engine) -> None:
    with session(engine) as opened, pytest.raises(DBAPIError) as caught:
        opened.execute(text("INSERT INTO nowhere VALUES (:said)"), {"said": "my address is"})
    assert "nowhere" in str(caught.value)
    assert "my address is" not in str(caught.value)
