"""Files, the documents of collections, and the passages that are searched, by words and by vectors.

What finds words differs: a full-text table of SQLite's (FTS5, https://sqlite.org/fts5.html), a column of PostgreSQL's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _files()
    _documents()
    _chunks()
    op.create_table(
        "knowledge_revisions",
        sa.Column("collection_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("collection_seq", name="pk_knowledge_revisions"),
    )
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE knowledge_words USING fts5("
            "scope, name, heading, content, content='', tokenize='porter unicode61')"
        )
    else:
        op.execute(
            "ALTER TABLE knowledge_chunks ADD COLUMN words tsvector GENERATED ALWAYS AS ("
            "setweight(to_tsvector('english', left(heading, 1000)), 'B') || "
            "setweight(to_tsvector('english', left(name, 1000)), 'C') || "
            "setweight(to_tsvector('english', content), 'A')) STORED"
        )
        op.execute("CREATE INDEX ix_knowledge_chunks_words ON knowledge_chunks USING gin (words)")


def _files() -> None:
    op.create_table(
        "knowledge_files",
        sa.Column("seq", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_entry", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_knowledge_files"),
        sa.UniqueConstraint("id", name="uq_knowledge_files_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_knowledge_files_organisation_id_organisations"
        ),
    )
    op.create_index("ix_knowledge_files_organisation_id", "knowledge_files", ["organisation_id", "seq"])


def _documents() -> None:
    op.create_table(
        "knowledge_documents",
        sa.Column("seq", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("collection_id", sa.String(64), nullable=False),
        sa.Column("collection_seq", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.String(64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(64), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("chunks_total", sa.Integer(), nullable=False),
        sa.Column("chunks_done", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("building", sa.Integer(), nullable=False),
        sa.Column("made_of", sa.String(64), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String(64), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_knowledge_documents"),
        sa.UniqueConstraint("collection_id", "file_id", name="uq_knowledge_documents_file_id"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_knowledge_documents_{column}_{table}")
            for column, table in (
                ("organisation_id", "organisations"),
                ("collection_id", "collections"),
                ("file_id", "knowledge_files"),
            )
        ),
    )
    op.create_index("ix_knowledge_documents_collection_id", "knowledge_documents", ["collection_seq", "seq"])
    op.create_index("ix_knowledge_documents_file_id", "knowledge_documents", ["file_id"])
    op.create_index(
        "ix_knowledge_documents_due",
        "knowledge_documents",
        ["organisation_id", "seq"],
        sqlite_where=sa.text("is_due"),
        postgresql_where=sa.text("is_due"),
    )


def _chunks() -> None:
    op.create_table(
        "knowledge_chunks",
        sa.Column("seq", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("collection_seq", sa.BigInteger(), nullable=False),
        sa.Column("document_seq", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_knowledge_chunks"),
        sa.ForeignKeyConstraint(
            ["document_seq"], ["knowledge_documents.seq"], name="fk_knowledge_chunks_document_seq_knowledge_documents"
        ),
    )
    op.create_index("ix_knowledge_chunks_document_seq", "knowledge_chunks", ["document_seq", "generation", "position"])
