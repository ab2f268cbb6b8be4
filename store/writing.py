"""Bulk statements that both databases understand: insert what is not there yet, in few round trips."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

T = TypeVar("T")

CHUNK = 500
"""Rows or ids in one statement: far below what either database allows."""


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield *items* in lists of at most *size*."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def table(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def insert(session: Session, model: type[SQLModel]) -> Any:
    """Return an INSERT that knows ON CONFLICT, for the database of *session*."""
    dialect = session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table(model))


def insert_new(
    session: Session, model: type[SQLModel], rows: Sequence[dict[str, Any]], returning: Sequence[Any] = ()
) -> list[Any]:
    """Insert those *rows* whose key is not there yet; return *returning* of those that were new."""
    if not rows:
        return []
    statement = insert(session, model).on_conflict_do_nothing()
    if not returning:
        session.execute(statement, list(rows))
        return []
    return list(session.execute(statement.returning(*returning), list(rows)).all())


def upsert(session: Session, model: type[SQLModel], row: dict[str, Any], key: Sequence[str]) -> None:
    """Insert *row*, or update the one with the same *key*."""
    statement = insert(session, model).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def affected(result: Any) -> int:
    """Return how many rows an UPDATE or DELETE has changed."""
    return int(result.rowcount)
