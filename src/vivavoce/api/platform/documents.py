"""Documents of collections, as xAI's collections API has them. Thin, without state."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.platform.knowledge_shapes import (
    STATUS_PREFIX,
    CollectionId,
    DocumentObject,
    FileId,
    ListedDocuments,
    fields_of,
    shown_document,
    too_large,
)
from vivavoce.api.platform.shapes import Deleted, listed
from vivavoce.api.speech.answering import KeyFirstRoute
from vivavoce.services.knowledge.shelf import FileTooLargeError
from vivavoce.store.documents import DocumentStatus

router = APIRouter(route_class=KeyFirstRoute, responses=error_responses(Dialect.PLATFORM), tags=["Documents"])

TEXT_LENGTH_MAXIMUM = 500_000


class FieldsBody(BaseModel):
    """What is known of a document besides its text."""

    fields: dict[str, Any] = Field(default_factory=dict, description="What filters go by: texts, numbers, truths.")


class TextBody(BaseModel):
    """A text to write into a collection."""

    name: str = Field(min_length=1, max_length=255, description="What it is called.")
    text: str = Field(min_length=1, max_length=TEXT_LENGTH_MAXIMUM, description="The text; Markdown headings count.")
    fields: dict[str, Any] = Field(default_factory=dict, description="What filters go by.")


class DocumentChanges(BaseModel):
    """What to change. Nothing at all: index it anew."""

    fields: dict[str, Any] | None = Field(default=None, description="Replaces the former.")
    name: str | None = Field(default=None, min_length=1, max_length=255, description="Of a written text only.")
    text: str | None = Field(default=None, max_length=TEXT_LENGTH_MAXIMUM, description="Of a written text only.")


class FoundDocuments(BaseModel):
    """Documents asked for by name."""

    documents: list[DocumentObject] = Field(description="Those that are there.")


@router.get("/v1/collections/{collection_id}/documents", summary="List a collection's documents")
async def list_documents(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    collection_id: CollectionId,
    status: Annotated[
        Literal[
            "DOCUMENT_STATUS_PROCESSING",
            "DOCUMENT_STATUS_CHUNKED",
            "DOCUMENT_STATUS_EMBEDDING",
            "DOCUMENT_STATUS_WRITING",
            "DOCUMENT_STATUS_PROCESSED",
            "DOCUMENT_STATUS_FAILED",
        ]
        | None,
        Query(description="Only those that have come this far."),
    ] = None,
) -> ListedDocuments:
    wanted = None if status is None else DocumentStatus(status.removeprefix(STATUS_PREFIX))
    shown = listed(await platform.knowledge.documents(caller, collection_id, page, wanted), shown_document)
    return ListedDocuments(**shown.model_dump(), documents=shown.data)


@router.get("/v1/collections/{collection_id}/documents:batchGet", summary="Get several documents")
async def get_documents(
    platform: PlatformOf,
    caller: Reader,
    collection_id: CollectionId,
    file_ids: Annotated[
        list[Annotated[str, Field(max_length=100)]], Query(min_length=1, max_length=100, description="Which.")
    ],
) -> FoundDocuments:
    found = await platform.knowledge.documents_named(caller, collection_id, file_ids)
    return FoundDocuments(documents=[shown_document(each) for each in found])


@router.post("/v1/collections/{collection_id}/documents", status_code=201, summary="Upload a document")
async def upload_document(
    platform: PlatformOf,
    caller: Writer,
    collection_id: CollectionId,
    data: Annotated[UploadFile, File(description="The file, at most 50 MiB.")],
    name: Annotated[
        str | None, Form(max_length=255, description="What to call it; else as the file is called.")
    ] = None,
    content_type: Annotated[str | None, Form(max_length=255, description="What it is; else as its part says.")] = None,
    fields: Annotated[str | None, Form(max_length=20_000, description="A JSON object: what filters go by.")] = None,
) -> DocumentObject:
    """Keep a file and put it into the collection, where it is indexed behind the scenes: see its status."""
    called = name or data.filename or "document"
    kind = content_type or data.content_type
    try:
        added = await platform.knowledge.add_document(caller, collection_id, called, kind, data.file, fields_of(fields))
    except FileTooLargeError as error:
        raise too_large() from error
    return shown_document(added)


@router.post("/v1/collections/{collection_id}/texts", status_code=201, summary="Write a text")
async def write_text(
    platform: PlatformOf, caller: Writer, collection_id: CollectionId, body: TextBody
) -> DocumentObject:
    """A document without a file of its own: written here, changed here, gone with the collection."""
    written = await platform.knowledge.write_entry(caller, collection_id, body.name, body.text, body.fields)
    return shown_document(written)


@router.post("/v1/collections/{collection_id}/documents/{file_id}", status_code=201, summary="Attach a file")
async def attach_file(
    platform: PlatformOf,
    caller: Writer,
    collection_id: CollectionId,
    file_id: FileId,
    body: FieldsBody | None = None,
) -> DocumentObject:
    """Put an uploaded file into the collection; one that is in it gets these fields and is indexed anew."""
    fields = {} if body is None else body.fields
    return shown_document(await platform.knowledge.attach(caller, collection_id, file_id, fields))


@router.get("/v1/collections/{collection_id}/documents/{file_id}", summary="Get a document")
async def get_document(
    platform: PlatformOf, caller: Reader, collection_id: CollectionId, file_id: FileId
) -> DocumentObject:
    return shown_document(await platform.knowledge.document(caller, collection_id, file_id))


@router.patch("/v1/collections/{collection_id}/documents/{file_id}", summary="Change or reindex a document")
async def change_document(
    platform: PlatformOf,
    caller: Writer,
    collection_id: CollectionId,
    file_id: FileId,
    body: DocumentChanges | None = None,
) -> DocumentObject:
    """What is found stays the former until the new passages are all there."""
    changes = body or DocumentChanges()
    if changes.text is not None and not changes.text.strip():
        raise InvalidFieldError("text", "must not be empty; delete the document instead")
    changed = await platform.knowledge.change_document(
        caller, collection_id, file_id, fields=changes.fields, name=changes.name, text=changes.text
    )
    return shown_document(changed)


@router.delete("/v1/collections/{collection_id}/documents/{file_id}", summary="Take a document away")
async def delete_document(
    platform: PlatformOf, caller: Writer, collection_id: CollectionId, file_id: FileId
) -> Deleted:
    """It is found no more from now on. Its file stays, unless it is a written text."""
    gone = await platform.knowledge.delete_document(caller, collection_id, file_id)
    return Deleted(id=gone.file_id)
