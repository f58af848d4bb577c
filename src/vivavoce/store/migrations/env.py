"""What Alembic runs to migrate: it uses the connection, and the transaction, that `vivavoce.store.migrating` opened."""

from __future__ import annotations

from alembic import context

from vivavoce.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
