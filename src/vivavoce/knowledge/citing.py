"""What a small model is told of passages: where each is from, and of what it says the sentences that matter. Pure.

Every token that a model reads is time that a caller waits, so there is a budget, in characters (some four a token).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vivavoce.knowledge.search import Passage
from vivavoce.knowledge.words import stem, words_of

BUDGETS = (340, 220, 120)
"""Characters of each passage's text, the best passage first: with their citations some 180 tokens."""

NOTHING_FOUND = (
    "Nothing about this was found in the documents. Tell the caller that you do not know; do not make anything up."
)
_HEADING_CHARACTERS = 60
_NAME_CHARACTERS = 60
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")
_LEFT_OUT = "…"


def cited(passages: Sequence[Passage], query: str) -> str:
    """The first passages, each behind its citation, cut to what `query` asks."""
    if not passages:
        return NOTHING_FOUND
    return "\n".join(
        f"[{number}] {citation(passage)}: {cut_to(_without_heading(passage.content), query, budget)}"
        for number, (passage, budget) in enumerate(zip(passages, BUDGETS, strict=False), 1)
    )


def citation(passage: Passage) -> str:
    """Document, last heading and page, as one would say it: `guide.pdf, Fares, page 6`."""
    heading = passage.heading.rpartition(" > ")[2]
    parts = [_short(passage.name, _NAME_CHARACTERS), _short(heading, _HEADING_CHARACTERS)]
    parts.append("" if passage.page is None else f"page {passage.page}")
    return ", ".join(part for part in parts if part)


def cut_to(text: str, query: str, budget: int) -> str:
    """At most `budget` characters of a text: the sentences that share most with the query, in their order.

    What follows such a sentence is taken along before others are, for it often says the rest. Gaps are marked.
    """
    sentences = [each.strip() for each in _SENTENCE.split(text) if each.strip(" #*|-\n")]
    if sum(len(each) + 1 for each in sentences) - 1 <= budget:
        return " ".join(sentences)
    asked = {stem(word) for word in words_of(query)}
    shared = [len(asked & {stem(word) for word in words_of(each)}) for each in sentences]
    near = [(count + 0.4 * max(shared[max(0, place - 1) : place + 2]), -place) for place, count in enumerate(shared)]
    chosen: set[int] = set()
    left = budget
    for place in sorted(range(len(sentences)), key=lambda each: near[each], reverse=True):
        cost = len(sentences[place]) + 3
        if cost <= left:
            chosen.add(place)
            left -= cost
    if not chosen:
        best = max(range(len(sentences)), key=lambda each: near[each])
        return _short(sentences[best], budget)
    return _joined(sentences, sorted(chosen))


def _without_heading(content: str) -> str:
    """The citation names it already."""
    lines = content.strip().splitlines()
    while len(lines) > 1 and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)
    return "\n".join(lines)


def _joined(sentences: Sequence[str], chosen: Sequence[int]) -> str:
    parts: list[str] = []
    for number, place in enumerate(chosen):
        if number and place != chosen[number - 1] + 1:
            parts.append(_LEFT_OUT)
        parts.append(sentences[place])
    return " ".join(parts)


def _short(text: str, characters: int) -> str:
    """Cut between words."""
    if len(text) <= characters:
        return text
    head = text[: characters - 1]
    return f"{head.rpartition(' ')[0] or head}{_LEFT_OUT}"
