"""What the server answers about collections, files, documents, environments, secrets and itself, as frozen values.

As in `results`: fields that this version does not know are in `raw`; a field that the server left out is None or empty.
Sources: xAI's collections API, and this server's own resources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Documents that agents may search. `total_file_size` is in bytes."""

    id_fields: ClassVar[tuple[str, ...]] = ("collection_id", "id")

    collection_id: str
    collection_name: str = ""
    collection_description: str | None = None
    documents_count: int | None = None
    chunks_count: int | None = None
    total_file_size: int | None = None
    metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file on the server. `bytes` is its size, `created_at` are Unix seconds."""

    id_fields: ClassVar[tuple[str, ...]] = ("id", "file_id")

    id: str
    filename: str = ""
    bytes: int | None = None
    content_type: str | None = None
    sha256: str | None = None
    created_at: int | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFile:
    """The file of a document."""

    file_id: str | None = None
    name: str | None = None
    size_bytes: int | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file, or a written text, in a collection. `status` is `DOCUMENT_STATUS_…`."""

    id_fields: ClassVar[tuple[str, ...]] = ("file_id", "id")

    file_id: str
    collection_id: str | None = None
    file_metadata: DocumentFile | None = None
    fields: dict[str, Any] | None = None
    is_text: bool | None = None
    status: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    chunks_total: int | None = None
    chunks_done: int | None = None
    searchable: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return (self.file_metadata.name if self.file_metadata is not None else None) or self.file_id

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is done for it: it can be found, or it has failed."""
        return self.status in ("DOCUMENT_STATUS_PROCESSED", "DOCUMENT_STATUS_FAILED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A passage that was found. `page` counts from 1."""

    file_id: str
    chunk_id: str | None = None
    chunk_content: str = ""
    score: float | None = None
    collection_ids: tuple[str, ...] = ()
    name: str | None = None
    heading: str | None = None
    page: int | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Variables for tools. Of secrets only the names are told."""

    id_fields: ClassVar[tuple[str, ...]] = ("id", "environment_id")

    id: str
    name: str = ""
    status: str | None = None
    variables: dict[str, str] | None = None
    secret_names: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A stored secret, without its value, which no answer has."""

    name: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whose key is used."""

    id: str
    name: str = ""
    open_sessions: int | None = None
    concurrent_sessions_maximum: int | None = None
    created_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that a server may be able to do. `remedy`: what its operator can set to have it."""

    name: str
    configured: bool = False
    provider: str | None = None
    remedy: str = ""
    guide: str = ""
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
