"""Whether a caller's words surely ask for what stands in the documents: before any model has read them. Pure.

Measured on the 120 labelled questions of the bench and on 38 sentences that callers say about other things: with
nothing else that could be meant every question passes, and a quarter of the rest; beside other tools 88 and 8 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vivavoce.knowledge.search import Passage
from vivavoce.knowledge.words import stem, stems_of, telling_words

ENOUGH_ALONE = 0.33
"""So relevant are words that ask for the documents when there is nothing else that they could ask for."""

ENOUGH_FOR_A_QUESTION = 0.2
"""The same for a question of several words: some of them may have been misheard, and what is not found is made up."""

ENOUGH_AMONG_OTHERS = 0.45
"""The same where other tools might be meant."""

_QUESTION = re.compile(
    r"\b(who|whose|whom|what|when|where|which|why|how)\b|^(is|are|was|were|do|does|did|can|could|may|must|should|will)\b",
    re.IGNORECASE,
)
_QUESTION_WORDS_MINIMUM = 2
_SHARED_COUNTS = 0.25
_LOOKED_AT = 3


def asks_for(words: str, similarity: float, passages: Sequence[Passage], *, alone: bool) -> bool:
    """Whether to search for these words without asking a model; as `relevance`.

    `alone`: there is nothing else that they could ask for.
    """
    found = relevance(words, similarity, passages)
    if not alone:
        return found >= ENOUGH_AMONG_OTHERS
    is_question = _QUESTION.search(words) and len(telling_words(words)) >= _QUESTION_WORDS_MINIMUM
    return found >= (ENOUGH_FOR_A_QUESTION if is_question else ENOUGH_ALONE)


def relevance(words: str, similarity: float, passages: Sequence[Passage]) -> float:
    """How much the words ask for these passages: some 0 to 1.

    `similarity`: the cosine of the nearest passage. Shared words count besides, as the meanings of short questions are
    blurred; a single one counts half.
    """
    asked = {stem(word) for word in telling_words(words)}
    if not asked:
        return similarity
    shared = max((_shared(asked, each) for each in passages[:_LOOKED_AT]), default=0.0)
    return similarity + _SHARED_COUNTS * shared * min(1.0, len(asked) / 2)


def _shared(asked: set[str], passage: Passage) -> float:
    return len(asked & stems_of(f"{passage.heading} {passage.content}")) / len(asked)
