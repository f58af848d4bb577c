"""Identifiers: 26 characters that keep the order of time and lose no bit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.definition import new_agent_id
from vivavoce.agents.identifiers import ulid

MOMENTS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.integers(0, 2**80 - 1)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@pytest.mark.parametrize(
    ("unix_ms", "randomness", "text"),
    [
        pytest.param(0, 0, "0" * 26, id="nothing but zeros"),
        pytest.param(2**48 - 1, 2**80 - 1, "7" + "z" * 25, id="nothing but ones"),
        pytest.param(
            1469918176385, 0, "01aryz6s41" + "0" * 16, id="the moment that the specification gives as its example"
        ),
        pytest.param(0, 31, "0" * 25 + "z", id="the last bits are the last character"),
    ],
)
def test_the_text_of_a_moment_and_its_random_bits(unix_ms: int, randomness: int, text: str) -> None:
    assert ulid(unix_ms, randomness) == text


@given(MOMENTS, RANDOMNESS)
def test_every_bit_can_be_read_back(unix_ms: int, randomness: int) -> None:
    number = 0
    for character in ulid(unix_ms, randomness):
        number = number * 32 + ALPHABET.index(character)
    assert divmod(number, 2**80) == (unix_ms, randomness)


@given(MOMENTS, MOMENTS, RANDOMNESS, RANDOMNESS)
def test_the_order_of_the_texts_is_the_order_of_the_moments(first: int, second: int, one: int, other: int) -> None:
    if first != second:
        assert (ulid(first, one) < ulid(second, other)) == (first < second)


@pytest.mark.parametrize(
    ("unix_ms", "randomness"),
    [
        pytest.param(-1, 0, id="before 1970"),
        pytest.param(2**48, 0, id="after the year 10889"),
        pytest.param(0, 2**80, id="one random bit too many"),
    ],
)
def test_what_does_not_fit_is_refused(unix_ms: int, randomness: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        ulid(unix_ms, randomness)


def test_agents_of_one_millisecond_have_different_ids() -> None:
    ids = {new_agent_id(1469918176385) for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"agent_01aryz6s41[0-9a-hjkmnp-tv-z]{16}", each) for each in ids)
