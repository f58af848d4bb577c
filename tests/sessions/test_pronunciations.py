"""How phrases are pronounced: what the voice is given for what is written."""

from __future__ import annotations

import pytest

from vivavoce.media.phonetic_words import written_word
from vivavoce.sessions.pronunciations import Pronunciations

PAIRS = (
    ("ACME", "ack me"),
    ("acme labs", "the labs"),
    ("St John's", "saint johns"),
    ("tomato", "/təˈmeɪtoʊ/"),
    ("loch", "/lɔx/"),
)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        pytest.param("Call Acme.", "Call ack me.", id="a phrase is found whatever its case"),
        pytest.param("Acme's acmes", "ack me's acmes", id="only whole words are phrases"),
        pytest.param("At ACME  Labs!", "At the labs!", id="the longest phrase wins, however it is spaced"),
        pytest.param("in St John's", "in saint johns", id="a phrase may hold an apostrophe"),
        pytest.param("a tomato", f"a {written_word('/təˈmeɪtoʊ/')}", id="sounds between slashes are given as sounds"),
        pytest.param("the loch", "the /lɔx/", id="what no voice can say is not taken for sounds"),
        pytest.param("nothing of it", "nothing of it", id="other words are left alone"),
    ],
)
def test_pronunciation(written: str, spoken: str) -> None:
    assert Pronunciations(PAIRS).spoken(written) == spoken


def test_what_was_put_in_is_not_replaced_again() -> None:
    assert Pronunciations((("a", "b"), ("b", "a"))).spoken("a b") == "b a"


def test_a_session_without_pronunciations_says_what_is_written() -> None:
    assert Pronunciations(()).spoken("ACME") == "ACME"
