"""How often what a collection answers from has changed: what tells other processes that they remember an old state."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.database import Database
from vivavoce.store.schema import knowledge_revisions


async def bump(connection: AsyncConnection, database: Database, collection_seq: int) -> None:
    """Count one more change, in the transaction that makes it."""
    table = knowledge_revisions
    new = database.insert(table).values(collection_seq=collection_seq, revision=1)
    again = {"revision": table.c.revision + 1}
    await connection.execute(new.on_conflict_do_update(index_elements=["collection_seq"], set_=again))
