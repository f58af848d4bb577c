"""English number words, checked against num2words where both read a number the same way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from vivavoce.engines.spoken_text.number_words import (
    LARGEST,
    cardinal,
    decade,
    decimal,
    fraction,
    grouped_digits,
    ordinal,
    roman,
    year,
)


def _american(words: str) -> str:
    return words.replace(",", "").replace("-", " ").replace(" and ", " ")


@given(st.integers(min_value=-LARGEST, max_value=LARGEST))
def test_cardinals_agree_with_num2words(number: int) -> None:
    assert cardinal(number) == _american(num2words(number))


@given(st.integers(min_value=1, max_value=10**9))
def test_ordinals_agree_with_num2words(number: int) -> None:
    assert ordinal(number) == _american(num2words(number, to="ordinal"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(1066, "ten sixty six", id="an old year in two halves"),
        pytest.param(1900, "nineteen hundred", id="a full century"),
        pytest.param(1905, "nineteen oh five", id="an early year of a century"),
        pytest.param(2000, "two thousand", id="the year 2000"),
        pytest.param(2009, "two thousand nine", id="the first years after 2000"),
        pytest.param(2010, "twenty ten", id="later ones in two halves again"),
        pytest.param(850, "eight hundred fifty", id="a year before 1000 is a plain number"),
    ],
)
def test_years_are_read_as_years(number: int, words: str) -> None:
    assert year(number) == words


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        pytest.param(decade(1990), "nineteen nineties", id="a decade"),
        pytest.param(decade(80), "eighties", id="a short decade"),
        pytest.param(decade(1900), "nineteen hundreds", id="a century"),
        pytest.param(
            decimal("-1,234.50"), "minus one thousand two hundred thirty four point five zero", id="a decimal"
        ),
        pytest.param(decimal(".5"), "point five", id="a bare fraction"),
        pytest.param(fraction(1, 2), "one half", id="a half"),
        pytest.param(fraction(3, 2), "three halves", id="halves"),
        pytest.param(fraction(3, 4), "three quarters", id="quarters"),
        pytest.param(fraction(1, 3), "one third", id="a third"),
        pytest.param(grouped_digits("1234567"), "one two three, four five six seven", id="digits in groups"),
        pytest.param(cardinal(10**18), "one" + " zero" * 18, id="a number too large for words is read by digits"),
        pytest.param(str(roman("MCMXCIV")), "1994", id="a Roman numeral"),
    ],
)
def test_other_readings(spoken: str, words: str) -> None:
    assert spoken == words
