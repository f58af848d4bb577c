"""How the turns of sessions came to be answered: when each stage of every answer happened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_turns",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("timing", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_session_turns"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_session_turns_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_session_turns_session_id_sessions", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_session_turns_session_id", "session_turns", ["session_id", "seq"])
