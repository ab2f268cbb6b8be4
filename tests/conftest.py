"""What every test may ask for: an empty, migrated database of its own, on SQLite and on PostgreSQL."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))  # or `tests/store` would stand in for `store`

from databases import NoPostgres, migrated, postgres_database, postgres_server
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlmodel import Session

from store.engine import connect
from store.engine import session as open_session

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a busy machine is no fault of what is tested; speed is measured in bench/


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server; the test is skipped where there is none."""
    try:
        server = postgres_server()
        url = server.__enter__()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[str]:
    """The name of a migrated database, which others are copied from."""
    with postgres_database(postgres) as url:
        yield migrated(url).rpartition("/")[2]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, which others are copied from."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'kummerkasten.db')}"


@pytest.fixture
def postgres_url(postgres: str, postgres_template: str) -> Iterator[str]:
    """The address of an empty, migrated PostgreSQL database."""
    with postgres_database(postgres, postgres_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres: str) -> Iterator[str]:
    """The address of a PostgreSQL database without any table."""
    with postgres_database(postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated database: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to an empty, migrated database: the test runs once on each kind."""
    opened = connect(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on an empty, migrated database: the test runs once on each kind."""
    with open_session(engine) as opened:
        yield opened
