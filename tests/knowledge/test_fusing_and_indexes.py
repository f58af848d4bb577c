"""Rankings made one, and vectors searched in memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.knowledge.filters import Condition
from vivavoce.knowledge.indexes import CollectionIndex, IndexedDocument, IndexShelf, packed, unpacked
from vivavoce.knowledge.search import fused
from vivavoce.knowledge.words import WORDS_MAXIMUM, words_of

RANKINGS = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), max_size=4)


@given(RANKINGS)
def test_fusing_keeps_every_name_once_the_best_first(rankings: list[list[int]]) -> None:
    found = fused(rankings)
    assert {key for key, _ in found} == {key for ranking in rankings for key in ranking}
    assert len(found) == len({key for key, _ in found})
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@given(st.lists(st.integers(0, 20), unique=True, max_size=10), st.integers(1, 4))
def test_rankings_that_agree_are_what_comes_out(ranking: list[int], times: int) -> None:
    assert [key for key, _ in fused([ranking] * times)] == ranking


@given(RANKINGS)
def test_what_is_above_another_everywhere_stays_above_it(rankings: list[list[int]]) -> None:
    place = {key: number for number, (key, _) in enumerate(fused(rankings))}
    for one in place:
        for other in place:
            ranks = [
                (each.index(one) if one in each else 99, each.index(other) if other in each else 99)
                for each in rankings
            ]
            if ranks and all(first <= second for first, second in ranks) and any(a < b for a, b in ranks):
                assert place[one] < place[other]


def test_fusing_is_the_sum_of_reciprocal_ranks() -> None:
    assert fused([["a", "b"], ["b"]]) == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61)]
    assert fused([["a"], ["b"]], (1.0, 2.0)) == [("b", 2 / 61), ("a", 1 / 61)]


def test_words_are_those_that_not_every_text_has() -> None:
    assert words_of("What does the Ferry to Skerrin cost?") == ["ferry", "skerrin", "cost"]
    assert words_of("who are you") == ["who", "are", "you"]
    assert words_of("?! ...") == []


@given(st.text(max_size=200))
def test_words_are_letters_and_digits_alone(text: str) -> None:
    words = words_of(text)
    assert len(words) <= WORDS_MAXIMUM
    assert all(word.isalnum() for word in words)


def document(seq: int, rows: list[list[float]], **fields: object) -> IndexedDocument:
    vectors = np.array(rows, dtype=np.float32).reshape(len(rows), 2)
    ids = np.arange(seq * 10, seq * 10 + len(rows), dtype=np.int64)
    return IndexedDocument((seq, f"file_{seq}", 1), fields, ids, vectors)


def test_the_nearest_come_first_and_filters_leave_others_out() -> None:
    index = CollectionIndex.of(1, [document(1, [[1, 0], [0, 1]]), document(2, [[0.6, 0.8]], kind="x")], 2)
    query = np.array([0, 1], dtype=np.float32)
    assert [chunk for chunk, _ in index.nearest(query, 10)] == [11, 20, 10]
    allowed = index.allowed(Condition("kind", "=", ("x",)))
    assert [chunk for chunk, _ in index.nearest(query, 10, allowed)] == [20]
    assert index.among([11, 20, 99]) == [11, 20]
    assert index.among([11, 20, 99], allowed) == [20]


def test_an_empty_index_finds_nothing() -> None:
    index = CollectionIndex.of(1, [], 2)
    assert index.nearest(np.array([0, 1], dtype=np.float32), 5) == []
    assert index.among([1], index.allowed(Condition("a", "=", (1,)))) == []


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 1_000))
def test_the_best_few_are_the_first_of_all(count: int, limit: int, seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((count, 4)).astype(np.float32)
    index = CollectionIndex.of(1, [IndexedDocument((1, "f", 1), {}, np.arange(count, dtype=np.int64), rows)], 4)
    cosines = rows @ rows[0]
    found = index.nearest(rows[0], limit)
    assert sorted((score for _, score in found), reverse=True) == [score for _, score in found]
    assert {chunk for chunk, _ in found} == set(np.argsort(-cosines, kind="stable")[:limit].tolist())


def test_vectors_come_back_as_they_were_but_for_their_last_digits() -> None:
    rows = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    assert np.allclose(unpacked([packed(row) for row in rows], 8), rows, atol=2e-3)
    mixed = unpacked([packed(rows[0]), b"another model's"], 8)
    assert np.allclose(mixed[0], rows[0], atol=2e-3)
    assert not mixed[1].any()


def test_a_shelf_keeps_what_was_used_last_within_its_bytes() -> None:
    index = CollectionIndex.of(1, [document(1, [[1, 0]])], 2)
    shelf = IndexShelf(bytes_maximum=2 * index.size_bytes)
    for seq in (1, 2):
        shelf.put(seq, index)
    assert shelf.get(1) is index
    shelf.put(3, index)
    assert [shelf.get(seq) is index for seq in (1, 2, 3)] == [True, False, True]
    tiny = IndexShelf(bytes_maximum=1)
    tiny.put(1, index)
    assert tiny.get(1) is index
