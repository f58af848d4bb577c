"""Tests of what words say about the end of a turn: broken off, held open, dictated, short and whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.dictation import Dictation, dictation
from vivavoce.conversation.short_answers import asks_yes_or_no, is_closed_phrase, is_short_answer
from vivavoce.conversation.spoken_words import consists_of, last_sentence, phrases, spoken_words
from vivavoce.conversation.unfinished_words import breaks_off, hesitates

NONE, UNDER_WAY, COMPLETE = Dictation


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        pytest.param("I want to book a table for", True, id="a preposition is not the end"),
        pytest.param("Can you check the status of my?", True, id="a possessive is not the end, not even of a question"),
        pytest.param("I went there and", True, id="a conjunction is not the end"),
        pytest.param("Um", True, id="a filler is not the end"),
        pytest.param("I\u2019d", True, id="a pronoun with a curly apostrophe is not the end"),
        pytest.param("In short,", True, id="a comma is not the end"),
        pytest.param("I was there when ...", True, id="three dots are not the end"),
        pytest.param("If you have a room for tonight", True, id="a condition alone is not the end"),
        pytest.param("If you have a room, I take it.", False, id="a condition with its second half may be the end"),
        pytest.param("My account number.", True, id="a thing that is only named is not the end"),
        pytest.param("I'd like to come on the twenty-third", True, id="the twenty-third is of some month"),
        pytest.param("I'd like to come on October 23rd", False, id="a day behind its month may be the end"),
        pytest.param("Who are you?", False, id="a question may end in a pronoun"),
        pytest.param("Where is it from?", False, id="a question may end in a preposition"),
        pytest.param("Yes, I am.", False, id="a short answer may end in a verb"),
        pytest.param("Thank you very much.", False, id="thanks are complete"),
        pytest.param("Thank you.", False, id="thanks may end in a pronoun"),
        pytest.param("Order number 12345", False, id="a number may be complete"),
        pytest.param("... !", False, id="no words break nothing off"),
    ],
)
def test_words_that_break_off(words: str, broken: bool) -> None:
    assert breaks_off(words) == broken


@pytest.mark.parametrize(
    ("words", "hesitating"),
    [
        pytest.param("Yes, um", True, id="a filler at the end holds the floor"),
        pytest.param("Hold on.", True, id="a caller who looks something up holds the floor"),
        pytest.param("Let me see if it works.", False, id="the same words at the beginning do not"),
        pytest.param("I see.", False, id="half of them does not"),
    ],
)
def test_words_that_only_hold_the_floor(words: str, hesitating: bool) -> None:
    assert hesitates(words) == hesitating


PHONE = "And what is your phone number?"
NAME = "Could you spell your last name for me?"
EMAIL = "What's your e-mail address?"
BIRTH = "May I have your date of birth?"


@pytest.mark.parametrize(
    ("words", "agent_said", "stand"),
    [
        # numbers
        pytest.param("My number is 555.", "", UNDER_WAY, id="the first group of a telephone number"),
        pytest.param("My number is 555-12.", "", UNDER_WAY, id="its second group"),
        pytest.param("Five five five, one two.", PHONE, UNDER_WAY, id="groups of the number that was asked for"),
        pytest.param("It's oh, too, oh.", PHONE, UNDER_WAY, id="digits that were written as other words"),
        pytest.param("555 123 4567", PHONE, COMPLETE, id="ten digits are a telephone number"),
        pytest.param("Double five, 123 4567", PHONE, UNDER_WAY, id="nine are not, a double digit counted as two"),
        pytest.param(
            "It's one, two, three.", "", UNDER_WAY, id="three digits one by one are a beginning, asked for or not"
        ),
        pytest.param("My account number.", "", UNDER_WAY, id="a number that is announced"),
        pytest.param("What is my account number?", "", NONE, id="a question about a number"),
        pytest.param("The zip code is nine, oh, two, one, oh.", "", COMPLETE, id="five digits are a zip code"),
        pytest.param(
            "4111 1111 1111 1111", "Please tell me your card number.", COMPLETE, id="sixteen digits are a card"
        ),
        pytest.param("4111 1111", "Please tell me your card number.", UNDER_WAY, id="eight digits are half a card"),
        pytest.param("1234", "What are the last four digits?", COMPLETE, id="the last four digits are four"),
        pytest.param("For two.", "For how many people?", NONE, id="a small number is an answer"),
        pytest.param("At nine thirty.", "When?", NONE, id="a time of day is an answer"),
        pytest.param("In nineteen eighty two.", "When was that?", NONE, id="a year is an answer"),
        # spelled names
        pytest.param("K, A, T, H", "", UNDER_WAY, id="letters with commas"),
        pytest.param("S-m-i", NAME, UNDER_WAY, id="letters with hyphens"),
        pytest.param("K.", NAME, UNDER_WAY, id="one letter where spelling was asked for"),
        pytest.param("That's B as in Bravo.", "", UNDER_WAY, id="a letter with its word"),
        pytest.param("It's spelled", "", UNDER_WAY, id="spelling that is announced"),
        pytest.param("Kate, K, A, T, E.", "", COMPLETE, id="a name that has been spelled to its end"),
        pytest.param("I take plan A.", "", NONE, id="one letter that nobody asked for"),
        pytest.param("At seven p.m.", "", NONE, id="the afternoon is not spelled"),
        # e-mail addresses
        pytest.param("My e-mail is john dot smith", "", UNDER_WAY, id="the name before the sign"),
        pytest.param("Anna underscore Lee", EMAIL, UNDER_WAY, id="an underscore"),
        pytest.param("john.smith@gmail", "", UNDER_WAY, id="an address without its ending"),
        pytest.param("John", EMAIL, UNDER_WAY, id="the first word of the address that was asked for"),
        pytest.param("John dot smith at gmail dot com.", "", COMPLETE, id="a spoken address with its ending"),
        pytest.param("It's info@example.org.", "", COMPLETE, id="a written address with its ending"),
        pytest.param("I don't have one.", EMAIL, NONE, id="somebody without an address"),
        pytest.param("I didn't get your e-mail.", "", NONE, id="an e-mail that is only mentioned"),
        # dates
        pytest.param("The fourth of July.", BIRTH, UNDER_WAY, id="a birthday without its year"),
        pytest.param("The fourth of July, nineteen eighty two.", BIRTH, COMPLETE, id="a birthday with its year"),
        pytest.param("The fourth of July.", "When does it begin?", NONE, id="a day that needs no year"),
        pytest.param("From the first of May", "", UNDER_WAY, id="the first end of a stay"),
        pytest.param("From the first of May until the tenth.", "", NONE, id="both ends of a stay"),
        pytest.param("From London.", "Where are you calling from?", NONE, id="a place to come from"),
        pytest.param("", PHONE, NONE, id="no words"),
    ],
)
def test_where_a_dictation_stands(words: str, agent_said: str, stand: Dictation) -> None:
    assert dictation(words, agent_said) is stand


@pytest.mark.parametrize(
    ("agent_said", "asks"),
    [
        pytest.param("Shall I book it?", True, id="a question that begins with its verb"),
        pytest.param("Okay, and do you want it today?", True, id="a question behind small words"),
        pytest.param("That is one ticket, is it?", True, id="a question at the end"),
        pytest.param("Tomorrow, right?", True, id="a tag"),
        pytest.param("Red or blue?", True, id="a choice"),
        pytest.param("I found it. Is that okay?", True, id="only the last sentence counts"),
        pytest.param("Is that okay? I will wait.", False, id="a question that is over"),
        pytest.param("What is your name?", False, id="a question for something"),
        pytest.param("I can do that.", False, id="no question"),
        pytest.param("", False, id="nothing"),
        pytest.param("?", False, id="a mark without words"),
    ],
)
def test_questions_for_yes_or_no(agent_said: str, asks: bool) -> None:
    assert asks_yes_or_no(agent_said) == asks


@pytest.mark.parametrize(
    ("words", "answer", "closed"),
    [
        pytest.param("Yes.", True, False, id="yes is an answer, but may be the beginning of more"),
        pytest.param("No, thanks.", True, True, id="no, thanks is both"),
        pytest.param("Yeah, sure, please do.", True, False, id="answers in a row are an answer"),
        pytest.param("Yes, but not today.", False, False, id="a yes with more is a sentence"),
        pytest.param("Okay, thank you, bye.", False, True, id="a goodbye with thanks"),
        pytest.param("Okay.", True, False, id="okay alone closes nothing"),
        pytest.param("Hello?", False, True, id="a greeting"),
        pytest.param("Hi, how are you?", False, True, id="a greeting with a question"),
        pytest.param("Thank you for the soup", False, False, id="thanks for something"),
        pytest.param("", False, False, id="nothing"),
    ],
)
def test_short_words_that_are_a_whole_turn(words: str, answer: bool, closed: bool) -> None:
    assert (is_short_answer(words), is_closed_phrase(words)) == (answer, closed)


@given(st.text(), st.text())
def test_any_words_can_be_judged(words: str, agent_said: str) -> None:
    assert {breaks_off(words), hesitates(words), is_short_answer(words), is_closed_phrase(words)} <= {True, False}
    assert asks_yes_or_no(agent_said) in {True, False}
    assert dictation(words, agent_said) in Dictation


@given(st.text(alphabet="o0123456789 -.,@abdt", max_size=60))
def test_any_digits_letters_and_marks_can_be_judged(words: str) -> None:
    assert dictation(words, PHONE) in Dictation


@given(st.text())
def test_spoken_words_hold_no_case_and_no_marks_at_their_edges(text: str) -> None:
    for word in spoken_words(text):
        assert word
        assert word == word.casefold()
        assert spoken_words(word) == [word]


@given(st.lists(st.sampled_from(["yes", "no", "no thanks"]), min_size=1, max_size=6), st.integers(0, 6))
def test_words_consist_of_a_table_until_another_word_is_put_in(said: list[str], at: int) -> None:
    table = phrases("yes", "no", "no thanks")
    assert consists_of(spoken_words(" ".join(said)), table)
    assert not consists_of(spoken_words(" ".join([*said[:at], "but", *said[at:]])), table)


def test_the_last_sentence_keeps_its_mark() -> None:
    assert last_sentence("It is 3.50. Is that okay? ") == "Is that okay?"
    assert last_sentence("Fine") == "Fine"
