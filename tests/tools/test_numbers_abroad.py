"""The number words of other languages, checked against a library that the product does not need."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from num2words import num2words

from vivavoce.tools.as_spoken import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_written_as_the_library_writes_them(language: str) -> None:
    written = json.loads((files("vivavoce.tools") / "spoken_numbers.json").read_text(encoding="utf-8"))
    assert set(written) == set(LANGUAGES)
    assert written[language] == [num2words(number, lang=language) for number in range(100)]
