"""A full disk: it is said what to do, nothing is lost, and once there is room again all is heard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import func, select
from typer.testing import CliRunner

from flows.cli import app
from flows.settings import Settings, load
from listeners.sandbox.world import World
from store.engine import advice
from store.tables import Mention

SAID = 60


@contextmanager
def full() -> Iterator[None]:
    """Let no SQLite file grow: SQLite says then what it says of a full disk."""

    def no_more(connection: object, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", no_more)
    try:
        yield
    finally:
        event.remove(Engine, "connect", no_more)


@pytest.fixture
def kk(config: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Call a command on the test's desk; return what it said."""
    monkeypatch.setenv("COLUMNS", "200")
    load(config, environ={}).engine.dispose()  # its tables are there

    def call(*words: str, code: int) -> str:
        done = CliRunner().invoke(app, [*words, "--config", str(config)])
        assert done.exit_code == code, done.output
        return done.output

    return call


@pytest.fixture
def told(world: World) -> None:
    for number in range(SAID):
        world.say(f"PayPal geht nicht #kastanie, Versuch {number}: " + f"{number} und noch einmal. " * 60, ago=timedelta(hours=2))


def heard(settings: Settings) -> int:
    with settings.session(write=False) as session:
        return int(session.exec(select(func.count()).select_from(Mention)).one())


@pytest.mark.usefixtures("told")
def test_a_full_disk_is_no_fault_of_ours_and_loses_nothing(kk: Callable[..., str], settings: Settings) -> None:
    with full():
        kk("pull", code=1)
    said = " ".join(kk("status", code=0).split())
    assert "database or disk is full Free some space on the disk that the database lies on." in said
    assert "fault of Kummerkasten" not in said
    assert heard(settings) < SAID
    kk("pull", "tag", code=0)
    assert heard(settings) == SAID


@pytest.mark.usefixtures("told")
def test_a_command_that_meets_a_full_disk_says_so_without_a_traceback(kk: Callable[..., str], say: Callable[..., None]) -> None:
    say({str(number): f"PayPal geht nicht, Versuch {number} " * 20 for number in range(40)})
    with full():
        said = kk("tag", code=1)
    assert "The database could not work: database or disk is full" in said
    assert "Nothing that was stored is lost" in said
    kk("tag", code=0)


def test_what_is_not_the_databases_fault_gets_no_advice() -> None:
    assert advice(ValueError("full")) == ""


def test_check_says_when_little_room_is_left(kk: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "WARNING" not in kk("check", code=0)
    monkeypatch.setattr("flows.cli.setup._LITTLE_ROOM", 2**60)
    assert "MB are left on the disk of" in kk("check", code=0)
