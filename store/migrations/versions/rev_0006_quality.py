"""An index for the pages Review and Quality: the readings that are unsure about something, the newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unsure = sa.text("unsure <> '[]'")
    op.create_index("ix_reading_unsure", "reading", ["id"], sqlite_where=unsure, postgresql_where=unsure)
