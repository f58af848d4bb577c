"""Collections: documents that agents may search. Records only; documents come with the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.identifiers import Kind
from vivavoce.agents.resources import Collection
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Deleted, Listed, given, identifier, listed
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.resources import Resource

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Collections"])

CollectionId = Annotated[str, Path(description="The collection's id, in any rendering.")]


class CollectionObject(BaseModel):
    """A collection."""

    collection_id: str = Field(description="`col_…`: what an agent's `collection_ids` name.")
    collection_name: str = Field(description="What people call it.")
    collection_description: str = Field(description="What is in it.")
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class NewCollectionBody(BaseModel):
    """A collection to make."""

    collection_name: str = Field(min_length=1, max_length=255, description="What people call it.")
    collection_description: str = Field(default="", max_length=4_000, description="What is in it.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="The client's own words about it.")


class CollectionChanges(BaseModel):
    """What to change; what is not given stays."""

    collection_name: str = Field(default="", max_length=255, description="A new name.")
    collection_description: str = Field(default="", max_length=4_000, description="A new description.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Replaces the former.")


_FIELDS = {"collection_name": "name", "collection_description": "description", "metadata": "metadata"}


@router.get("/v1/collections", summary="List collections")
async def list_collections(platform: PlatformOf, caller: Reader, page: PageOf) -> Listed[CollectionObject]:
    return listed(await platform.store.collections.list(caller.organisation_id, page), _shown)


@router.post("/v1/collections", status_code=201, summary="Make a collection")
async def create_collection(platform: PlatformOf, caller: Writer, body: NewCollectionBody) -> CollectionObject:
    with _in_words_of_the_wire():
        collection = Collection(body.collection_name, body.collection_description, body.metadata)
    return _shown(await platform.store.collections.add(caller.organisation_id, collection))


@router.get("/v1/collections/{collection_id}", summary="Get a collection")
async def get_collection(platform: PlatformOf, caller: Reader, collection_id: CollectionId) -> CollectionObject:
    named = identifier(Kind.COLLECTION, collection_id, "collection")
    found = await platform.store.collections.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("collection", collection_id)
    return _shown(found)


@router.patch("/v1/collections/{collection_id}", summary="Change a collection")
async def change_collection(
    platform: PlatformOf, caller: Writer, collection_id: CollectionId, body: CollectionChanges
) -> CollectionObject:
    named = identifier(Kind.COLLECTION, collection_id, "collection")
    changes = {_FIELDS[name]: value for name, value in given(body, *_FIELDS).items()}
    with _in_words_of_the_wire():
        changed = await platform.store.collections.change(
            caller.organisation_id, named, lambda former: replace(former, **changes)
        )
    return _shown(changed)


@router.delete("/v1/collections/{collection_id}", summary="Delete a collection")
async def delete_collection(platform: PlatformOf, caller: Writer, collection_id: CollectionId) -> Deleted:
    named = identifier(Kind.COLLECTION, collection_id, "collection")
    gone = await platform.store.collections.delete(caller.organisation_id, named)
    return Deleted(id=gone.resource_id)


@contextmanager
def _in_words_of_the_wire() -> Iterator[None]:
    try:
        yield
    except InvalidFieldError as error:
        param = next((wire for wire, name in _FIELDS.items() if name == error.param), error.param)
        raise InvalidFieldError(param, error.message) from error


def _shown(record: Resource[Collection]) -> CollectionObject:
    return CollectionObject(
        collection_id=record.resource_id,
        collection_name=record.body.name,
        collection_description=record.body.description,
        metadata=dict(record.body.metadata),
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
