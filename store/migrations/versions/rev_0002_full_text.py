"""Full-text search: a column of folded, stemmed words, indexed by each database its own way; what is there is indexed too."""

import sqlalchemy as sa
from alembic import op

from desk.words import search_words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQLITE = (
    # The words come folded, stemmed and separated by blanks: the tokenizer takes them as they are, whatever their alphabet.
    # Nobody searches for phrases, so no positions are kept; begun words of two to four letters have their own index.
    """CREATE VIRTUAL TABLE mention_search USING fts5(
        search, content='mention', content_rowid='id', tokenize='ascii', detail='none', columnsize=0, prefix='2 3 4')""",
    """CREATE TRIGGER mention_search_insert AFTER INSERT ON mention BEGIN
        INSERT INTO mention_search(rowid, search) VALUES (new.id, new.search); END""",
    """CREATE TRIGGER mention_search_delete AFTER DELETE ON mention BEGIN
        INSERT INTO mention_search(mention_search, rowid, search) VALUES ('delete', old.id, old.search); END""",
    """CREATE TRIGGER mention_search_update AFTER UPDATE OF search ON mention BEGIN
        INSERT INTO mention_search(mention_search, rowid, search) VALUES ('delete', old.id, old.search);
        INSERT INTO mention_search(rowid, search) VALUES (new.id, new.search); END""",
    "INSERT INTO mention_search(mention_search) VALUES ('rebuild')",
)
_POSTGRESQL = (
    # Not to_tsvector: its parser splits words at places of its own, and both databases shall find the same.
    """ALTER TABLE mention ADD COLUMN mention_search_vector tsvector
        GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(search, ' '), ''))) STORED""",
    "CREATE INDEX ix_mention_search ON mention USING gin (mention_search_vector)",
)


def upgrade() -> None:
    op.add_column("mention", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    connection = op.get_bind()
    _index_what_is_there(connection)
    for statement in _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def _index_what_is_there(connection: sa.Connection) -> None:
    last = 0
    page = sa.text("SELECT id, title, text FROM mention WHERE id > :last ORDER BY id LIMIT 1000")
    while rows := connection.execute(page, {"last": last}).all():
        words = [{"id": row.id, "search": search_words(f"{row.title}\n{row.text}" if row.title else row.text)} for row in rows]
        connection.execute(sa.text("UPDATE mention SET search = :search WHERE id = :id"), words)
        last = rows[-1].id
