"""Cuts a document into passages: along its headings first, then along paragraphs, sentences and words.

Pure, and slow for long documents (about a second for a million characters): it runs in the parsing process.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from vivavoce.knowledge.passages import Chunk, ChunkConfiguration, DocumentText

_MARKDOWN = {
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/html",
    "text/markdown",
}
_HEADING_OR_FENCE = re.compile(r"^ {0,3}(?:(#{1,6})[ \t]+(\S.*?)[ \t#]*|(```|~~~).*)$", re.MULTILINE)
_WORDS = re.compile(r"[A-Za-z]+|[0-9]|[^\sA-Za-z0-9]")
_LETTERS_A_TOKEN = 6
_HEADING_LETTERS = 120
_NAME_SHARE = 4
_JOINED_SHARE = 4
_LEAD_SHARE = 2


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands under one heading, the heading's own line included; `body` is where the text below it begins."""

    start: int
    body: int
    end: int
    path: tuple[str, ...]
    has_body: bool


def tokens_in(text: str) -> int:
    """About how many tokens a model reads; rather too many than too few."""
    return sum((len(word) + _LETTERS_A_TOKEN - 1) // _LETTERS_A_TOKEN for word in _WORDS.findall(text))


def bytes_in(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


_SIZES: dict[str, Callable[[str], int]] = {"tokens": tokens_in, "characters": len, "bytes": bytes_in}


def chunked(document: DocumentText, name: str, configuration: ChunkConfiguration) -> list[Chunk]:
    """The passages in the order of the text. Together they hold all of it that is not blank.

    No passage is larger than the configuration says, the name in it included; each lies under one heading, but for
    small neighbours, which share a passage and the headings that they have in common.
    """
    size = _SIZES[configuration.unit]
    prefix = _prefix(name, configuration, size)
    room = max(1, configuration.maximum - (size(prefix) if prefix else 0))
    chunks: list[Chunk] = []
    for section in _joined(list(_sections(document)), document.text, room, size):
        for begin, end in _cut(section, document, configuration, room):
            page = bisect_right(document.pages, begin) or None
            piece = document.text[begin:end]
            chunks.append(Chunk(len(chunks), prefix + piece, section.path, page, begin, end))
    return chunks


def _prefix(name: str, configuration: ChunkConfiguration, size: Callable[[str], int]) -> str:
    """The document's name, as much of it as leaves room for the text."""
    line = " ".join(name.split()) if configuration.inject_name else ""
    while line and size(f"{line}\n") > configuration.maximum // _NAME_SHARE:
        line = line[: len(line) * 3 // 4].rstrip()
    return f"{line}\n" if line else ""


def _cut(
    section: _Section, document: DocumentText, configuration: ChunkConfiguration, room: int
) -> Iterator[tuple[int, int]]:
    """Where the passages of a section begin and end. The first one has the headings, which never stand alone."""
    text, size = document.text, _SIZES[configuration.unit]
    body = section.body
    while body < section.end and text[body].isspace():
        body += 1
    lead = size(text[section.start : body])
    leads = section.has_body and lead <= room // _LEAD_SHARE
    offset = body if leads else section.start
    splitter = _splitter(document, configuration, room - lead if leads else room)
    for start, piece in splitter.chunk_indices(text[offset : section.end]):
        if piece.strip():
            begin, end = section.start if leads else offset + start, offset + start + len(piece)
            yield from _small_enough(text, begin, end, room, size)
            leads = False


def _small_enough(text: str, begin: int, end: int, room: int, size: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """The splitter lets blanks before a block through; what is too large with them is halved."""
    if end - begin <= 1 or size(text[begin:end]) <= room:
        if text[begin:end].strip():
            yield begin, end
        return
    middle = (begin + end) // 2
    yield from _small_enough(text, begin, middle, room, size)
    yield from _small_enough(text, middle, end, room, size)


def _splitter(document: DocumentText, configuration: ChunkConfiguration, room: int) -> MarkdownSplitter | TextSplitter:
    kind = MarkdownSplitter if document.media_type in _MARKDOWN else TextSplitter
    overlap = min(configuration.overlap, room - 1)
    if configuration.unit == "characters":
        return kind(room, overlap, configuration.strip_whitespace)
    return kind.from_callback(_SIZES[configuration.unit], room, overlap, configuration.strip_whitespace)


def _sections(document: DocumentText) -> Iterator[_Section]:
    text = document.text
    starts: list[tuple[int, int, tuple[str, ...]]] = [(0, 0, ())]
    if document.media_type in _MARKDOWN:
        starts += _headings(text)
    for (start, body, path), (end, _, _) in zip(starts, [*starts[1:], (len(text), 0, ())], strict=True):
        if end > start:
            yield _Section(start, body, end, path, bool(text[body:end].strip()))


def _headings(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where each heading begins, where its text ends, and its path. What looks like one in code is none."""
    path: list[tuple[int, str]] = []
    fence = ""
    for found in _HEADING_OR_FENCE.finditer(text):
        marks, words, opened = found.groups()
        if opened:
            fence = "" if fence == opened else fence or opened
        elif not fence:
            while path and path[-1][0] >= len(marks):
                path.pop()
            path.append((len(marks), words[:_HEADING_LETTERS]))
            yield found.start(), found.end(), tuple(words for _, words in path)


def _joined(sections: list[_Section], text: str, room: int, size: Callable[[str], int]) -> Iterator[_Section]:
    """Headings without a text of their own go with what follows; so do neighbours far smaller than a passage."""
    group: list[_Section] = []
    group_size = 0
    for section in sections:
        section_size = size(text[section.start : section.end])
        far_smaller = max(group_size, section_size) <= room // _JOINED_SHARE
        if any(each.has_body for each in group) and not far_smaller:
            yield _as_one(group)
            group, group_size = [], 0
        group.append(section)
        group_size += section_size
    if group:
        yield _as_one(group)


def _as_one(group: list[_Section]) -> _Section:
    paths = [each.path for each in group if each.has_body] or [group[-1].path]
    shared = paths[0]
    for path in paths[1:]:
        same = sum(1 for _ in _while_equal(shared, path))
        shared = shared[:same]
    first = next((each for each in group if each.has_body), group[-1])
    return _Section(group[0].start, first.body, group[-1].end, shared, first.has_body)


def _while_equal(one: tuple[str, ...], other: tuple[str, ...]) -> Iterator[str]:
    for left, right in zip(one, other, strict=False):
        if left != right:
            return
        yield left
