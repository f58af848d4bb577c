"""What a voice never reads: fenced code, hidden HTML elements and comments, found in a stream of text.

Pure functions. The sentence cutter keeps such a block in one piece; the markup filter drops it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HIDDEN_ELEMENTS = "think|thinking|reasoning|script|style|svg"
_OPENER = re.compile(
    rf"(?P<fence>`{{3,}})|(?P<waves>(?:(?<=\n)|\A)[ ]{{0,3}}~{{3,}})|(?P<comment><!--)"
    rf"|<(?P<element>{_HIDDEN_ELEMENTS})(?:\s[^<>]*)?>",
    re.IGNORECASE,
)

_LONGEST_OPENER_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Block:
    """An opened block: where it starts, where its content starts, and the lower-case text that closes it."""

    start: int
    content_start: int
    closer: str


def find_block(text: str, position: int = 0, before: int | None = None) -> Block | None:
    """The first block that opens at or after `position` (and starts before `before`)."""
    search_end = len(text) if before is None else min(len(text), before + _LONGEST_OPENER_CHARACTERS)
    match = _OPENER.search(text, position, search_end)
    if match is None or (before is not None and match.start() >= before):
        return None
    if match["fence"]:
        closer = match["fence"]
    elif match["waves"]:
        closer = match["waves"].strip()
    elif match["comment"]:
        closer = "-->"
    else:
        closer = f"</{match['element'].lower()}>"
    return Block(match.start(), match.end(), closer)


def block_end(text: str, block_closer: str, position: int) -> int | None:
    """Where the block ends (just after its closer), looking from `position`; None while it is open."""
    found = text.find(block_closer, position) if block_closer[0] != "<" else text.lower().find(block_closer, position)
    return None if found < 0 else found + len(block_closer)
