"""Writes text out in the words that a voice says: numbers, dates, money, addresses, abbreviations, symbols.

Pure text code; English only, other languages lose just what no voice can say. What the voice says is for the voice:
transcripts and history show the text as the language model wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from vivavoce.engines.spoken_text.addresses import read_addresses
from vivavoce.engines.spoken_text.amounts import NUMBER, read_measures, read_money, read_parts
from vivavoce.engines.spoken_text.codes import read_codes, read_long_numbers, read_telephone_numbers
from vivavoce.engines.spoken_text.dates_and_times import read_dates_and_times
from vivavoce.engines.spoken_text.number_words import decimal, digits, year
from vivavoce.engines.spoken_text.sentences import sentences_of
from vivavoce.engines.spoken_text.symbols import plain_characters, read_abbreviations, read_symbols, tidy
from vivavoce.engines.spoken_text.units import LONGEST_UNIT_CHARACTERS

_YEAR = re.compile(
    r"(?<![\w.,-])(1[1-9]\d\d|10[1-9]\d|20\d\d)(?![\w,.]\d|\w)(?!\s+(?:people|dollars|euros|pounds|points|calories|words|items|users|customers|percent|square|times)\b)"
)
_MINUS = re.compile(r"(?<![\w.)])-(?=\.?\d)")
_NUMBER = re.compile(NUMBER)
_DIGITS = re.compile(r"\d+")
_DAY_FIRST_TAGS = frozenset({"en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za"})
LONGEST_AT_ONCE_CHARACTERS: Final = LONGEST_UNIT_CHARACTERS
"""Longer text is read sentence by sentence, so that no text can hold the event loop for long."""

_PASSES = 4
"""Taking a digit or a symbol away can uncover an abbreviation; the second pass finds nothing more in ordinary text."""


def normalise(text: str, language: str = "en") -> str:
    """What a voice says for `text`; '' where there is nothing to say. `language` is a BCP-47 tag.

    Idempotent: what it returns holds letters and punctuation only. 'en-GB' reads 03/04/2026 with the day first.
    """
    if len(text) > LONGEST_AT_ONCE_CHARACTERS:
        return " ".join(filter(None, (normalise(piece, language) for piece in sentences_of(text))))
    text = plain_characters(text)
    if language.partition("-")[0].lower() != "en":
        return _tidy_other_language(text)
    steps = _DAY_FIRST_STEPS if language.lower() in _DAY_FIRST_TAGS else _STEPS
    for _ in range(_PASSES):
        before = text
        for step in steps:
            text = step(text)
        text = tidy(text)
        if text == before:
            break
    return text


def _tidy_other_language(text: str) -> str:
    """Only what no voice can say is gone; digits stay, for only a reader of that language knows their words."""
    kept = "".join(
        character if character.isalnum() or character in " .,!?;:'\"()-–—%€$£" else " " for character in text
    )
    return " ".join(kept.split())


def _read_numbers(text: str) -> str:
    text = _YEAR.sub(lambda match: year(int(match[1])), text)
    text = _MINUS.sub("minus ", text)
    text = _NUMBER.sub(lambda match: f" {decimal(match.group())} ", text)
    return _DIGITS.sub(lambda match: f" {digits(match.group())} ", text)


def _steps(*, day_first: bool) -> tuple[Callable[[str], str], ...]:
    """The order matters: what is most specific reads its digits first, and no digit is left at the end."""
    return (
        read_addresses,
        read_abbreviations,
        partial(read_dates_and_times, day_first=day_first),
        read_money,
        read_telephone_numbers,
        read_measures,
        read_parts,
        read_codes,
        read_long_numbers,
        read_symbols,
        _read_numbers,
    )


_STEPS = _steps(day_first=False)
_DAY_FIRST_STEPS = _steps(day_first=True)
