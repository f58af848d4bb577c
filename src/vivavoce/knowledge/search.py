"""What a search is asked and what it finds: the port that tools and services share, and how rankings become one.

Values and pure functions.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from vivavoce.knowledge.filters import Filter

RANK_CONSTANT = 60
"""k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): how little the first places count for more."""

Key = TypeVar("Key", bound=Hashable)


class RetrievalMode(StrEnum):
    """How passages are found: by their words, by their meaning, or by both."""

    HYBRID = "hybrid"
    SEMANTIC = "semantic"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class PassageQuery:
    """What to look for, and where. Collections that are not the organisation's are passed over."""

    organisation_id: str
    collection_ids: tuple[str, ...]
    text: str
    limit: int = 10
    mode: RetrievalMode = RetrievalMode.HYBRID
    wanted: Filter | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What was found. `chunk_id` is a number that no other passage has. `score`: the larger the better."""

    chunk_id: int
    collection_id: str
    file_id: str
    name: str
    heading: str
    page: int | None
    content: str
    score: float


class SearchFailedError(Exception):
    """The search did not come about; the message says, for people, why."""


class PassageSearch(Protocol):
    """Searches collections of documents."""

    async def search(self, query: PassageQuery) -> Sequence[Passage]:
        """At most `query.limit` passages, the best first. Raises `SearchFailedError`."""
        ...


def fused(rankings: Sequence[Sequence[Key]], weights: Sequence[float] = ()) -> list[tuple[Key, float]]:
    """One ranking of several by the sum of weight / (60 + rank), the best first, with these sums.

    What is on several of them rises; a name that a ranking has twice counts where it stands first. Weights are 1
    unless given.
    """
    scores: dict[Key, float] = {}
    for number, ranking in enumerate(rankings):
        weight = weights[number] if weights else 1.0
        for rank, key in enumerate(dict.fromkeys(ranking), 1):
            scores[key] = scores.get(key, 0.0) + weight / (RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda each: -each[1])
