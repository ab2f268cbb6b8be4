"""Bring a database to this version's tables; safe when several processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlmodel import SQLModel

from store import audit, erasing, tables, tombstones

_LOCK = 7_226_811
"""Any number of our own: PostgreSQL's advisory lock while migrating."""
_OF_THE_SEARCH = "mention_search"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply all migrations up to *revision*, in one transaction. Whoever comes second waits and finds nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.connect() as connection, _tables_may_go(connection), connection.begin():  # on SQLite this takes the write lock
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def _tables_may_go(connection: Connection) -> Iterator[None]:
    """Let a migration build a table of SQLite anew: with foreign keys on, nothing that others point to can be dropped."""
    raw = connection.connection.dbapi_connection if connection.dialect.name == "sqlite" else None
    if raw is None:
        yield
        return
    raw.cursor().execute("PRAGMA foreign_keys = OFF")  # past SQLAlchemy: within a transaction it would change nothing
    try:
        yield
    finally:
        raw.cursor().execute("PRAGMA foreign_keys = ON")


def differences(engine: Engine) -> list[object]:
    """Return where the database's tables and the models disagree (nothing, after `migrate`)."""
    with engine.connect() as connection:
        return list(compare_metadata(_context(connection), SQLModel.metadata))


def _context(connection: Connection) -> MigrationContext:
    assert all((audit, erasing, tables, tombstones))  # the models register themselves on import  # noqa: S101
    return MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})


def ours(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Leave out what the models do not describe: the full-text index differs from database to database."""
    return not (name or "").startswith((_OF_THE_SEARCH, "ix_mention_search", "sqlite_"))
