"""Bulk statements that both databases understand: many rows in one round trip, whatever is there already."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

T = TypeVar("T")
Row = Mapping[str, Any]

CHUNK = 500
"""Rows or ids in one statement: far below what either database allows."""
_AGAIN = ("40001", "40P01")
"""PostgreSQL's words for: nobody is to blame, try the whole transaction again (serialization failure, deadlock)."""
_TRIES, _MOMENT = 4, 0.03
"""How often a transaction is begun at most, and how many seconds it waits after its first."""
_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield *items* in lists of at most *size*."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def table(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def on_postgres(session: Session) -> bool:
    """Say whether *session* talks to PostgreSQL (or else to SQLite)."""
    return session.get_bind().dialect.name == "postgresql"


def insert_new(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> int:
    """Insert those *rows* whose key is not there yet; return how many were new.

    All rows name the same columns, and every column that cannot be empty: defaults of the model do not apply.
    """
    return affected(_insert(session, model, rows, "DO NOTHING")) if rows else 0


def upsert_ids(session: Session, model: type[SQLModel], rows: Sequence[Row], change: str) -> dict[str, int]:
    """Insert authors or conversations of one platform, or *change* those that are there; return ids by native ids.

    *change* is SQL of both databases. *rows* come sorted by native id, each once: so no two writers lock each other out.
    """
    if not rows:
        return {}
    conflict = f"(platform, native_id) DO UPDATE SET {change}"
    if on_postgres(session):
        return dict(_insert(session, model, rows, f"{conflict} RETURNING native_id, id").tuples().all())
    _insert(session, model, rows, conflict)
    columns = table(model).c
    ids: dict[str, int] = {}
    for some in chunks(row["native_id"] for row in rows):
        there = select(columns.native_id, columns.id).where(columns.platform == rows[0]["platform"])
        ids |= dict(session.execute(there.where(columns.native_id.in_(some))).tuples().all())
    return ids


def upsert(session: Session, model: type[SQLModel], row: Row, key: Sequence[str]) -> None:
    """Insert *row*, or update the one with the same *key*."""
    insert = (postgresql.insert if on_postgres(session) else sqlite.insert)(table(model)).values(row)
    changed = {name: insert.excluded[name] for name in row if name not in key}
    session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=changed))


def affected(result: Any) -> int:
    """Return how many rows a statement has changed."""
    return int(result.rowcount)


def whole(session: Session, work: Callable[[], T]) -> T:
    """Do *work*, a whole transaction; anew, from its beginning, where PostgreSQL chose it to give way to another.

    Whoever gives way waits a moment first: the other one is not done yet, and they would meet again.
    """
    for tries in range(1, _TRIES):
        try:
            return work()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _AGAIN:
                raise
            session.rollback()
            time.sleep(tries * _MOMENT)
    return work()


def _insert(session: Session, model: type[SQLModel], rows: Sequence[Row], conflict: str) -> Any:
    """Insert *rows* past SQLAlchemy, which builds an INSERT that knows ON CONFLICT anew each time, and handles each value.

    On PostgreSQL the rows travel as one JSON document: one short statement and one round trip, however many.
    """
    names = tuple(rows[0])
    connection = session.connection().execution_options(preserve_rowcount=True)
    if on_postgres(session):
        document = json.dumps(list(rows), default=_as_json)
        return connection.exec_driver_sql(_from_json(model, names, conflict), {"rows": document})
    given = [tuple(_PLAIN.get(type(row[name]), _as_is)(row[name]) for name in names) for row in rows]
    return connection.exec_driver_sql(_from_values(model, names, conflict), given)


@lru_cache(maxsize=64)
def _from_json(model: type[SQLModel], names: tuple[str, ...], conflict: str) -> str:
    columns = table(model).c
    typed = ", ".join(f"{name} {columns[name].type.compile(dialect=_POSTGRES)}" for name in names)
    into = f"INSERT INTO {table(model).name} ({', '.join(names)})"
    return f"{into} SELECT * FROM json_to_recordset(%(rows)s) AS given ({typed}) ON CONFLICT {conflict}"  # noqa: S608


@lru_cache(maxsize=64)
def _from_values(model: type[SQLModel], names: tuple[str, ...], conflict: str) -> str:
    into = f"INSERT INTO {table(model).name} ({', '.join(names)})"
    return f"{into} VALUES ({', '.join('?' * len(names))}) ON CONFLICT {conflict}"


def _as_json(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else _moment(value)


def _moment(value: datetime) -> str:
    """Write a point in time as `store.tables.Utc` does on SQLite."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _as_is(value: Any) -> Any:
    return value


_PLAIN: Mapping[type, Callable[[Any], Any]] = {datetime: _moment, list: json.dumps, dict: json.dumps}
"""How SQLite's driver gets what it does not know."""
