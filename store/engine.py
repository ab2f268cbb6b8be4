"""Connections: SQLite by default, PostgreSQL for teams; both keep foreign keys, and neither leaves a transaction half done."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, ExceptionContext, create_engine, event, text
from sqlalchemy import Engine as Engine  # for the front doors, which know no SQL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlmodel import Session

from desk.errors import ConfigurationError

_BUSY_SECONDS = 15


def connect(url: str) -> Engine:
    """Return an engine for *url* (``sqlite:///file.db``, ``postgresql://...``); raises ConfigurationError for other databases."""
    if url.startswith("sqlite"):
        return _sqlite(url)
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith("postgresql+psycopg://"):
        raise ConfigurationError(
            f'"{url.split(":")[0]}" is no database for Kummerkasten; write sqlite:///file.db or postgresql://...'
        )
    engine = create_engine(url, pool_pre_ping=True, pool_size=5, hide_parameters=True)
    event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: ExceptionContext) -> None:
    """Leave an error its first line alone: errors are logged, and under DETAIL PostgreSQL quotes what people said."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _sqlite(url: str) -> Engine:
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
    engine = create_engine(url, connect_args=arguments, poolclass=StaticPool if in_memory else QueuePool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, see _begin
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased leaves no trace in free pages (guarantee 11)
        connection.execute("PRAGMA cache_size = -32000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another writer was between; so writers say so.
        kind = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine


@contextmanager
def session(engine: Engine, *, write: bool = True) -> Iterator[Session]:
    """Open a session; what is not committed is rolled back. ``write=False`` never waits for writers (nor makes them wait)."""
    bind = engine if write else engine.execution_options(sqlite_begin="DEFERRED")
    with Session(bind, expire_on_commit=False) as opened:
        yield opened


def trouble(error: BaseException) -> str:
    """Return what the database says where it could not work ("database is locked"); nothing for any other error."""
    return str(error.orig).strip().partition("\n")[0] if isinstance(error, OperationalError) else ""


_ADVICE = {
    "full": "Free some space on the disk that the database lies on",
    "no space left": "Free some space on the disk that the database lies on",
    "readonly": "Let the user that Kummerkasten runs as write the database's file and its folder",
    "unable to open": "Let the user that Kummerkasten runs as write the database's file and its folder",
    "locked": f"Another process has held it for {_BUSY_SECONDS} seconds: end that one, or try again",
}


def advice(error: BaseException) -> str:
    """Return what a person can do where the database could not work; nothing for any other error."""
    return (
        f"{advice_on(said)} Nothing that was stored is lost; the next run goes on from there." if (said := trouble(error)) else ""
    )


def advice_on(said: str) -> str:
    """Return what a person can do where the database says why it cannot work."""
    act = next((act for mark, act in _ADVICE.items() if mark in said.casefold()), "See that it runs and can be reached from here")
    return f"{act}."


def room(url: str) -> int | None:
    """Return how many bytes are free where a SQLite file lies; None for other databases, or where there is no such folder."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    return shutil.disk_usage(folder).free if url.startswith("sqlite:///") and folder.is_dir() else None


def healthy(engine: Engine) -> str:
    """Return an empty string if the database answers, what is wrong otherwise."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        return str(error.orig).strip()
    except SQLAlchemyError as error:
        return str(error)
    return ""
