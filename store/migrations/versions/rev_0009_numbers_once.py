"""SQLite gives the number of an erased row to no other: an answer written to one person must never reach the next.

Without AUTOINCREMENT the greatest number is given again once its row is gone, so a page that was open meanwhile would speak of
somebody else. PostgreSQL's sequences never go back.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("author", "conversation", "mention", "ticket", "delivery")
_MADE = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
"""How a table, its indexes and its triggers were made."""


def upgrade() -> None:
    """Build the tables anew, as https://www.sqlite.org/lang_altertable.html#otheralter says; `migrate` has foreign keys off."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for table in _TABLES:
            _build_anew(connection, table)


def _build_anew(connection: sa.Connection, table: str) -> None:
    rows = connection.execute(_MADE, {"table": table}).all()
    (created,) = (sql for kind, sql in rows if kind == "table")
    columns = re.sub(r",\s*PRIMARY KEY \(id\)", "", created.partition("(")[2])
    columns = columns.replace("id INTEGER NOT NULL", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", 1)
    beside = (sql for kind, sql in rows if kind != "table")
    for statement in (
        f"CREATE TABLE built_anew ({columns}",
        f"INSERT INTO built_anew SELECT * FROM {table}",  # noqa: S608
        f"DROP TABLE {table}",
        f"ALTER TABLE built_anew RENAME TO {table}",
        *beside,
    ):
        connection.exec_driver_sql(statement)
