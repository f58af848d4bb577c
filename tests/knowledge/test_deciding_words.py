"""Which words of a question decide what is scored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.store.word_search import deciding

COUNTS = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(0, 50), max_size=12)


@pytest.mark.parametrize(
    ("counts", "must", "may"),
    [
        pytest.param({}, [], [], id="no words decide nothing"),
        pytest.param({"a": 0, "b": 0}, [], [], id="words that no passage has are left out"),
        pytest.param({"a": 5, "b": 3}, ["b", "a"], [], id="few passages are all scored, the rarest word first"),
        pytest.param({"a": 90, "b": 3, "c": 8}, ["b", "c"], ["a"], id="a frequent word beside rare ones only counts"),
        pytest.param({"a": 90, "b": 70}, ["b"], ["a"], id="of frequent words the rarer one decides"),
        pytest.param({"a": 90}, ["a"], [], id="the only word decides however frequent it is"),
    ],
)
def test_the_rarest_words_decide(counts: dict[str, int], must: list[str], may: list[str]) -> None:
    assert deciding(counts, 20) == (must, may)


@given(COUNTS, st.integers(1, 100))
def test_every_known_word_is_there_once_and_the_deciding_ones_fit(counts: dict[str, int], maximum: int) -> None:
    must, may = deciding(counts, maximum)
    assert sorted(must + may) == sorted(word for word, count in counts.items() if count)
    assert len(must) <= 1 or sum(counts[word] for word in must) <= maximum
    assert all(counts[rare] <= counts[frequent] for rare in must for frequent in may)
