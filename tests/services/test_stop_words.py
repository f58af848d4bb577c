"""Stop sequences: nothing of one ever comes through, and nothing else is lost, however the text is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vivavoce.services.stop_words import StopWords

_letters = st.text("ab\n", max_size=30)


def _expected(text: str, sequences: list[str]) -> str:
    for end in range(1, len(text) + 1):
        whole = [sequence for sequence in sequences if sequence and text[:end].endswith(sequence)]
        if whole:
            return text[: end - max(map(len, whole))]
    return text


@given(_letters, st.lists(st.text("ab\n", max_size=4), max_size=3), st.lists(st.integers(0, 30), max_size=6))
@example("aab", ["aab"], [1, 2])
@example("aaab", ["aab"], [1, 2, 3])
@example("abab", ["abab", "b"], [2])
@example("xab", ["ab", "b"], [2])
def test_the_text_ends_before_the_first_stop_sequence(text: str, sequences: list[str], cuts: list[int]) -> None:
    words = StopWords(sequences)
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    said = "".join(map(words.feed, pieces)) + words.rest()
    assert said == _expected(text, sequences)
    assert words.met == any(sequence and sequence in text for sequence in sequences)


@pytest.mark.parametrize(
    ("pieces", "now"),
    [
        pytest.param(["Hello"], "Hello", id="text that begins no stop sequence is said at once"),
        pytest.param(["Hello EN"], "Hello ", id="the beginning of a stop sequence is held back"),
        pytest.param(["Hello EN", "D of it"], "Hello ", id="nothing is said behind a stop sequence"),
        pytest.param(["Hello EN", "T"], "Hello ENT", id="what turned out to be no stop sequence is said after all"),
    ],
)
def test_what_is_said_at_once(pieces: list[str], now: str) -> None:
    words = StopWords(["END"])
    assert "".join(map(words.feed, pieces)) == now
