"""The audit log: who came in, and what left the desk by whose hand."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("who", "role", "what", "of")),
        sa.Column("number", sa.Integer()),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
