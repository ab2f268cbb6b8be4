"""Versions of the tagger's heads that were taught by people's corrections, and an index that finds these."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "model_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("heads", sa.LargeBinary(), nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    _index("uq_model_version_live", "model_version", "state", "state = 'live'", "state = 'live'", unique=True)
    _index("ix_tag_decided", "tag", "mention_id", "person AND stands", "person = 1 AND stands = 1")


def _index(name: str, table: str, column: str, postgresql: str, sqlite: str, unique: bool = False) -> None:
    op.create_index(name, table, [column], unique=unique, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql))
