"""Numbers said digit by digit, as a small model reads them."""

from __future__ import annotations

import pytest

from vivavoce.engines.llm.spelled_numbers import with_numbers_joined


@pytest.mark.parametrize(
    ("said", "read"),
    [
        pytest.param("Order one, two, three, four, five.", "Order 12345.", id="words with commas become one number"),
        pytest.param("it's 1 2 3 4 5 please", "it's 12345 please", id="single digits become one number"),
        pytest.param("One two-three Oh five", "12305", id="capitals hyphens and oh are understood"),
        pytest.param("one or two tickets", "one or two tickets", id="numbers apart stay words"),
        pytest.param("one two", "one two", id="two digits may mean something else"),
        pytest.param("call 0555 0142 30", "call 0555 0142 30", id="longer numbers stay as they are"),
        pytest.param("someone two three four", "someone 234", id="the end of a word is no digit"),
        pytest.param("version 1 2 3.5", "version 1 2 3.5", id="a decimal number is no digit"),
    ],
)
def test_digits_in_a_row(said: str, read: str) -> None:
    assert with_numbers_joined(said) == read
