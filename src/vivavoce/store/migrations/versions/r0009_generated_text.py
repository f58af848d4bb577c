"""What was generated of an answer, kept beside what was heard of it where the two differ."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("generated_text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "generated_text")
