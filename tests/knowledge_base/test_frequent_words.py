"""Searches for words that many passages have, on every database: what is scored is bounded, what is best is first."""

from __future__ import annotations

import pytest
from tests.knowing import Knowing

from vivavoce.store import word_search

PASSAGES = 60
LIMIT = 5


@pytest.fixture(autouse=True)
def few_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that the collection of a test reaches."""
    monkeypatch.setattr(word_search, "DECIDED_MAXIMUM", LIMIT)
    monkeypatch.setattr(word_search, "_ENOUGH", 2)


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        pytest.param("lamp heron", "lamp heron", 2, id="among those with the rare word the frequent one counts"),
        pytest.param("lamp ferry", "lamp ferry", LIMIT, id="of two frequent words those that have both are first"),
        pytest.param("kettle ferry", "kettle", LIMIT, id="frequent words that never meet are found one by one"),
        pytest.param("lamp nobodys", "lamp", LIMIT, id="a word that nobody wrote keeps no other from being found"),
        pytest.param("nobodys nothings", "", 0, id="words that nobody wrote find nothing"),
    ],
)
async def test_the_best_is_first(known: Knowing, asked: str, first: str, count: int) -> None:
    collection = await known.collection()
    await known.add(collection, "\n\n".join(_text(number) for number in range(PASSAGES)))
    await known.settle()
    passages = known.store.knowledge.passages
    found = await passages.passages(await passages.with_words([collection.seq], asked.split(), LIMIT))
    assert len(found) == count
    assert all(set(first.split()) <= set(each.content.split()) for each in found[:1])


def _text(number: int) -> str:
    """Half of them have a lamp, a third a ferry, kettles never come with it, and one of the two herons has a lamp."""
    words = {
        "lamp": number % 2 == 0,
        "ferry": number % 3 == 0,
        "kettle": number % 3 == 1,
        "heron": number in (8, 9),
    }
    return " ".join([f"Place {number}", *(word for word, has in words.items() if has)])
