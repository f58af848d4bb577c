"""Tests of the heard ledger: which words had been played at which millisecond."""

from __future__ import annotations

import pytest
from effort import thorough
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.heard import ESTIMATED_MS_PER_CHARACTER, HeardLedger

Piece = tuple[str, int, int | None]


def ledger_of(*pieces: Piece) -> HeardLedger:
    """Pieces of (text, start, end); an end of None is not known yet."""
    ledger = HeardLedger()
    for text, start_ms, end_ms in pieces:
        ledger.begin_piece(text, start_ms)
        if end_ms is not None:
            ledger.end_piece(end_ms)
    return ledger


GREETING: tuple[Piece, ...] = (("Good day.", 0, 900), ("How are you?", 1000, 2200))
UNENDED: tuple[Piece, ...] = (("Good day.", 0, None),)


@pytest.mark.parametrize(
    ("pieces", "position_ms", "heard"),
    [
        pytest.param((), 0, "", id="of nothing, nothing was heard"),
        pytest.param((), 5000, "", id="of nothing, nothing was heard later either"),
        pytest.param(GREETING, -1, "", id="before the beginning nothing was heard"),
        pytest.param(GREETING, 0, "", id="at the beginning nothing was heard"),
        pytest.param(GREETING, 300, "", id="a word that was begun was not heard"),
        pytest.param(GREETING, 399, "", id="a word lacking its last letter was not heard"),
        pytest.param(GREETING, 400, "Good", id="a word is heard with its last letter"),
        pytest.param(GREETING, 500, "Good", id="the space after a word adds nothing"),
        pytest.param(GREETING, 899, "Good", id="a piece lacking its last millisecond lacks its last word"),
        pytest.param(GREETING, 900, "Good day.", id="a piece is heard whole at its end"),
        pytest.param(GREETING, 1000, "Good day.", id="in the gap between two pieces the first was heard"),
        pytest.param(GREETING, 1299, "Good day.", id="a word of the second piece that was begun was not heard"),
        pytest.param(GREETING, 1300, "Good day. How", id="the second piece goes on after the first"),
        pytest.param(GREETING, 1750, "Good day. How are", id="inside the second piece its words count"),
        pytest.param(GREETING, 2200, "Good day. How are you?", id="at the end everything was heard"),
        pytest.param(GREETING, 99_999, "Good day. How are you?", id="after the end there is no more"),
        pytest.param(UNENDED, 4 * ESTIMATED_MS_PER_CHARACTER, "Good", id="an unknown end is estimated by letters"),
        pytest.param(UNENDED, 9 * ESTIMATED_MS_PER_CHARACTER, "Good day.", id="an estimated end is an end"),
        pytest.param((("Ahem.", 0, 0),), 0, "Ahem.", id="a piece without length is heard where it stands"),
        pytest.param((("Ahem.", 500, 100),), 499, "", id="an end before the start counts as the start, not before it"),
        pytest.param((("Ahem.", 500, 100),), 500, "Ahem.", id="an end before the start counts as the start"),
        pytest.param((("Supercalifragilistic", 0, 2000),), 1999, "", id="one long word is heard whole or not at all"),
    ],
)
def test_the_words_that_were_heard(pieces: tuple[Piece, ...], position_ms: int, heard: str) -> None:
    assert ledger_of(*pieces).text_until(position_ms) == heard


def test_each_piece_adds_itself_with_the_space_before_it() -> None:
    ledger = HeardLedger()
    assert ledger.begin_piece("Good day.", 0) == "Good day."
    assert ledger.begin_piece("How are you?", 900) == " How are you?"
    assert ledger.text == "Good day. How are you?"


def test_the_end_of_a_ledger_follows_what_is_known() -> None:
    ledger = HeardLedger()
    ledger.end_piece(700)
    assert ledger.end_ms == 0
    ledger.begin_piece("Good", 100)
    assert ledger.end_ms == 100 + 4 * ESTIMATED_MS_PER_CHARACTER
    ledger.end_piece(700)
    assert ledger.end_ms == 700


WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12)
TEXT = st.lists(WORD, min_size=1, max_size=8).map(" ".join)


@st.composite
def told_ledgers(draw: st.DrawFn) -> HeardLedger:
    """As the shell tells them: a piece ends before the next begins, and the end of the newest may be unknown."""
    ledger = HeardLedger()
    at_ms = 0
    texts = draw(st.lists(TEXT, max_size=5))
    for text in texts:
        at_ms += draw(st.integers(0, 300))
        ledger.begin_piece(text, at_ms)
        at_ms += draw(st.integers(0, 4000))
        ledger.end_piece(at_ms)
    for text in draw(st.lists(TEXT, max_size=1)):
        ledger.begin_piece(text, at_ms)
    return ledger


POSITION = st.integers(-100, 30_000)


@thorough
@given(told_ledgers(), POSITION, POSITION)
def test_whoever_hears_longer_hears_no_less(ledger: HeardLedger, one: int, other: int) -> None:
    sooner, later = sorted((one, other))
    assert ledger.text_until(later).startswith(ledger.text_until(sooner))


@thorough
@given(told_ledgers(), POSITION)
def test_what_was_heard_are_the_first_words_of_the_text(ledger: HeardLedger, position_ms: int) -> None:
    heard = ledger.text_until(position_ms).split(" ")
    assert heard in ([""], ledger.text.split(" ")[: len(heard)])


@thorough
@given(told_ledgers(), st.integers(0, 1000))
def test_at_the_end_everything_was_heard(ledger: HeardLedger, more_ms: int) -> None:
    assert ledger.text_until(ledger.end_ms + more_ms) == ledger.text


@thorough
@given(told_ledgers())
def test_before_the_first_sound_nothing_was_heard(ledger: HeardLedger) -> None:
    assert ledger.text_until(-1) == ""


@thorough
@given(TEXT, st.integers(1, 4000), st.integers(0, 4000))
def test_no_more_is_heard_of_a_piece_than_its_share(text: str, length_ms: int, position_ms: int) -> None:
    heard = ledger_of((text, 0, length_ms)).text_until(position_ms)
    assert len(heard) <= len(text) * position_ms / length_ms
