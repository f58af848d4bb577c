"""Collections: documents that agents may search, as xAI's collections API has them. Thin, without state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.resources import Collection
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.knowledge_shapes import (
    ChunkConfigurationObject,
    CollectionId,
    CollectionObject,
    FieldDefinitionObject,
    IndexConfigurationObject,
    ListedCollections,
    chunking_of,
    field_definitions_of,
    shown_collection,
)
from vivavoce.api.platform.shapes import Deleted, listed
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Collections"])


class NewCollectionBody(BaseModel):
    """A collection to make."""

    collection_name: str = Field(min_length=1, max_length=255, description="What people call it.")
    collection_description: str = Field(default="", max_length=4_000, description="What is in it.")
    chunk_configuration: ChunkConfigurationObject | None = Field(
        default=None, description="How its documents are cut into passages; 224 tokens when nothing is said."
    )
    field_definitions: list[FieldDefinitionObject] = Field(
        default_factory=list, max_length=50, description="The fields of its documents."
    )
    index_configuration: IndexConfigurationObject | None = Field(
        default=None, description="Accepted; this server has one model."
    )
    metric_space: str | None = Field(default=None, max_length=100, description="Accepted; always the cosine.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="The client's own words about it.")


class CollectionChanges(BaseModel):
    """What to change; what is not given stays."""

    collection_name: str = Field(default="", max_length=255, description="A new name.")
    collection_description: str = Field(default="", max_length=4_000, description="A new description.")
    chunk_configuration: ChunkConfigurationObject | None = Field(
        default=None, description="Another way of cutting; every document is indexed anew."
    )
    field_definitions: list[FieldDefinitionObject] = Field(
        default_factory=list, max_length=50, description="Replaces the former."
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="Replaces the former.")


_FIELDS = {
    "collection_name": "name",
    "collection_description": "description",
    "metadata": "metadata",
    "chunk_configuration": "chunking",
    "field_definitions": "field_definitions",
}


@router.get("/v1/collections", summary="List collections")
async def list_collections(platform: PlatformOf, caller: Reader, page: PageOf) -> ListedCollections:
    found = await platform.store.collections.list(caller.organisation_id, page)
    totals = await platform.knowledge.totals(found.items)
    shown = listed(found, lambda record: shown_collection(record, totals.get(record.seq)))
    return ListedCollections(**shown.model_dump(), collections=shown.data)


@router.post("/v1/collections", status_code=201, summary="Make a collection")
async def create_collection(platform: PlatformOf, caller: Writer, body: NewCollectionBody) -> CollectionObject:
    with _in_words_of_the_wire():
        collection = Collection(
            body.collection_name,
            body.collection_description,
            body.metadata,
            chunking_of(body.chunk_configuration),
            field_definitions_of(body.field_definitions),
        )
    return shown_collection(await platform.store.collections.add(caller.organisation_id, collection), None)


@router.get("/v1/collections/{collection_id}", summary="Get a collection")
async def get_collection(platform: PlatformOf, caller: Reader, collection_id: CollectionId) -> CollectionObject:
    found = await platform.knowledge.collection(caller, collection_id)
    totals = await platform.knowledge.totals([found])
    return shown_collection(found, totals.get(found.seq))


@router.patch("/v1/collections/{collection_id}", summary="Change a collection")
async def change_collection(
    platform: PlatformOf, caller: Writer, collection_id: CollectionId, body: CollectionChanges
) -> CollectionObject:
    """Change what is given."""
    return await _changed(platform, caller, collection_id, body)


@router.put("/v1/collections/{collection_id}", summary="Change a collection (xAI)")
async def update_collection(
    platform: PlatformOf, caller: Writer, collection_id: CollectionId, body: CollectionChanges
) -> CollectionObject:
    """The same as PATCH: what is not given stays."""
    return await _changed(platform, caller, collection_id, body)


@router.delete("/v1/collections/{collection_id}", summary="Delete a collection")
async def delete_collection(platform: PlatformOf, caller: Writer, collection_id: CollectionId) -> Deleted:
    """Its documents go with it; files stay, but for texts that were written into it."""
    gone = await platform.knowledge.delete_collection(caller, collection_id)
    return Deleted(id=gone.resource_id)


async def _changed(platform: Platform, caller: Caller, collection_id: str, body: CollectionChanges) -> CollectionObject:
    with _in_words_of_the_wire():
        changed = await platform.knowledge.change_collection(caller, collection_id, _change(body))
    totals = await platform.knowledge.totals([changed])
    return shown_collection(changed, totals.get(changed.seq))


def _change(body: CollectionChanges) -> Callable[[Collection], Collection]:
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if "chunk_configuration" in given:
        given["chunk_configuration"] = chunking_of(body.chunk_configuration)
    if "field_definitions" in given:
        given["field_definitions"] = field_definitions_of(body.field_definitions)
    values = {_FIELDS[name]: value for name, value in given.items()}
    return lambda former: replace(former, **values)


@contextmanager
def _in_words_of_the_wire() -> Iterator[None]:
    try:
        yield
    except InvalidFieldError as error:
        param = next((wire for wire, name in _FIELDS.items() if name == error.param), error.param)
        raise InvalidFieldError(param, error.message) from error
