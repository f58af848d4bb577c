"""Which calls were opened with a client secret whose calls may last only so long, all of them together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_secret_calls",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("seconds_maximum", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_client_secret_calls"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_client_secret_calls_session_id_sessions"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_client_secret_calls_organisation_id_organisations"
        ),
    )
    op.create_index("ix_client_secret_calls_secret_hash", "client_secret_calls", ["secret_hash"])
