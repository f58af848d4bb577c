"""Recordings of calls, and the indexes that usage is counted by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LIVING = sa.text("deleted_at IS NULL")
_ANSWERS = sa.text("role = 'tool'")


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_recordings"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_recordings_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_recordings_session_id_sessions"),
        sa.UniqueConstraint("session_id", "part", name="uq_recordings_part"),
    )
    op.create_index(
        "ix_recordings_living", "recordings", ["created_at"], sqlite_where=_LIVING, postgresql_where=_LIVING
    )
    op.create_index("ix_sessions_created_at", "sessions", ["organisation_id", "created_at"])
    op.create_index("ix_session_turns_created_at", "session_turns", ["organisation_id", "created_at"])
    op.create_index(
        "ix_messages_tool_answers",
        "messages",
        ["organisation_id", "created_at"],
        sqlite_where=_ANSWERS,
        postgresql_where=_ANSWERS,
    )
