"""Organisations own everything; agents get numbers and versions; sessions, threads and what is around an agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FIRST_ORGANISATION = "org_" + "0" * 25 + "1"
_ALL_SCOPES = ["read", "write", "realtime", "admin"]


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("seq", kind, nullable=False, autoincrement=True)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _owned(table: str) -> Sequence[Any]:
    """The columns and constraints that every numbered object has."""
    return (
        _number(),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"),
        sa.UniqueConstraint("id", name=f"uq_{table}_id"),
        _belonging(table),
    )


def _belonging(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_organisation_id_organisations"
    return sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=name)


def _index(name: str, table: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    _organisations()
    _api_keys()
    _agents()
    _threads_sessions_messages()
    for table in ("phone_numbers", "collections", "environments", "avatars", "webhooks"):
        _resource(table)
    _index("uq_phone_numbers_number", "phone_numbers", ["number"], "deleted_at IS NULL", unique=True)
    op.create_index("ix_phone_numbers_agent_id", "phone_numbers", ["agent_id"])
    _deliveries_and_answers()


def _organisations() -> None:
    table = op.create_table(
        "organisations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=True),
        sa.Column("concurrent_sessions_maximum", sa.Integer(), nullable=True),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("external_id", name="uq_organisations_external_id"),
    )
    first = {"id": _FIRST_ORGANISATION, "name": "Default", "created_at": datetime.now(UTC)}
    op.bulk_insert(table, [first])


def _api_keys() -> None:
    op.rename_table("api_keys", "former_api_keys")
    former = sa.table("former_api_keys", *map(sa.column, _FORMER_KEY_COLUMNS))
    rows = op.get_bind().execute(sa.select(former)).mappings().all()
    op.drop_table("former_api_keys")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        _moment("created_at"),
        _moment("last_used_at", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_sha256", name="uq_api_keys_secret_sha256"),
        _belonging("api_keys"),
    )
    op.create_index("ix_api_keys_organisation_id", "api_keys", ["organisation_id", "created_at"])
    plain = sa.table("api_keys", sa.column("scopes", sa.JSON()), *map(sa.column, _KEY_COLUMNS))
    for row in rows:
        owned = {"organisation_id": _FIRST_ORGANISATION, "prefix": "vv_", "scopes": _ALL_SCOPES}
        op.get_bind().execute(plain.insert().values(**row, **owned))


_FORMER_KEY_COLUMNS = ("id", "name", "secret_sha256", "last4", "created_at", "last_used_at", "revoked_at")
_KEY_COLUMNS = ("organisation_id", "prefix", *_FORMER_KEY_COLUMNS)


def _agents() -> None:
    op.drop_index("ix_agents_created_at", "agents")
    former = sa.table("agents", sa.column("definition", sa.JSON()), *map(sa.column, ("id", "name", *_AGENT_MOMENTS)))
    rows = op.get_bind().execute(sa.select(former).order_by(former.c.created_at, former.c.id)).mappings().all()
    op.drop_table("agents")
    op.create_table(
        "agents",
        *_owned("agents"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("deleted_at", nullable=True),
    )
    _index("ix_agents_living", "agents", ["organisation_id", "seq"], "deleted_at IS NULL")
    op.create_table(
        "agent_versions",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("agent_id", "version", name="pk_agent_versions"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_agent_versions_agent_id_agents"),
    )
    agents = sa.table(
        "agents",
        sa.column("definition", sa.JSON()),
        *map(sa.column, ("id", "organisation_id", "name", "paused", "version", *_AGENT_MOMENTS)),
    )
    versions = sa.table(
        "agent_versions", sa.column("definition", sa.JSON()), *map(sa.column, ("agent_id", "version", "created_at"))
    )
    for row in rows:
        body = _definition_of_today(row["definition"])
        values = {**row, "definition": body, "organisation_id": _FIRST_ORGANISATION, "paused": False, "version": 1}
        op.get_bind().execute(agents.insert().values(**values))
        first = {"agent_id": row["id"], "version": 1, "definition": body, "created_at": row["updated_at"]}
        op.get_bind().execute(versions.insert().values(**first))


_AGENT_MOMENTS = ("created_at", "updated_at", "deleted_at")


def _definition_of_today(former: dict[str, Any]) -> dict[str, Any]:
    tools = [{"type": "function", **tool} for tool in former.get("tools", [])]
    return {name: value for name, value in former.items() if name not in ("agent_id", "created_at")} | {"tools": tools}


def _threads_sessions_messages() -> None:
    op.create_table(
        "threads",
        *_owned("threads"),
        sa.Column("agent_id", sa.String(64), nullable=True),
        sa.Column("environment_id", sa.String(64), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("deleted_at", nullable=True),
    )
    op.create_index("ix_threads_organisation_id", "threads", ["organisation_id", "seq"])
    op.create_table(
        "sessions",
        *_owned("sessions"),
        sa.Column("agent_id", sa.String(64), nullable=True),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("dialect", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        _moment("created_at"),
        _moment("started_at", nullable=True),
        _moment("ended_at", nullable=True),
        _moment("last_active_at"),
        _moment("expires_at"),
        sa.Column("end_reason", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_sessions_thread_id_threads"),
    )
    op.create_index("ix_sessions_organisation_id", "sessions", ["organisation_id", "seq"])
    op.create_index("ix_sessions_agent_id", "sessions", ["organisation_id", "agent_id", "seq"])
    op.create_index("ix_sessions_thread_id", "sessions", ["thread_id", "seq"])
    _index("ix_sessions_open", "sessions", ["organisation_id", "expires_at"], "ended_at IS NULL")
    op.create_table(
        "messages",
        *_owned("messages"),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tool_call", sa.JSON(), nullable=True),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("end_ms", sa.Integer(), nullable=True),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=True),
        _moment("created_at"),
        sa.UniqueConstraint("thread_id", "client_id", name="uq_messages_client_id"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_messages_thread_id_threads"),
    )
    op.create_index("ix_messages_thread_id", "messages", ["thread_id", "seq"])
    op.create_index("ix_messages_session_id", "messages", ["session_id", "seq"])


def _resource(table: str) -> None:
    own: tuple[sa.Column[str], ...] = ()
    if table == "phone_numbers":
        own = (sa.Column("number", sa.String(32), nullable=False), sa.Column("agent_id", sa.String(64), nullable=True))
    op.create_table(
        table,
        *_owned(table),
        *own,
        sa.Column("body", sa.JSON(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("deleted_at", nullable=True),
    )
    op.create_index(f"ix_{table}_organisation_id", table, ["organisation_id", "seq"])


def _deliveries_and_answers() -> None:
    op.create_table(
        "webhook_deliveries",
        *_owned("webhook_deliveries"),
        sa.Column("webhook_id", sa.String(64), nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_attempt_at", nullable=True),
        sa.Column("last_status_code", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        _moment("created_at"),
        _moment("finished_at", nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id_webhooks"),
    )
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id", "seq"])
    _index("ix_webhook_deliveries_due", "webhook_deliveries", ["next_attempt_at"], "finished_at IS NULL")
    op.create_table(
        "idempotent_answers",
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("organisation_id", "idempotency_key", name="pk_idempotent_answers"),
        _belonging("idempotent_answers"),
    )
    op.create_index("ix_idempotent_answers_created_at", "idempotent_answers", ["created_at"])
