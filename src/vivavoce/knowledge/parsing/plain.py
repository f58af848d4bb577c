"""Plain text and Markdown, as they are."""

from __future__ import annotations

import re
from pathlib import Path

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.decoding import cleaned, decoded, title_of
from vivavoce.knowledge.parsing.kinds import MEDIA_TYPES
from vivavoce.knowledge.passages import DocumentText

_FIRST_HEADING = re.compile(r"^#{1,2}[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)


def read_text(path: Path, name: str, limits: ReadingLimits) -> DocumentText:  # noqa: ARG001 - one signature for all
    return DocumentText(cleaned(decoded(path.read_bytes())), (), MEDIA_TYPES["text"])


def read_markdown(path: Path, name: str, limits: ReadingLimits) -> DocumentText:  # noqa: ARG001
    text = cleaned(decoded(path.read_bytes()))
    return DocumentText(text, (), MEDIA_TYPES["markdown"], first_heading(text))


def first_heading(markdown: str) -> str | None:
    found = _FIRST_HEADING.search(markdown)
    return title_of(found[1]) if found else None
