"""Bulk statements that both databases understand: many rows in one round trip, whatever is there already."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import JSON, Table, Text, TextClause, bindparam, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

T = TypeVar("T")
Row = Mapping[str, Any]

CHUNK = 500
"""Rows or ids in one statement: far below what either database allows."""
_AGAIN = ("40001", "40P01")
"""PostgreSQL's words for: nobody is to blame, try the whole transaction again (serialization failure, deadlock)."""
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
    if not rows:
        return 0
    statement = _insert(on_postgres(session), model, tuple(rows[0]), "DO NOTHING")
    return affected(session.execute(statement, _given(session, model, rows), execution_options={"preserve_rowcount": True}))


def upsert_ids(session: Session, model: type[SQLModel], rows: Sequence[Row], change: str) -> dict[str, int]:
    """Insert authors or conversations of one platform, or *change* those that are there; return ids by native ids.

    *change* is SQL of both databases. *rows* come sorted by native id, each once: so no two writers lock each other out.
    """
    if not rows:
        return {}
    names, conflict = tuple(rows[0]), f"(platform, native_id) DO UPDATE SET {change}"
    if on_postgres(session):
        statement = _insert(True, model, names, f"{conflict} RETURNING native_id, id")
        return dict(session.execute(statement, _given(session, model, rows)).tuples().all())
    session.execute(_insert(False, model, names, conflict), _given(session, model, rows))
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
    """Do *work*, a whole transaction; once more, from its beginning, where PostgreSQL chose it to give way to another."""
    try:
        return work()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _AGAIN:
            raise
        session.rollback()
        return work()


@lru_cache(maxsize=64)
def _insert(postgres: bool, model: type[SQLModel], names: tuple[str, ...], conflict: str) -> TextClause:
    """Return an INSERT as text: one that knows ON CONFLICT is built anew by SQLAlchemy each time, at the price of many rows.

    On PostgreSQL the rows travel as one array for each column: one short statement and one round trip, however many.
    """
    columns = [table(model).c[name] for name in names]
    into = f"INSERT INTO {table(model).name} ({', '.join(names)})"
    if not postgres:
        values = f"VALUES ({', '.join(f':{name}' for name in names)})"
        types = [bindparam(column.name, type_=column.type) for column in columns]
        return text(f"{into} {values} ON CONFLICT {conflict}").bindparams(*types)
    given = ", ".join(f"CAST(:{column.name} AS {_travels_as(column).compile(dialect=_POSTGRES)}[])" for column in columns)
    taken = ", ".join(f"CAST({name} AS jsonb)" if _is_json(model, name) else name for name in names)
    source = f"SELECT {taken} FROM unnest({given}) AS given ({', '.join(names)})"  # noqa: S608 (names of our own columns)
    types = [bindparam(column.name, type_=postgresql.ARRAY(_travels_as(column))) for column in columns]
    return text(f"{into} {source} ON CONFLICT {conflict}").bindparams(*types)


def _is_json(model: type[SQLModel], name: str) -> bool:
    return isinstance(table(model).c[name].type, JSON)


def _travels_as(column: Any) -> Any:
    """Return the type of a column in an array; a list of JSON lists would become an array of two dimensions."""
    return Text() if isinstance(column.type, JSON) else column.type


def _given(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> Any:
    if not on_postgres(session):
        return list(rows)
    return {
        name: [json.dumps(row[name]) for row in rows] if _is_json(model, name) else [row[name] for row in rows]
        for name in rows[0]
    }
