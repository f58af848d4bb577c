"""What a document becomes: its text, the passages it is cut into, and the ways in which reading it can fail.

Values alone: made by `reading.py` and `chunking.py`, kept by the store, searched by `search.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DocumentErrorCode = Literal[
    "unsupported_type",
    "too_large",
    "too_many_pages",
    "damaged",
    "encrypted",
    "no_text",
    "took_too_long",
    "too_much_memory",
]

ChunkUnit = Literal["tokens", "characters", "bytes"]


class DocumentError(Exception):
    """A document was refused or could not be read; `message` says what its owner can do, and names none of its text."""

    def __init__(self, code: DocumentErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: DocumentErrorCode = code
        self.message = message


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A whole document as text: Markdown where it had headings, lists or tables, plain otherwise. Never with NULs.

    `media_type` is what the file was found to be. `pages` holds the offset (in characters of `text`) at which each page
    begins, in order; it is empty for kinds without pages.
    """

    text: str
    pages: tuple[int, ...] = ()
    media_type: str = "text/plain"
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One passage. `start` and `end` are the offsets (in characters) of what it holds of the document's text.

    `text` is that piece, after the document's name and a line break where the collection wants the name in it.
    `heading` is the path of the headings that it stands under, the outermost first; `page` counts from 1.
    """

    index: int
    text: str
    heading: tuple[str, ...]
    page: int | None
    start: int
    end: int

    @property
    def in_context(self) -> str:
        """What to embed and to index for keywords: the path of headings, then the text."""
        return f"{' > '.join(self.heading)}\n{self.text}" if self.heading else self.text


@dataclass(frozen=True, slots=True)
class ChunkConfiguration:
    """How a collection cuts its documents, as xAI's `chunk_configuration` says it (one of three units).

    The usual size leaves room for the headings in the 256 tokens that the embedder reads of a passage.
    """

    maximum: int = 224
    overlap: int = 32
    unit: ChunkUnit = "tokens"
    strip_whitespace: bool = True
    inject_name: bool = False

    def __post_init__(self) -> None:
        if self.maximum < 1 or not 0 <= self.overlap < self.maximum:
            raise ValueError(
                f"a chunk of at most {self.maximum} {self.unit} cannot overlap the one before it by {self.overlap}"
            )
