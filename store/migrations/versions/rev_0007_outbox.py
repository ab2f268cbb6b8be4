"""The outbox: answers on their way; what platforms allow of answers; when credentials die."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    on_its_way = sa.text("state IN ('waiting', 'sending')")
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("mention_id", sa.Integer(), sa.ForeignKey("mention.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=False),
        sa.Column("begun_at", sa.DateTime()),
        sa.Column("vouched", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String()),
        sa.Column("claimed_until", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("native_id", sa.String()),
        sa.Column("url", sa.String()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
    )
    op.create_index(
        "uq_delivery_on_its_way",
        "delivery",
        ["conversation_id"],
        unique=True,
        sqlite_where=on_its_way,
        postgresql_where=on_its_way,
    )
    op.create_index("ix_delivery_state", "delivery", ["state", "next_try_at", "id"])
    op.create_index("ix_delivery_conversation", "delivery", ["conversation_id", "id"])
    op.create_table(
        "credential",
        sa.Column("platform", sa.String(), primary_key=True),
        sa.Column("credential", sa.String(), primary_key=True),
        sa.Column("expires_at", sa.DateTime()),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
    )
    op.add_column("source_state", sa.Column("replies", JSON))
