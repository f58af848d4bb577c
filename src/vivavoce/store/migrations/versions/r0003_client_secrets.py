"""Client secrets: what a browser may open calls with for a short while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_secrets",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_client_secrets"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_client_secrets_organisation_id_organisations"
        ),
    )
    op.create_index("ix_client_secrets_expires_at", "client_secrets", ["expires_at"])
