"""Units of text that are never cut: a word, a URL, a bold phrase, a link, a whole code fence.

Pure functions. Owned by `sentences`, which walks a buffer unit by unit; nothing here keeps state between calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vivavoce.engines.spoken_text.blocks import Block, block_end, find_block
from vivavoce.engines.spoken_text.boundaries import CLOSERS, WIDE_STOPS

LONGEST_UNIT_CHARACTERS: Final = 1000
"""A word longer than this is no word, and is cut."""

_LONGEST_OPENER_CHARACTERS: Final = 4
_SPAN_LIMIT: Final = 200
_LINK_LIMIT: Final = 600
_TOKEN_END = re.compile(
    rf"\s|(?<=[{WIDE_STOPS}，、：])(?![{WIDE_STOPS}，、：{re.escape(CLOSERS)}])|(?<=[^\W\d_]—)(?=[^\W\d_])"
)
_ADDRESS = re.compile(r"://|@|www\.")
_SPAN_OPENER = re.compile(
    r"(?P<code>(?<!`)`{1,2}(?!`))|(?P<link>\[)|(?P<tag><(?=[A-Za-z/]))"
    r"|(?P<emphasis>(?<![\w*~])(?:\*{1,3}|_{1,3}|~~)(?=[^\s*_~]))"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that ends at `end`. `is_block`: it is a fence or another block that is not read."""

    end: int
    is_block: bool = False


@dataclass(frozen=True, slots=True)
class BlockAhead:
    """A block begins in the middle of the text, at `start`: the text before it is a piece of its own."""

    start: int


def next_unit(text: str, start: int, searched_to: int, *, text_ended: bool) -> Unit | BlockAhead | None:
    """The unit that starts at `start` (not white space); None while its end is not known.

    `searched_to`: an open block that starts the text was searched up to here already.
    """
    position = start
    while True:
        end = _token_end(text, max(position, start + 1))
        block = find_block(text, position, end)
        if block is not None:
            return _block_unit(text, block, searched_to, text_ended)
        if end - start > LONGEST_UNIT_CHARACTERS:
            return Unit(start + LONGEST_UNIT_CHARACTERS)
        opener = _SPAN_OPENER.search(text, position, end + _LONGEST_OPENER_CHARACTERS)
        if opener is None or opener.start() >= end:
            return Unit(end)
        span_end = _span_end(text, opener, text_ended)
        if span_end is None:
            return None
        position = span_end


def _block_unit(text: str, block: Block, searched_to: int, text_ended: bool) -> Unit | BlockAhead | None:
    if text[: block.start].strip():
        return BlockAhead(block.start)
    found = block_end(text, block.closer, max(block.content_start, searched_to - len(block.closer)))
    if found is not None:
        return Unit(found, is_block=True)
    return Unit(len(text), is_block=True) if text_ended else None


def _token_end(text: str, position: int) -> int:
    match = _TOKEN_END.search(text, position)
    if match is None:
        return len(text)
    if match.group() or not _ADDRESS.search(text, position, match.end()):
        return match.start()
    white = re.compile(r"\s").search(text, position)
    return white.start() if white else len(text)


def _span_end(text: str, opener: re.Match[str], text_ended: bool) -> int | None:
    """Where the span opened by `opener` ends; just after the opener if it is no span; None while that is not known."""
    if opener["link"]:
        return _link_end(text, opener, text_ended)
    if opener["tag"]:
        closer = re.compile(r">")
    elif opener["code"]:
        closer = re.compile(rf"(?<!`){opener['code']}(?!`)")
    else:
        closer = re.compile(rf"(?<=\S){re.escape(opener['emphasis'])}(?!\w)")
    return _closed(text, opener.end(), closer, _SPAN_LIMIT, text_ended)


def _closed(text: str, position: int, closer: re.Pattern[str], limit: int, text_ended: bool) -> int | None:
    """The end of `closer` within `limit` characters of the same line, else `position`; None while not known."""
    line_end = text.find("\n", position, position + limit)
    window_end = position + limit if line_end < 0 else line_end
    match = closer.search(text, position, window_end)
    if match is not None:
        return match.end()
    return position if line_end >= 0 or len(text) >= window_end or text_ended else None


def _link_end(text: str, opener: re.Match[str], text_ended: bool) -> int | None:
    bracket_end = _closed(text, opener.end(), re.compile(r"\]+"), _SPAN_LIMIT, text_ended)
    if bracket_end is None or bracket_end == opener.end() or text[bracket_end : bracket_end + 1] != "(":
        return bracket_end
    return _closed(text, bracket_end + 1, re.compile(r"\)"), _LINK_LIMIT, text_ended)
