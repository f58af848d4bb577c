"""What a file is: its content decides, its name and its declared type only among kinds of text."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePath
from typing import Literal

from vivavoce.knowledge.passages import DocumentError

Kind = Literal["pdf", "docx", "html", "markdown", "text", "csv", "json"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES: dict[Kind, str] = {
    "pdf": "application/pdf",
    "docx": DOCX,
    "html": "text/html",
    "markdown": "text/markdown",
    "text": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
}
SUFFIXES: dict[str, Kind] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_TYPES: dict[str, Kind] = {
    **{media_type: kind for kind, media_type in MEDIA_TYPES.items()},
    "application/xhtml+xml": "html",
    "text/x-markdown": "markdown",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "json",
}
_SAMPLE_BYTES = 65_536
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_BINARY_SHARE = 0.02
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
READABLE = "PDF, DOCX, HTML, Markdown, plain text, CSV and JSON can be read"


def kind_of(path: Path, media_type: str | None, name: str) -> Kind:
    """Raises `DocumentError` for what cannot be read."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _packed(path)
    if head.startswith(_OLE):
        raise _ole_error(path)
    if head.startswith(b"{\\rtf"):
        raise DocumentError("unsupported_type", f"RTF cannot be read; save it as DOCX or PDF ({READABLE})")
    if not head.startswith(_WIDE_MARKS) and _binary(head):
        raise DocumentError("unsupported_type", f"the file holds no text that could be read: {READABLE}")
    return _text_kind(head, _declared(media_type, name))


def _declared(media_type: str | None, name: str) -> Kind | None:
    by_name = SUFFIXES.get(PurePath(name).suffix.lower())
    return by_name or _TYPES.get((media_type or "").partition(";")[0].strip().lower())


def _text_kind(head: bytes, declared: Kind | None) -> Kind:
    if declared in ("pdf", "docx"):
        raise DocumentError("unsupported_type", f"the file is called {declared.upper()}, but its content is not")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    return declared or "text"


def _packed(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DocumentError("damaged", "the archive is damaged; send the original file again") from error
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return "docx"
    raise DocumentError("unsupported_type", f"archives, spreadsheets and slides cannot be read; {READABLE}")


def _ole_error(path: Path) -> DocumentError:
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return DocumentError("encrypted", "the document is protected by a password; save it without one")
    return DocumentError("unsupported_type", "old Office files cannot be read; save it as DOCX or PDF")


def _binary(head: bytes) -> bool:
    return len(head) - len(head.translate(None, _CONTROLS)) > _BINARY_SHARE * len(head)
