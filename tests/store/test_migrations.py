"""A database of an older version is brought to this one, with its data."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from things import DAY, NOW, kept, read, route, row, said

from store.engine import connect
from store.engine import session as open_session
from store.inbox import Filters, queue
from store.migrate import differences, migrate
from store.search import search


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as the first version made it, with a mention, its reading, its tag and its ticket."""
    url = f"sqlite:///{tmp_path}/old.db" if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url")
    engine = connect(url)
    migrate(engine, "0001")
    with engine.begin() as connection:
        for statement in OLD:
            connection.execute(
                text(statement.replace("{json}", "jsonb" if request.param == "postgres" else "text")),
                {"at": NOW.replace(tzinfo=None), "json": json.dumps(["a.png"])},
            )
    yield engine
    engine.dispose()


OLD = (
    "INSERT INTO author (platform, native_id, handle, name, url, followers) VALUES ('mastodon', '7', 'uta', 'Uta', NULL, 3)",
    """INSERT INTO conversation (platform, native_id, source, started_at, last_said_at)
        VALUES ('mastodon', '1', 'garten', :at, :at)""",
    """INSERT INTO mention (platform, native_id, source, conversation_id, author_id, kind, title, text, ours, attachments,
        said_at, heard_at, read_at) VALUES ('mastodon', '1', 'garten', 1, 1, 'comment', 'Kasse',
        'Rechnungen kommen doppelt', false, CAST(:json AS {json}), :at, :at, :at)""",
    """INSERT INTO tag (mention_id, aspect, value, holds, probability, by, person, at, stands)
        VALUES (1, 'friction', 'payment', true, 0.9, 'base@1', false, :at, true)""",
    """INSERT INTO ticket (conversation_id, mention_id, team, status, priority, topic, rule, manual, waiting_since, due_at,
        opened_at, updated_at, updated_by, version)
        VALUES (1, 1, 'payments', 'open', 2, 'payment', 'Zahlung', false, :at, :at, :at, :at, 'rule:Zahlung', 1)""",
)


def test_a_database_of_the_first_version_is_upgraded_with_its_data(old: Engine) -> None:
    migrate(old)
    assert differences(old) == []
    with open_session(old) as session:
        assert search(session, "Rechnung Kasse") == [1]
        (waiting,) = queue(session, Filters(team="payments"), now=NOW).rows
        assert (waiting.author, waiting.topics, waiting.mention.attachments) == ("Uta", [("payment", 0.9)], ["a.png"])


def test_the_upgraded_database_goes_on_as_if_it_had_always_been_new(old: Engine) -> None:
    migrate(old)
    with open_session(old) as session:
        works_on(session)


def test_a_database_that_was_upgraded_still_guards_what_others_point_to(old: Engine) -> None:
    migrate(old)
    with old.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text("DELETE FROM mention"))


def works_on(session: Session) -> None:
    assert kept(session, said("1", "Rechnungen kommen doppelt", title="Kasse")).new == 0
    assert kept(session, said("2", "Und noch einmal"), said("1", "Erledigt", title="Kasse", edited_at=NOW)).new == 1
    assert (search(session, "Rechnung"), search(session, "erledigt")) == ([], [1])
    read(session, "1", "2")
    assert route(session, "1", "2", now=NOW + DAY) == 1
    assert row(session, "2").routed_at == NOW + DAY


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert differences(engine) == []
