"""Secrets that an organisation stores under names, sealed, for the tools of its agents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "named_secrets",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_named_secrets"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_named_secrets_organisation_id_organisations"
        ),
        sa.UniqueConstraint("organisation_id", "name", name="uq_named_secrets_organisation_id"),
    )
