"""PDF to Markdown: lines and paragraphs by their places, headings by their height, and where each page begins."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.decoding import cleaned, title_of
from vivavoce.knowledge.parsing.kinds import MEDIA_TYPES
from vivavoce.knowledge.parsing.plain import first_heading
from vivavoce.knowledge.passages import DocumentError, DocumentText

_LINES = re.compile(r"[^\r\n]+")
_BULLET = re.compile(r"^[•‣▪●◦·–]\s+")

_HEADING_RATIO = 1.15
_HEADING_CHARACTERS = 120
_HEADING_SHARE = 0.3
_HEADING_LEVELS = 3
_PARAGRAPH_GAP = 1.45
"""From line to line in heights of a line (that of its font with all room that it reserves)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a page; `height` and `top` in points, rounded to halves, 0 where the file does not say."""

    text: str
    height: float
    top: float


def read(path: Path, name: str, limits: ReadingLimits) -> DocumentText:  # noqa: ARG001 - one signature for all kinds
    """Raises `DocumentError`; the number of pages is judged before any of them is read."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise DocumentError("encrypted", "the PDF is protected by a password; save it without one") from error
        raise DocumentError("damaged", "the PDF is damaged; print or export it again") from error
    with document:
        if len(document) > limits.pages:
            raise DocumentError(
                "too_many_pages", f"it has {len(document):,} pages and {limits.pages:,} are the most; split it"
            )
        pages = list(_pages(document, limits))
        title = title_of(document.get_metadata_value("Title"))
    if not any(pages):
        raise DocumentError("no_text", "its pages are pictures without text; run text recognition (OCR) on it first")
    text, starts = _joined(pages)
    return DocumentText(text, starts, MEDIA_TYPES["pdf"], title or first_heading(text))


def _pages(document: pypdfium2.PdfDocument, limits: ReadingLimits) -> Iterator[list[_Line]]:
    characters = 0
    for number in range(len(document)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            # one broken page does not spoil the others; it keeps its number
            yield []
            continue
        words = page.get_textpage()
        characters += words.count_chars()
        if characters > limits.text_characters:
            raise DocumentError(
                "too_large", f"it has more than {limits.text_characters:,} characters of text; split it"
            )
        yield list(_lines(words))
        words.close()
        page.close()


def _lines(words: pypdfium2.PdfTextPage) -> Iterator[_Line]:
    box = raw.FS_RECTF()
    for found in _LINES.finditer(words.get_text_range()):
        text = found[0]
        if not text.strip():
            continue
        at = found.start() + len(text) - len(text.lstrip())
        character = raw.FPDFText_GetCharIndexFromTextIndex(words, at)
        if character >= 0 and raw.FPDFText_GetLooseCharBox(words, character, ctypes.byref(box)):
            yield _Line(text.strip(), round((box.top - box.bottom) * 2) / 2, round(box.top * 2) / 2)
        else:
            yield _Line(text.strip(), 0.0, 0.0)


def _joined(pages: list[list[_Line]]) -> tuple[str, tuple[int, ...]]:
    levels = _heading_levels(pages)
    text = ""
    pieces: list[str] = []
    starts: list[int] = []
    length = 0
    for lines in pages:
        text = _page_text(lines, levels)
        if text and length:
            pieces.append("\n\n")
            length += 2
        starts.append(length)
        pieces.append(text)
        length += len(text)
    return "".join(pieces), tuple(starts)


def _heading_levels(pages: list[list[_Line]]) -> dict[float, int]:
    """Which heights of lines are headings, and of what level. Most of a document is written in one height."""
    written = Counter[float]()
    for lines in pages:
        for line in lines:
            written[line.height] += len(line.text)
    usual = written.most_common(1)[0][0] if written else 0.0
    if not usual:
        return {}
    larger = sorted((height for height in written if height >= usual * _HEADING_RATIO), reverse=True)
    if sum(written[height] for height in larger) > _HEADING_SHARE * written.total():
        return {}
    return {height: min(level, _HEADING_LEVELS) for level, height in enumerate(larger, 1)}


def _page_text(lines: list[_Line], levels: dict[float, int]) -> str:
    pieces: list[str] = []
    before: _Line | None = None
    for line in lines:
        heading = _is_heading(line, levels)
        if before is not None:
            same_heading = heading and _is_heading(before, levels) and before.height == line.height
            pieces.append(" " if same_heading and 0 < before.top - line.top < 2 * line.height else _gap(before, line))
            if not same_heading and heading != _is_heading(before, levels):
                pieces[-1] = "\n\n"
        starts_heading = heading and (not pieces or pieces[-1] != " ")
        pieces.append(f"{'#' * levels[line.height]} {line.text}" if starts_heading else _body(line.text, heading))
        before = line
    return cleaned(_mended("".join(pieces)))


def _is_heading(line: _Line, levels: dict[float, int]) -> bool:
    return line.height in levels and len(line.text) <= _HEADING_CHARACTERS and any(map(str.isalpha, line.text))


def _gap(before: _Line, line: _Line) -> str:
    step = before.top - line.top
    return "\n" if 0 <= step <= _PARAGRAPH_GAP * max(line.height, before.height) else "\n\n"


def _body(text: str, heading: bool) -> str:
    if heading:
        return text
    text = _BULLET.sub("- ", text)
    return f"\\{text}" if text.startswith("#") else text


def _mended(text: str) -> str:
    """Words that were broken at the end of a line, whole again."""
    return re.sub("(?<=\\w)[\x02\ufffe\u00ad]\n(?=\\w)", "", text)
