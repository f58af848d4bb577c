"""DOCX to Markdown. What is packed in the archive is measured and looked through before anything opens it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.parsers import expat

import mammoth  # type: ignore[import-untyped]

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.hypertext import to_markdown
from vivavoce.knowledge.parsing.kinds import MEDIA_TYPES
from vivavoce.knowledge.parsing.plain import first_heading
from vivavoce.knowledge.passages import DocumentError, DocumentText

_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_PIECE_BYTES = 1 << 20
_HARMLESS_BYTES = 10_000_000
_ENCRYPTED = 0x1


def read(path: Path, name: str, limits: ReadingLimits) -> DocumentText:  # noqa: ARG001 - one signature for all kinds
    """Raises `DocumentError`. Pictures are left out, nothing outside the file is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, path.stat().st_size, limits)
        with path.open("rb") as file:
            html = mammoth.convert_to_html(
                file, style_map=_STYLES, convert_image=lambda _: [], external_file_access=False
            ).value
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, KeyError, OSError, EOFError) as error:
        raise DocumentError("damaged", "the document is damaged; save it again and send that") from error
    _, text = to_markdown(html)
    return DocumentText(text, (), MEDIA_TYPES["docx"], first_heading(text))


def _check_archive(archive: zipfile.ZipFile, file_bytes: int, limits: ReadingLimits) -> None:
    entries = archive.infolist()
    declared_bytes = sum(entry.file_size for entry in entries)
    if len(entries) > limits.archive_entries:
        raise DocumentError("too_large", f"the archive holds {len(entries):,} files; a document has a few dozen")
    if declared_bytes > min(limits.archive_bytes, max(_HARMLESS_BYTES, file_bytes * limits.archive_ratio)):
        raise DocumentError("too_large", f"it would unpack to {declared_bytes / 1e6:,.0f} MB; that is no document")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise DocumentError("encrypted", "the document is protected by a password; save it without one")
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels")):
            _look_through(archive, entry, limits)


def _look_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ReadingLimits) -> None:
    """The part may not be longer than it says, nor define entities, nor be nested without end."""
    scan = _Scan(limits.nesting)
    seen_bytes = 0
    try:
        with archive.open(entry) as part:
            while piece := part.read(_PIECE_BYTES):
                seen_bytes += len(piece)
                if seen_bytes > entry.file_size:
                    raise DocumentError("too_large", "the archive holds more than it says; that is no document")
                scan.parser.Parse(piece, False)  # noqa: FBT003 - the module's own signature has no name for it
    except expat.ExpatError as error:
        raise DocumentError("damaged", "the document is damaged; save it again and send that") from error


class _Scan:
    """A reading of XML that keeps nothing. Raises `DocumentError` out of the parser."""

    def __init__(self, deepest: int) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._down
        self.parser.EndElementHandler = self._up
        self._deepest = deepest
        self._depth = 0

    def _doctype(self, *_: object) -> None:
        raise DocumentError("damaged", "the document defines entities, which no word processor does; save it again")

    def _down(self, *_: object) -> None:
        self._depth += 1
        if self._depth > self._deepest:
            raise DocumentError("damaged", f"the document is nested more than {self._deepest} levels deep; simplify it")

    def _up(self, *_: object) -> None:
        self._depth -= 1
