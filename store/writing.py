"""Bulk statements that both databases understand: many rows in one round trip, whatever is there already."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import JSON, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

T = TypeVar("T")
Row = Mapping[str, Any]

CHUNK = 500
"""Rows or ids in one statement: far below what either database allows."""
_AGAIN = ("40001", "40P01")
"""PostgreSQL's words for: nobody is to blame, try the whole transaction again (serialization failure, deadlock)."""


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


def insert(session: Session, model: type[SQLModel]) -> Any:
    """Return an INSERT that knows ON CONFLICT, for the database of *session*."""
    return (postgresql.insert if on_postgres(session) else sqlite.insert)(table(model))


def insert_new(session: Session, model: type[SQLModel], rows: Sequence[Row], returning: Sequence[Any] = ()) -> list[Any]:
    """Insert those *rows* whose key is not there yet; return *returning* of those that were new.

    All rows name the same columns. On PostgreSQL they travel as one array per column: one short statement, however many.
    """
    if not rows:
        return []
    statement = insert(session, model)
    if on_postgres(session):
        return _returned(session, _from_arrays(statement, model, rows).on_conflict_do_nothing(), _arrays(model, rows), returning)
    return _returned(session, statement.on_conflict_do_nothing(), list(rows), returning)


def count_new(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> int:
    """Insert those *rows* whose key is not there yet; return how many were new."""
    if not rows:
        return 0
    statement, given = insert(session, model), list(rows) if not on_postgres(session) else _arrays(model, rows)
    if on_postgres(session):
        statement = _from_arrays(statement, model, rows)
    done = session.execute(statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True), given)
    return affected(done)


def upsert_all(
    session: Session,
    model: type[SQLModel],
    rows: Sequence[Row],
    key: Sequence[str],
    change: Callable[[Any, Any], Mapping[str, Any]],
    returning: Sequence[Any],
) -> list[Any]:
    """Insert *rows*, or change those whose *key* is there: *change* gets the table's columns and those offered.

    Returns *returning* of each row, in no order. The keys of *rows* differ, and come sorted, so that no two writers lock
    each other out.
    """
    if not rows:
        return []
    statement = insert(session, model)
    given: Any = list(rows)
    if on_postgres(session):
        statement, given = _from_arrays(statement, model, rows), _arrays(model, rows)
    changed = change(table(model).c, statement.excluded)
    return _returned(session, statement.on_conflict_do_update(index_elements=list(key), set_=changed), given, returning)


def upsert(session: Session, model: type[SQLModel], row: Row, key: Sequence[str]) -> None:
    """Insert *row*, or update the one with the same *key*."""
    statement = insert(session, model).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def affected(result: Any) -> int:
    """Return how many rows an UPDATE or DELETE has changed."""
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


def _from_arrays(statement: Any, model: type[SQLModel], rows: Sequence[Row]) -> Any:
    columns = table(model).c
    arrays = [_array(columns[name]) for name in rows[0]]
    return statement.from_select(list(rows[0]), select(*arrays), include_defaults=False)


def _array(column: Any) -> Any:
    if isinstance(column.type, JSON):  # a list of lists would become an array of two dimensions
        return cast(func.unnest(bindparam(column.name, type_=postgresql.ARRAY(Text))), column.type)
    return func.unnest(bindparam(column.name, type_=postgresql.ARRAY(column.type)))


def _arrays(model: type[SQLModel], rows: Sequence[Row]) -> dict[str, list[Any]]:
    columns = table(model).c
    return {
        name: [json.dumps(row[name]) for row in rows] if isinstance(columns[name].type, JSON) else [row[name] for row in rows]
        for name in rows[0]
    }


def _returned(session: Session, statement: Any, given: Any, returning: Sequence[Any]) -> list[Any]:
    if not returning:
        session.execute(statement, given)
        return []
    return list(session.execute(statement.returning(*returning), given).all())
