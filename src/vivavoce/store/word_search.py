"""Looks for words in the passages of collections: which of a question's words decide, and the two databases' queries.

Scoring is what costs, a microsecond a passage: so the rarest words of a question say which passages are scored, and all
of its words say how well. Functions of a connection; `StoredPassages` calls them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.indexing import scope_of

DECIDED_MAXIMUM = 2_000
"""So many passages are scored, unless the rarest word alone has more."""

SCORED_MAXIMUM = 10_000
"""A word that more passages have tells them apart so badly that the others are not looked at."""

_ENOUGH = 50
"""With so many passages that have two of the words, those that have one are not looked at, where words are frequent."""


def deciding(counts: Mapping[str, int], maximum: int) -> tuple[list[str], list[str]]:
    """Of words and how many passages have each: those that a passage must have one of, the rarest first, and the rest.

    The first have no more than `maximum` passages together; one word is always among them. Words that no passage has
    are left out.
    """
    known = sorted((word for word, count in counts.items() if count), key=lambda word: counts[word])
    total, taken = 0, 0
    for taken, word in enumerate(known):
        total += counts[word]
        if taken and total > maximum:
            return known[:taken], known[taken:]
    return known, []


async def on_sqlite(
    connection: AsyncConnection, collection_seqs: Sequence[int], words: Sequence[str], limit: int
) -> list[int]:
    """The numbers of passages, the best first (bm25)."""
    scopes = " OR ".join(f'"{scope_of(seq)}"' for seq in collection_seqs)
    within = f"scope : ({scopes}) AND {{name heading content}} : "
    counts = await _counts(connection, _COUNT_ON_SQLITE, {word: f'{within}"{word}"' for word in words}, {})
    must, may = deciding(counts, max(DECIDED_MAXIMUM, limit))
    if not must:
        return []
    either, others = _any_of(must), _any_of(may)
    scored = max(SCORED_MAXIMUM, limit)
    if may and counts[must[0]] > max(DECIDED_MAXIMUM, limit):
        values = {"match": f"{within}({either} AND {others})", "limit": limit, "scored": scored}
        found = list((await connection.execute(text(_FIND_ON_SQLITE), values)).scalars())
        if len(found) >= _ENOUGH:
            return found
    # every passage with a word of the first kind; words of the second kind count where it has them
    match = f"(({either} AND {others}) OR ({either} NOT {others}))" if may else either
    values = {"match": within + match, "limit": limit, "scored": scored}
    return list((await connection.execute(text(_FIND_ON_SQLITE), values)).scalars())


async def on_postgresql(
    connection: AsyncConnection, collection_seqs: Sequence[int], words: Sequence[str], limit: int
) -> list[int]:
    """The same, by `ts_rank_cd`."""
    inside = {"collections": list(collection_seqs)}
    counts = await _counts(connection, _COUNT_ON_POSTGRESQL, {word: f"'{word}'" for word in words}, inside)
    must, may = deciding(counts, max(DECIDED_MAXIMUM, limit))
    if not must:
        return []
    either = " | ".join(f"'{word}'" for word in must)
    everything = " | ".join(f"'{word}'" for word in (*must, *may))
    values = {"limit": limit, "scored": max(SCORED_MAXIMUM, limit), "everything": everything, **inside}
    if may and counts[must[0]] > max(DECIDED_MAXIMUM, limit):
        others = " | ".join(f"'{word}'" for word in may)
        both = f"({either}) & ({others})"
        found = list((await connection.execute(text(_FIND_ON_POSTGRESQL), {"match": both, **values})).scalars())
        if len(found) >= _ENOUGH:
            return found
    return list((await connection.execute(text(_FIND_ON_POSTGRESQL), {"match": either, **values})).scalars())


async def _counts(
    connection: AsyncConnection, count: str, matches: Mapping[str, str], values: Mapping[str, object]
) -> Mapping[str, int]:
    """How many passages have each word, in one round trip; nobody is asked about a single word."""
    if len(matches) == 1:
        return dict.fromkeys(matches, 1)
    query = "SELECT " + ", ".join(count.format(number=number) for number in range(len(matches)))
    asked = {f"match_{number}": match for number, match in enumerate(matches.values())}
    row = (await connection.execute(text(query), {**asked, **values, "most": SCORED_MAXIMUM})).one()
    return dict(zip(matches, row, strict=True))


def _any_of(words: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"


_COUNT_ON_SQLITE = (
    "(SELECT count(*) FROM (SELECT 1 FROM knowledge_words WHERE knowledge_words MATCH :match_{number} LIMIT :most))"
)
_FIND_ON_SQLITE = (
    "SELECT found FROM (SELECT rowid AS found, bm25(knowledge_words, 0.0, 0.5, 1.5, 1.0) AS score "
    "FROM knowledge_words WHERE knowledge_words MATCH :match LIMIT :scored) ORDER BY score, found LIMIT :limit"
)
_COUNT_ON_POSTGRESQL = (
    "(SELECT count(*) FROM (SELECT 1 FROM knowledge_chunks WHERE collection_seq = ANY(:collections) "
    "AND words @@ to_tsquery('english', :match_{number}) LIMIT :most) AS counted_{number})"
)
_FIND_ON_POSTGRESQL = (
    "SELECT seq FROM (SELECT seq, words FROM knowledge_chunks WHERE collection_seq = ANY(:collections) "
    "AND words @@ to_tsquery('english', :match) LIMIT :scored) AS found "
    "ORDER BY ts_rank_cd(words, to_tsquery('english', :everything), 1) DESC, seq LIMIT :limit"
)
