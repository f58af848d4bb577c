"""Files: what documents are made of, in the shapes of OpenAI's and xAI's files API. Thin, without state."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import FileResponse

from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.platform.knowledge_shapes import FileId, FileObject, shown_file, too_large
from vivavoce.api.platform.shapes import Deleted, Listed, listed
from vivavoce.api.speech.answering import KeyFirstRoute
from vivavoce.services.knowledge.shelf import FileTooLargeError
from vivavoce.store.errors import UnknownRecordError

# The key is looked at before a file is taken in.
router = APIRouter(route_class=KeyFirstRoute, responses=error_responses(Dialect.PLATFORM), tags=["Files"])

_BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("/v1/files", status_code=201, summary="Upload a file")
async def upload_file(
    platform: PlatformOf,
    caller: Writer,
    file: Annotated[UploadFile, File(description="The file, at most 50 MiB.")],
    purpose: Annotated[str | None, Form(max_length=100, description="Accepted.")] = None,  # noqa: ARG001
) -> FileObject:
    try:
        kept = await platform.knowledge.files.keep(caller, file.filename or "file", file.content_type, file.file)
    except FileTooLargeError as error:
        raise too_large() from error
    return shown_file(kept)


@router.get("/v1/files", summary="List files")
async def list_files(platform: PlatformOf, caller: Reader, page: PageOf) -> Listed[FileObject]:
    return listed(await platform.knowledge.files.list(caller, page), shown_file)


@router.get("/v1/files/{file_id}", summary="Get a file's description")
async def get_file(platform: PlatformOf, caller: Reader, file_id: FileId) -> FileObject:
    return shown_file(await platform.knowledge.files.get(caller, file_id))


@router.get("/v1/files/{file_id}/content", summary="Get a file", response_class=FileResponse, responses=_BINARY)
async def get_file_content(platform: PlatformOf, caller: Reader, file_id: FileId) -> FileResponse:
    """As a download of unknown type, whatever its sender said it is: no browser shows it as a page of this server."""
    file = await platform.knowledge.files.get(caller, file_id)
    path = platform.knowledge.files.path_of(file)
    if not path.is_file():
        raise UnknownRecordError("file", file_id)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return FileResponse(path, media_type="application/octet-stream", filename=file.content.name, headers=headers)


@router.delete("/v1/files/{file_id}", summary="Delete a file")
async def delete_file(platform: PlatformOf, caller: Writer, file_id: FileId) -> Deleted:
    """Its documents go with it, from every collection."""
    gone = await platform.knowledge.files.delete(caller, file_id)
    return Deleted(id=gone.file_id)
