"""How the stream of a language model is cut into pieces to speak."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.engines.spoken_text import SentenceStream, sentences_of
from vivavoce.engines.spoken_text.sentences import LONG_SENTENCE_CHARACTERS


def _pieces(text: str, first_piece_words: int | None = 7) -> list[str]:
    stream = SentenceStream(first_piece_words=first_piece_words)
    return [*stream.push(text), *stream.flush()]


def _stripped(text: str, first_piece_words: int | None = 7) -> list[str]:
    return [piece.strip() for piece in _pieces(text, first_piece_words)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("Sure. What is your name?", "Sure.", id="a first sentence goes out however short"),
        pytest.param(
            "I can help with that, of course I can.", "I can help with that,", id="a clause of four words goes out"
        ),
        pytest.param(
            "Yes, well, I can help you with that today.",
            "Yes, well, I can help you",
            id="a comma after fewer than four words is no end of the first piece",
        ),
        pytest.param(
            "Here is what I found: three flights.", "Here is what I found:", id="a colon ends the first piece"
        ),
        pytest.param(
            "That sounds like a plan — let us book it.", "That sounds like a plan —", id="a dash ends the first piece"
        ),
        pytest.param(
            "That sounds like a plan—let us book it.", "That sounds like a plan—", id="a dash without spaces does too"
        ),
        pytest.param(
            "The garden behind our house looks lovely every spring",
            "The garden behind our house looks lovely",
            id="without a mark it ends after seven words",
        ),
        pytest.param(
            "I can book that for you on Friday afternoon at noon",
            "I can book that for you",
            id="it does not end on a preposition",
        ),
        pytest.param(
            "Please drive to the town of San Francisco this evening",
            "Please drive to the town",
            id="it does not part the words of a name",
        ),
        pytest.param(
            "We are able to see you at 3 pm on Friday or later",
            "We are able to see you",
            id="it does not part a number from what stands beside it",
        ),
        pytest.param(
            "Your visit is on November 21, 2026, and it is free.",
            "Your visit is on November 21, 2026,",
            id="the comma of a date is not the end of a clause",
        ),
        pytest.param(
            "Your visit with the very kind Dr. Smith is over now.",
            "Your visit with the very kind",
            id="it does not part a title from its name",
        ),
    ],
)
def test_the_first_piece_comes_early(text: str, first: str) -> None:
    assert _stripped(text)[0] == first


def test_a_slow_voice_may_ask_for_a_shorter_first_piece() -> None:
    assert _stripped("I will book this for you right away.", 4)[0] == "I will book this"


def test_without_early_pieces_sentences_stay_whole() -> None:
    assert _stripped("I can help with that, of course. Now then.", None) == [
        "I can help with that, of course.",
        "Now then.",
    ]


def test_the_piece_after_a_very_short_first_sentence_comes_early_too() -> None:
    assert _stripped("Sure. I can help you with that, of course. And more, if you want it, too.") == [
        "Sure.",
        "I can help you with that,",
        "of course.",
        "And more, if you want it, too.",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param(
            "One is here. Two is there! Three?", ["One is here.", "Two is there!", "Three?"], id="three stops"
        ),
        pytest.param(
            "Dr. Lee and Mr. Roe left. Bye.", ["Dr. Lee and Mr. Roe left.", "Bye."], id="titles do not end it"
        ),
        pytest.param("Fruit, e.g. apples. Yes.", ["Fruit, e.g. apples.", "Yes."], id="e.g. does not end it"),
        pytest.param("Pi is 3.14. Tau is not.", ["Pi is 3.14.", "Tau is not."], id="a decimal point does not end it"),
        pytest.param("It costs $4.50. Good.", ["It costs $4.50.", "Good."], id="cents do not end it"),
        pytest.param(
            "See www.example.com. Or mail a.b@example.com. Now.",
            ["See www.example.com.", "Or mail a.b@example.com.", "Now."],
            id="the dots of addresses do not end it",
        ),
        pytest.param("At 9 a.m. we open. Come.", ["At 9 a.m. we open.", "Come."], id="a.m. in a sentence"),
        pytest.param("We open at 9 a.m. Come early.", ["We open at 9 a.m.", "Come early."], id="a.m. at its end"),
        pytest.param(
            "It ends 5 p.m. EST. Then home.", ["It ends 5 p.m. EST.", "Then home."], id="p.m. and a time zone"
        ),
        pytest.param("The U.S. Army came. Ok.", ["The U.S. Army came.", "Ok."], id="U.S. before a name"),
        pytest.param("In the U.S. We saw it.", ["In the U.S.", "We saw it."], id="U.S. before a new sentence"),
        pytest.param("By J. K. Rowling. Nice.", ["By J. K. Rowling.", "Nice."], id="initials"),
        pytest.param("So do I. We agree.", ["So do I.", "We agree."], id="the word I is no initial"),
        pytest.param("Well... maybe not. Yes.", ["Well... maybe not.", "Yes."], id="an ellipsis before a small letter"),
        pytest.param("Well... Maybe not.", ["Well...", "Maybe not."], id="an ellipsis before a capital"),
        pytest.param('"Really?" he said. Ok.', ['"Really?" he said.', "Ok."], id="a quoted question inside a sentence"),
        pytest.param('He said "Go now." Then left.', ['He said "Go now."', "Then left."], id="a quote that ends it"),
        pytest.param("(It is closed.) Sorry.", ["(It is closed.)", "Sorry."], id="a bracket after the stop"),
        pytest.param("What?! No way... Stop", ["What?!", "No way...", "Stop"], id="several marks"),
        pytest.param("Take no. 5 now. Go.", ["Take no. 5 now.", "Go."], id="no. before a number"),
        pytest.param("I said no. He left.", ["I said no.", "He left."], id="no as a word"),
        pytest.param("Come on Nov. 3 at 5. Thanks.", ["Come on Nov. 3 at 5.", "Thanks."], id="a month and a number"),
        pytest.param("Bread, milk, etc. Then pay.", ["Bread, milk, etc.", "Then pay."], id="etc. at the end"),
        pytest.param("Bread, milk, etc. are here.", ["Bread, milk, etc. are here."], id="etc. in the middle"),
        pytest.param("we are open. come in.", ["we are open.", "come in."], id="a writer without capitals"),
        pytest.param("1. Apples\n2. Pears\n", ["1. Apples", "2. Pears"], id="numbered lines keep their numbers"),
        pytest.param("List:\n- one\n- two", ["List:", "- one", "- two"], id="list items are pieces"),
        pytest.param("# Title\nSome text", ["# Title", "Some text"], id="a heading is a piece"),
        pytest.param("Welcome to\nthe clinic. Hi.", ["Welcome to\nthe clinic.", "Hi."], id="a wrapped line goes on"),
        pytest.param("First part\n\nsecond part", ["First part", "second part"], id="an empty line ends it"),
        pytest.param("你好。今天很好！再见", ["你好。", "今天很好！", "再见"], id="Chinese stops need no space"),
        pytest.param(
            "**Note. Call us.** Then wait.", ["**Note. Call us.**", "Then wait."], id="a bold phrase is whole"
        ),
        pytest.param("Run `a. b` now. Ok.", ["Run `a. b` now.", "Ok."], id="inline code is whole"),
        pytest.param(
            "See [it. Here](http://x.y/a. b) now. Ok.",
            ["See [it. Here](http://x.y/a. b) now.", "Ok."],
            id="a link is whole",
        ),
        pytest.param(
            "Look:\n```py\na. B\n\nc = 1\n```\nDone. Ok.",
            ["Look:", "```py\na. B\n\nc = 1\n```", "Done.", "Ok."],
            id="a code fence is one piece",
        ),
        pytest.param(
            "Hm <think>So. Then.</think> Right. Ok.",
            ["Hm", "<think>So. Then.</think>", "Right.", "Ok."],
            id="so is a hidden thought",
        ),
        pytest.param("Text ```open. fence. never", ["Text", "```open. fence. never"], id="an open fence at the end"),
        pytest.param(
            "5 * 3 is. An * open. Yes.", ["5 * 3 is.", "An * open.", "Yes."], id="a lone asterisk binds nothing"
        ),
        pytest.param(
            "A *never closed. One.\nTwo. Yes",
            ["A *never closed.", "One.", "Two.", "Yes"],
            id="unclosed emphasis ends with its line",
        ),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n ", [], id="white space alone"),
    ],
)
def test_later_pieces_are_whole_sentences(text: str, sentences: list[str]) -> None:
    assert [piece.strip() for piece in sentences_of(text)] == sentences


def test_a_sentence_waits_until_it_is_certain() -> None:
    stream = SentenceStream(first_piece_words=None)
    assert stream.push("Pi is 3.") == []
    assert stream.push("14. ") == []
    assert stream.push("T") == ["Pi is 3.14."]
    assert stream.flush() == [" T"]


def test_a_fence_is_held_back_until_it_closes() -> None:
    stream = SentenceStream()
    assert stream.push("Here it is:\n```\nfirst. Second. ") == ["Here it is:\n"]
    assert stream.push("Third.\n") == []
    assert stream.push("```\nDone") == ["```\nfirst. Second. Third.\n```\n"]


def test_after_flush_the_stream_begins_anew() -> None:
    stream = SentenceStream()
    stream.push("Some words that are never spoken, because")
    stream.flush()
    assert stream.push("I can help with that, of") == ["I can help with that,"]


def test_a_very_long_sentence_is_cut_at_a_clause_mark() -> None:
    text = "and then it went on and on without an end, " * 12 + "until it stopped."
    pieces = sentences_of(text)
    assert len(pieces) > 2
    assert all(piece.endswith(",") for piece in pieces[:-1])
    assert all(len(piece) <= LONG_SENTENCE_CHARACTERS for piece in pieces)


def test_a_sentence_without_any_mark_is_cut_between_words() -> None:
    pieces = sentences_of("word " * 300)
    assert max(map(len, pieces)) < 2.5 * LONG_SENTENCE_CHARACTERS
    assert all(set(piece.split()) == {"word"} for piece in pieces)


def test_a_piece_needs_at_least_one_word() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        SentenceStream(first_piece_words=0)


_SNIPPETS = st.sampled_from(
    [
        " ",
        "\n",
        "\n\n",
        ". ",
        ", ",
        "! ",
        "? ",
        "... ",
        "…",
        "—",
        " - ",
        ": ",
        "; ",
        "```",
        "`",
        "**",
        "*",
        "_",
        "[",
        "](",
        ")",
        "<b>",
        "<think>",
        "</think>",
        "~~~",
        "# ",
        "- ",
        "1. ",
        "| ",
        '"',
        "'",
        "(",
        "Dr. ",
        "e.g. ",
        "U.S. ",
        "a.m. ",
        "etc. ",
        "3.14",
        "$4.50",
        "21, 2026",
        "www.example.com",
        "jane.doe@example.com",
        "https://example.com/a.b",
        "Nov. 3",
        "J. ",
        "word ",
        "Hello ",
        "the ",
        "to ",
        "I ",
        "you ",
        "。",
        "，",
        "你好",
        "😀",
        "no. ",
        "<!-- ",
        "-->",
        "\t",
    ]
)
_TEXTS = st.one_of(st.lists(_SNIPPETS, max_size=40).map("".join), st.text(max_size=200))


@given(_TEXTS, st.sampled_from([None, 1, 4, 7]))
@settings(max_examples=300, deadline=None)
def test_the_pieces_joined_are_the_text(text: str, first_piece_words: int | None) -> None:
    pieces = _pieces(text, first_piece_words)
    assert "".join(pieces).rstrip() == text.rstrip()
    assert all(piece.strip() for piece in pieces)


@given(_TEXTS, st.integers(min_value=1, max_value=9), st.sampled_from([None, 4, 7]))
@settings(max_examples=300, deadline=None)
def test_the_pieces_do_not_depend_on_how_the_text_came(text: str, delta: int, first_piece_words: int | None) -> None:
    stream = SentenceStream(first_piece_words=first_piece_words)
    streamed = [piece for at in range(0, len(text), delta) for piece in stream.push(text[at : at + delta])]
    assert [*streamed, *stream.flush()] == _pieces(text, first_piece_words)


_WHOLE = [
    "3.14",
    "$4.50",
    "1,234,567",
    "www.example.com",
    "a.b-c@example.co.uk",
    "https://x.io/a.b?c=d,e;f",
    "`a. B, c`",
    "**a. B**",
]


@given(
    st.lists(
        st.one_of(st.sampled_from(_WHOLE), st.sampled_from(["Yes.", "then", "Well,", "and", "A", "Stop!"])), max_size=30
    )
)
@settings(max_examples=200, deadline=None)
def test_numbers_addresses_and_marked_text_are_never_cut(words: list[str]) -> None:
    pieces = _pieces(" ".join(words))
    for whole in _WHOLE:
        assert sum(piece.count(whole) for piece in pieces) == " ".join(words).count(whole)


@pytest.mark.parametrize(
    ("deltas", "pieces"),
    [
        pytest.param(["I", "'m", " sorry", ","], ["I'm sorry,"], id="a comma behind a clause is enough"),
        pytest.param(["Of", " course", "!"], ["Of course!"], id="and so is an exclamation mark"),
        pytest.param(["Hello", "?"], ["Hello?"], id="a question of one word"),
        pytest.param(["Sure", ","], [], id="one word and a comma are too little"),
        pytest.param(["I", " have", " 1", ","], [], id="a comma behind a digit may belong to a number"),
        pytest.param(["I", " understand", "."], [], id="a full stop may belong to a name"),
        pytest.param(["Come", " in", ",", " we", " are", ",", " yes", ","], ["Come in,"], id="later pieces wait"),
    ],
)
def test_the_first_piece_does_not_wait_for_what_follows_its_mark(deltas: list[str], pieces: list[str]) -> None:
    stream = SentenceStream(first_piece_words=4)
    assert [piece for delta in deltas for piece in stream.push(delta)] == pieces
