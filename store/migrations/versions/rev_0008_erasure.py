"""Erasure: what must not come back, and how much was erased when."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstone",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime()),
        sa.Column("at", sa.DateTime(), nullable=False),
    )
    counts = ("mentions", "answers", "conversations", "accounts", "quarantined")
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
    )
    # whoever deletes a mention makes the database look for all that points to it
    op.drop_index("ix_tag_retired", "tag")
    op.create_index("ix_tag_mention", "tag", ["mention_id"])
    op.create_index("ix_delivery_mention", "delivery", ["mention_id"])
    op.create_index("ix_ticket_mention", "ticket", ["mention_id"])
