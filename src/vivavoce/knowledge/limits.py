"""How much one document may take: of the disk, of the processor, of the memory. Values alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a document may be and what reading it may cost. The last four bind the process that reads it.

    `archive_*` bind what is packed in a DOCX: bytes and entries after unpacking, and how often its size that may be.
    `nesting` binds the depth of XML.
    """

    file_bytes: int = 50_000_000
    pages: int = 2_000
    text_characters: int = 20_000_000
    archive_bytes: int = 200_000_000
    archive_entries: int = 5_000
    archive_ratio: int = 200
    nesting: int = 200
    memory_bytes: int = 1 << 30
    cpu_seconds: int = 60
    wall_seconds: float = 60.0
    niceness: int = 10
