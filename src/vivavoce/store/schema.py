"""The tables, as SQLAlchemy Core describes them. The migrations build them; a test checks that both agree.

Only types that SQLite and PostgreSQL share are used. Every object has a number (`seq`: the order in which objects were
made, and the integer id that one of the APIs shows), an identifier and the organisation that owns it. A new table
family gets its tables here, a revision in `migrations/versions` and a file of its own beside `agents.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always UTC and never without its time zone; SQLite keeps it as sortable text without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)


def _number() -> Column[int]:
    # SQLite counts only a column that is exactly INTEGER PRIMARY KEY.
    return Column("seq", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)


def _identifier() -> Column[str]:
    return Column("id", String(64), nullable=False, unique=True)


def _organisation() -> Column[str]:
    return Column("organisation_id", String(64), ForeignKey("organisations.id"), nullable=False)


def _made_at() -> Column[datetime]:
    return Column("created_at", UtcDateTime, nullable=False)


organisations = Table(
    "organisations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("external_id", String(255), nullable=True, unique=True),
    Column("concurrent_sessions_maximum", Integer, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("last4", String(4), nullable=False),
    _made_at(),
    Column("last_used_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    Index("ix_api_keys_organisation_id", "organisation_id", "created_at"),
)

agents = Table(
    "agents",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", JSON, nullable=False),
    _made_at(),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, nullable=True),
    Index(
        "ix_agents_living",
        "organisation_id",
        "seq",
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

agent_versions = Table(
    "agent_versions",
    metadata,
    Column("agent_id", String(64), ForeignKey("agents.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", JSON, nullable=False),
    _made_at(),
)

threads = Table(
    "threads",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("agent_id", String(64), nullable=True),
    Column("environment_id", String(64), nullable=True),
    Column("title", Text, nullable=True),
    Column("status", String(16), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("message_count", Integer, nullable=False),
    _made_at(),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, nullable=True),
    Index("ix_threads_organisation_id", "organisation_id", "seq"),
)

sessions = Table(
    "sessions",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("agent_id", String(64), nullable=True),
    Column("thread_id", String(64), ForeignKey("threads.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("dialect", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("details", JSON, nullable=False),
    _made_at(),
    Column("started_at", UtcDateTime, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("last_active_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("end_reason", String(64), nullable=True),
    Index("ix_sessions_organisation_id", "organisation_id", "seq"),
    Index("ix_sessions_created_at", "organisation_id", "created_at"),
    Index("ix_sessions_agent_id", "organisation_id", "agent_id", "seq"),
    Index("ix_sessions_thread_id", "thread_id", "seq"),
    Index(
        "ix_sessions_open",
        "organisation_id",
        "expires_at",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

messages = Table(
    "messages",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("thread_id", String(64), ForeignKey("threads.id"), nullable=False),
    Column("session_id", String(64), nullable=True),
    Column("role", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("tool_call", JSON, nullable=True),
    Column("start_ms", Integer, nullable=True),
    Column("end_ms", Integer, nullable=True),
    Column("interrupted", Boolean, nullable=False),
    Column("client_id", String(255), nullable=True),
    _made_at(),
    Column("generated_text", Text, nullable=True),
    UniqueConstraint("thread_id", "client_id", name="uq_messages_client_id"),
    Index("ix_messages_thread_id", "thread_id", "seq"),
    Index("ix_messages_session_id", "session_id", "seq"),
    Index(
        "ix_messages_tool_answers",
        "organisation_id",
        "created_at",
        sqlite_where=text("role = 'tool'"),
        postgresql_where=text("role = 'tool'"),
    ),
)


def _resource(name: str, *columns: Column[Any], indexes: tuple[Index, ...] = ()) -> Table:
    """A table of records that are kept and shown: what they hold is in `body`, what is looked up has a column."""
    return Table(
        name,
        metadata,
        _number(),
        _identifier(),
        _organisation(),
        *columns,
        Column("body", JSON, nullable=False),
        _made_at(),
        Column("updated_at", UtcDateTime, nullable=False),
        Column("deleted_at", UtcDateTime, nullable=True),
        Index(f"ix_{name}_organisation_id", "organisation_id", "seq"),
        *indexes,
    )


phone_numbers = _resource(
    "phone_numbers",
    Column("number", String(32), nullable=False),
    Column("agent_id", String(64), nullable=True),
    indexes=(
        Index(
            "uq_phone_numbers_number",
            "number",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_phone_numbers_agent_id", "agent_id"),
    ),
)
collections = _resource("collections")
environments = _resource("environments")
avatars = _resource("avatars")
webhooks = _resource("webhooks")

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("webhook_id", String(64), ForeignKey("webhooks.id"), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=True),
    Column("last_status_code", Integer, nullable=True),
    Column("last_error", Text, nullable=True),
    _made_at(),
    Column("finished_at", UtcDateTime, nullable=True),
    Index("ix_webhook_deliveries_webhook_id", "webhook_id", "seq"),
    Index(
        "ix_webhook_deliveries_due",
        "next_attempt_at",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)

idempotent_answers = Table(
    "idempotent_answers",
    metadata,
    Column("organisation_id", String(64), ForeignKey("organisations.id"), primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=True),
    Column("answer", Text, nullable=True),
    _made_at(),
    Index("ix_idempotent_answers_created_at", "created_at"),
)

client_secrets = Table(
    "client_secrets",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    _organisation(),
    Column("sealed", Text, nullable=False),
    _made_at(),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_client_secrets_expires_at", "expires_at"),
)

client_secret_calls = Table(
    "client_secret_calls",
    metadata,
    Column("session_id", String(64), ForeignKey("sessions.id"), primary_key=True),
    _organisation(),
    Column("secret_hash", String(64), nullable=False),
    Column("seconds_maximum", Integer, nullable=False),
    Index("ix_client_secret_calls_secret_hash", "secret_hash"),
)

session_turns = Table(
    "session_turns",
    metadata,
    _number(),
    _organisation(),
    Column("session_id", String(64), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("timing", JSON, nullable=False),
    _made_at(),
    Index("ix_session_turns_session_id", "session_id", "seq"),
    Index("ix_session_turns_created_at", "organisation_id", "created_at"),
)

recordings = Table(
    "recordings",
    metadata,
    _number(),
    _organisation(),
    Column("session_id", String(64), ForeignKey("sessions.id"), nullable=False),
    # a session that was held more than once has one for each time
    Column("part", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("format", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=True),
    Column("duration_ms", BigInteger, nullable=True),
    Column("places", JSON, nullable=False),
    Column("failure", Text, nullable=True),
    _made_at(),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    UniqueConstraint("session_id", "part", name="uq_recordings_part"),
    Index(
        "ix_recordings_living",
        "created_at",
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

named_secrets = Table(
    "named_secrets",
    metadata,
    _number(),
    _organisation(),
    Column("name", String(64), nullable=False),
    Column("sealed", Text, nullable=False),
    _made_at(),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organisation_id", "name"),
)

knowledge_files = Table(
    "knowledge_files",
    metadata,
    _number(),
    _identifier(),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("is_entry", Boolean, nullable=False),
    _made_at(),
    Column("deleted_at", UtcDateTime, nullable=True),
    Index("ix_knowledge_files_organisation_id", "organisation_id", "seq"),
)

knowledge_documents = Table(
    "knowledge_documents",
    metadata,
    _number(),
    _organisation(),
    Column("collection_id", String(64), ForeignKey("collections.id"), nullable=False),
    Column("collection_seq", BigInteger, nullable=False),
    Column("file_id", String(64), ForeignKey("knowledge_files.id"), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("error_code", String(64), nullable=True),
    Column("error_message", Text, nullable=True),
    Column("chunks_total", Integer, nullable=False),
    Column("chunks_done", Integer, nullable=False),
    # which chunks answer, which are being made, and what the ones that are being made are made of
    Column("generation", Integer, nullable=False),
    Column("building", Integer, nullable=False),
    Column("made_of", String(64), nullable=True),
    Column("failures", Integer, nullable=False),
    Column("is_due", Boolean, nullable=False),
    Column("claimed_by", String(64), nullable=True),
    Column("claimed_until", UtcDateTime, nullable=True),
    _made_at(),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("indexed_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    UniqueConstraint("collection_id", "file_id", name="uq_knowledge_documents_file_id"),
    Index("ix_knowledge_documents_collection_id", "collection_seq", "seq"),
    Index("ix_knowledge_documents_file_id", "file_id"),
    Index(
        "ix_knowledge_documents_due",
        "organisation_id",
        "seq",
        sqlite_where=text("is_due"),
        postgresql_where=text("is_due"),
    ),
)

knowledge_chunks = Table(
    "knowledge_chunks",
    metadata,
    _number(),
    Column("collection_seq", BigInteger, nullable=False),
    Column("document_seq", BigInteger, ForeignKey("knowledge_documents.seq"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("heading", Text, nullable=False),
    Column("page", Integer, nullable=True),
    Column("content", Text, nullable=False),
    Column("vector", LargeBinary, nullable=True),
    Index("ix_knowledge_chunks_document_seq", "document_seq", "generation", "position"),
)

knowledge_revisions = Table(
    "knowledge_revisions",
    metadata,
    Column("collection_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)
