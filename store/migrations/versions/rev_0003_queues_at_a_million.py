"""Indexes that answer at a million mentions: a queue in its order in every status, and tags in the words SQLite asks with."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_ticket_queue", "ticket")
    op.drop_index("ix_ticket_team_status", "ticket")
    op.create_index("ix_ticket_queue", "ticket", ["status", "priority", "due_at", "id"])
    op.create_index("ix_ticket_team_queue", "ticket", ["team", "status", "priority", "due_at", "id"])
    op.create_index("ix_ticket_answered", "ticket", ["answered_at"])
    # SQLite takes a partial index only where the question repeats its condition, and its truth is spelled "= 1".
    _again("uq_tag_standing", ["mention_id", "aspect", "value"], "stands", "stands = 1", unique=True)
    op.create_index(
        "ix_tag_retired", "tag", ["mention_id"], sqlite_where=sa.text("stands = 0"), postgresql_where=sa.text("NOT stands")
    )
    _again("ix_tag_topic", ["aspect", "value"], "stands AND holds", "stands = 1 AND holds = 1")


def _again(name: str, columns: list[str], postgresql: str, sqlite: str, unique: bool = False) -> None:
    op.drop_index(name, "tag")
    op.create_index(name, "tag", columns, unique=unique, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql))
