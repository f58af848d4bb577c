"""What collections, files and documents look like on the wire. Values and pure functions."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.resources import CHUNK_SIZES, Collection, FieldDefinition
from vivavoce.api.errors import ApiError
from vivavoce.api.platform.shapes import Listed
from vivavoce.api.problems import Problem
from vivavoce.knowledge.passages import ChunkConfiguration, ChunkUnit
from vivavoce.services.knowledge.shelf import FILE_BYTES_MAXIMUM
from vivavoce.store.documents import CollectionTotals, DocumentRecord
from vivavoce.store.files import FileRecord
from vivavoce.store.resources import Resource

CollectionId = Annotated[str, Path(description="The collection's id, in any rendering.")]
FileId = Annotated[str, Path(description="The file's id.")]

DOCUMENT_PATHS = re.compile(r"/v1/(files|collections/[^/]+/(documents|texts))")
"""Where a file or a text may be sent, which is larger than other bodies."""

DOCUMENT_BYTES_MAXIMUM = FILE_BYTES_MAXIMUM + 64 * 1024
"""A form around a file of the largest size."""

STATUS_PREFIX = "DOCUMENT_STATUS_"

Fields = dict[str, Any]


class CharsConfiguration(BaseModel):
    """Passages measured in characters."""

    max_chunk_size_chars: int = Field(ge=1, description="How many a passage has at most.")
    chunk_overlap_chars: int = Field(default=0, ge=0, description="How many it has in common with the one before.")


class TokensConfiguration(BaseModel):
    """Passages measured in tokens of the embedding model."""

    max_chunk_size_tokens: int = Field(ge=1, description="How many a passage has at most.")
    chunk_overlap_tokens: int = Field(default=0, ge=0, description="How many it has in common with the one before.")
    encoding_name: str | None = Field(default=None, max_length=100, description="Accepted; the embedder has its own.")


class BytesConfiguration(BaseModel):
    """Passages measured in bytes of UTF-8."""

    max_chunk_size_bytes: int = Field(ge=1, description="How many a passage has at most.")
    chunk_overlap_bytes: int = Field(default=0, ge=0, description="How many it has in common with the one before.")


class ChunkConfigurationObject(BaseModel):
    """How documents are cut into passages: measured in one of three units."""

    chars_configuration: CharsConfiguration | None = Field(default=None, description="In characters.")
    tokens_configuration: TokensConfiguration | None = Field(default=None, description="In tokens; the usual.")
    bytes_configuration: BytesConfiguration | None = Field(default=None, description="In bytes.")
    strip_whitespace: bool = Field(default=True, description="Without white space at the ends of a passage.")
    inject_name_into_chunks: bool = Field(default=False, description="The document's name begins every passage.")


class FieldDefinitionObject(BaseModel):
    """A field of a collection's documents."""

    key: str = Field(min_length=1, max_length=128, description="What the field is called.")
    required: bool = Field(default=False, description="Every document must have it.")
    unique: bool = Field(default=False, description="No two documents may have the same.")
    inject_into_chunk: bool = Field(default=False, description="What it says begins every passage.")
    description: str = Field(default="", max_length=1_000, description="What it is.")


class IndexConfigurationObject(BaseModel):
    """Which model makes the vectors."""

    model_name: str = Field(default="", max_length=255, description="Accepted; this server has one model.")


class CollectionObject(BaseModel):
    """A collection."""

    collection_id: str = Field(description="`col_…`: what an agent's `collection_ids` name.")
    collection_name: str = Field(description="What people call it.")
    collection_description: str = Field(description="What is in it.")
    chunk_configuration: ChunkConfigurationObject = Field(description="How its documents are cut into passages.")
    field_definitions: list[FieldDefinitionObject] = Field(description="The fields of its documents.")
    documents_count: int = Field(description="How many documents it has.")
    total_file_size: int = Field(description="The bytes of their files.")
    chunks_count: int = Field(description="How many passages they have.")
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class ListedCollections(Listed[CollectionObject]):
    """A page of collections, under two names: the platform's and xAI's."""

    collections: list[CollectionObject] = Field(description="The same as `data`.")


class FileObject(BaseModel):
    """A file."""

    id: str = Field(description="`file_…`.")
    object: str = Field(default="file", description="Always `file`.")
    filename: str = Field(description="Its name.")
    bytes: int = Field(description="How large it is.")
    content_type: str = Field(description="What its sender said it is.")
    sha256: str = Field(description="The SHA-256 of its bytes, hexadecimal.")
    purpose: str = Field(default="assistants", description="Always `assistants`.")
    created_at: int = Field(description="When it was kept, in Unix seconds.")


class FileMetadata(BaseModel):
    """The file of a document, as xAI shows it."""

    file_id: str = Field(description="The file's id: what the document is named by in its collection.")
    name: str = Field(description="Its name.")
    size_bytes: int = Field(description="How large it is.")
    content_type: str = Field(description="What its sender said it is.")
    hash: str = Field(description="The SHA-256 of its bytes, hexadecimal.")
    created_at: datetime = Field(description="When it was kept.")


class DocumentObject(BaseModel):
    """A document of a collection."""

    file_id: str = Field(description="What it is named by in its collection.")
    collection_id: str = Field(description="The collection.")
    file_metadata: FileMetadata = Field(description="Its file.")
    fields: dict[str, Any] = Field(description="What filters go by.")
    is_text: bool = Field(description="It was written as a text, which can be changed.")
    status: str = Field(
        description="`DOCUMENT_STATUS_` and PROCESSING, CHUNKED, EMBEDDING, WRITING, PROCESSED or FAILED."
    )
    error_code: str | None = Field(description="Why it failed, as a stable word.")
    error_message: str | None = Field(description="Why it failed and what to do, for a person.")
    chunks_total: int = Field(description="How many passages it has; 0 until it is read.")
    chunks_done: int = Field(description="How many of them have their vectors.")
    searchable: bool = Field(description="Passages of it are found: while it is indexed anew, those of before.")
    created_at: datetime = Field(description="When it was put into the collection.")
    updated_at: datetime = Field(description="When it last came further.")
    last_indexed_at: datetime | None = Field(description="Since when its present passages answer.")


class ListedDocuments(Listed[DocumentObject]):
    """A page of documents, under two names: the platform's and xAI's."""

    documents: list[DocumentObject] = Field(description="The same as `data`.")


def shown_collection(record: Resource[Collection], totals: CollectionTotals | None) -> CollectionObject:
    held = totals or CollectionTotals()
    body = record.body
    return CollectionObject(
        collection_id=record.resource_id,
        collection_name=body.name,
        collection_description=body.description,
        chunk_configuration=_shown_chunking(body.chunking),
        field_definitions=[
            FieldDefinitionObject(
                key=each.key,
                required=each.required,
                unique=each.unique,
                inject_into_chunk=each.inject_into_chunk,
                description=each.description,
            )
            for each in body.field_definitions
        ],
        documents_count=held.documents,
        total_file_size=held.size_bytes,
        chunks_count=held.chunks,
        metadata=dict(body.metadata),
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def shown_file(file: FileRecord) -> FileObject:
    return FileObject(
        id=file.file_id,
        filename=file.content.name,
        bytes=file.content.size_bytes,
        content_type=file.content.media_type,
        sha256=file.content.sha256,
        created_at=int(file.created_at.timestamp()),
    )


def shown_document(document: DocumentRecord) -> DocumentObject:
    return DocumentObject(
        file_id=document.file_id,
        collection_id=document.collection_id,
        file_metadata=FileMetadata(
            file_id=document.file_id,
            name=document.file.name,
            size_bytes=document.file.size_bytes,
            content_type=document.file.media_type,
            hash=document.file.sha256,
            created_at=document.created_at,
        ),
        fields=dict(document.fields),
        is_text=document.is_entry,
        status=f"{STATUS_PREFIX}{document.status}",
        error_code=document.error_code,
        error_message=document.error_message,
        chunks_total=document.chunks_total,
        chunks_done=document.chunks_done,
        searchable=document.generation > 0,
        created_at=document.created_at,
        updated_at=document.updated_at,
        last_indexed_at=document.indexed_at,
    )


def chunking_of(wire: ChunkConfigurationObject | None) -> ChunkConfiguration:
    """Raises `InvalidFieldError` for more than one unit, or for sizes that cannot be."""
    if wire is None:
        return ChunkConfiguration()
    chars, tokens, size_bytes = wire.chars_configuration, wire.tokens_configuration, wire.bytes_configuration
    given: list[tuple[ChunkUnit, int, int]] = []
    if chars is not None:
        given.append(("characters", chars.max_chunk_size_chars, chars.chunk_overlap_chars))
    if tokens is not None:
        given.append(("tokens", tokens.max_chunk_size_tokens, tokens.chunk_overlap_tokens))
    if size_bytes is not None:
        given.append(("bytes", size_bytes.max_chunk_size_bytes, size_bytes.chunk_overlap_bytes))
    if len(given) > 1:
        raise InvalidFieldError("chunk_configuration", "name one of the units, not several")
    usual = ChunkConfiguration()
    unit, maximum, overlap = given[0] if given else (usual.unit, usual.maximum, usual.overlap)
    lowest, highest = CHUNK_SIZES[unit]
    if not lowest <= maximum <= highest or overlap * 2 > maximum:
        message = f"{unit} must be {lowest} to {highest} a passage, and at most half of them shared"
        raise InvalidFieldError("chunk_configuration", message)
    return ChunkConfiguration(maximum, overlap, unit, wire.strip_whitespace, wire.inject_name_into_chunks)


def field_definitions_of(wire: list[FieldDefinitionObject]) -> tuple[FieldDefinition, ...]:
    return tuple(
        FieldDefinition(each.key, each.required, each.unique, each.inject_into_chunk, each.description) for each in wire
    )


def fields_of(written: str | None) -> Fields:
    """The fields in a form: a JSON object as text. Raises `InvalidFieldError`."""
    if not written:
        return {}
    try:
        found = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise InvalidFieldError("fields", "must be a JSON object") from error
    if not isinstance(found, dict):
        raise InvalidFieldError("fields", "must be a JSON object")
    return found


def too_large() -> ApiError:
    message = f"The file is larger than {FILE_BYTES_MAXIMUM} bytes; send a smaller one, or several."
    return ApiError(Problem(413, "request_too_large", message))


def _shown_chunking(chunking: ChunkConfiguration) -> ChunkConfigurationObject:
    size, overlap = chunking.maximum, chunking.overlap
    chars = CharsConfiguration(max_chunk_size_chars=size, chunk_overlap_chars=overlap)
    tokens = TokensConfiguration(max_chunk_size_tokens=size, chunk_overlap_tokens=overlap)
    size_bytes = BytesConfiguration(max_chunk_size_bytes=size, chunk_overlap_bytes=overlap)
    return ChunkConfigurationObject(
        chars_configuration=chars if chunking.unit == "characters" else None,
        tokens_configuration=tokens if chunking.unit == "tokens" else None,
        bytes_configuration=size_bytes if chunking.unit == "bytes" else None,
        strip_whitespace=chunking.strip_whitespace,
        inject_name_into_chunks=chunking.inject_name,
    )
