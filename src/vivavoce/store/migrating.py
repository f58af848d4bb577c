"""Brings a database to the schema of this version, once, while the store is being opened.

Runs inside the caller's transaction: a migration that fails leaves the database as it was. Of several processes that
start at once, one migrates while the others wait for it: for the write lock (SQLite) or an advisory lock (PostgreSQL).
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from vivavoce.store.errors import DatabaseTooNewError, StoreError

# Any number will do, as long as every version of vivavoce takes the same one ("vivavoce" in ASCII).
MIGRATION_LOCK = int.from_bytes(b"vivavoce", "big")
_ELSEWHERE = "give another data directory with --data, or another database with --database-url"


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", "vivavoce.store:migrations")
    return configuration


def is_up_to_date(connection: Connection) -> bool:
    """Whether nothing is left to migrate. Raises `DatabaseTooNewError` or, for a stranger's file, `StoreError`."""
    script = ScriptDirectory.from_config(_configuration())
    current = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in script.walk_revisions()}
    if unknown := sorted(set(current) - known):
        raise DatabaseTooNewError(
            f"a newer vivavoce made this database (schema {', '.join(unknown)}; this version knows up to "
            f"{script.get_current_head()}): install that version again, or {_ELSEWHERE}"
        )
    if not current and (strangers := inspect(connection).get_table_names()):
        raise StoreError(f"this is not a vivavoce database (it holds {', '.join(strangers[:3])}): {_ELSEWHERE}")
    return set(current) == set(script.get_heads())


def migrate(connection: Connection) -> None:
    """Run every revision that is missing; nothing when there is none. Raises as `is_up_to_date` does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if is_up_to_date(connection):
        return
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
