"""The history of the schema. Alembic reads the revisions in `versions`; `vivavoce.store.migrating` runs them."""
