"""Markup, code and stage directions are never read aloud."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.engines.spoken_text import MarkupFilter, SentenceStream, SpokenForm, strip_markup


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        pytest.param("# Opening hours", "Opening hours.", id="a heading becomes a sentence"),
        pytest.param("### What now? ###", "What now?", id="a heading with a question mark keeps it"),
        pytest.param("**Bold** and *leaning* and ***both***.", "Bold and leaning and both.", id="asterisks go"),
        pytest.param("__Bold__ and _leaning_.", "Bold and leaning.", id="underscores go"),
        pytest.param("a snake_case_name here", "a snake_case_name here", id="underscores inside words stay"),
        pytest.param("It is ~~ten~~ nine.", "It is nine.", id="struck text is not said"),
        pytest.param("- one\n* two\n+ three\n• four", "one.\ntwo.\nthree.\nfour.", id="bullets go, items end"),
        pytest.param("- [x] done\n- [ ] open", "done.\nopen.", id="check boxes go"),
        pytest.param("1. First\n2) Second", "1, First.\n2, Second.", id="list numbers are said with a pause"),
        pytest.param("> quoted\n> > twice", "quoted\ntwice", id="quote marks go"),
        pytest.param("one\n---\ntwo\n***\nthree\n===", "one\ntwo\nthree", id="rules go"),
        pytest.param("See [our site](https://x.com/a_(b) 'T').", "See our site.", id="of a link its text stays"),
        pytest.param("See [this][ref].\n\n[ref]: https://x.com", "See this.", id="so with a reference link"),
        pytest.param("A ![chart](chart.png) B", "A B", id="images go"),
        pytest.param("True [1] and so [[2]](http://x.y) is this[^3].", "True and so is this.", id="citations go"),
        pytest.param(
            "Mail <a@b.com> or <https://x.com>", "Mail a@b.com or https://x.com", id="autolinks lose brackets"
        ),
        pytest.param("| Name | Age |\n|------|:---:|\n| Bob | 5 |", "Name, Age.\nBob, 5.", id="tables are read by row"),
        pytest.param("Use `pip install` now.", "Use pip install now.", id="short inline code is read as words"),
        pytest.param("Call `run(x)` now.", "Call run x now.", id="its brackets are not"),
        pytest.param("Do `" + "x = 1; " * 9 + "` now.", "Do now.", id="long inline code is dropped"),
        pytest.param("So:\n```python\nprint(1)\n```\nDone.", "So:\nDone.", id="a code fence is dropped"),
        pytest.param("So:\n~~~\nprint(1)\n~~~\nDone.", "So:\nDone.", id="so is one of tildes"),
        pytest.param("So ```x = 1``` done.", "So done.", id="so is one inside a line"),
        pytest.param("So:\n````\n```\nx\n```\n````\nDone.", "So:\nDone.", id="a longer fence holds a shorter one"),
        pytest.param("So:\n```\nnever closed. Not said.", "So:", id="an open fence drops the rest"),
        pytest.param("<think>Secret.\nMore.</think>Hello.", "Hello.", id="hidden thoughts are dropped"),
        pytest.param("A <b class='x'>bold</b><br/>word", "A bold word", id="tags go"),
        pytest.param("A <!-- not\nthis --> B", "A B", id="comments go"),
        pytest.param("a < b and c > d", "a < b and c > d", id="comparisons stay"),
        pytest.param("R&amp;D &lt; 5&nbsp;km", "R&D < 5\xa0km", id="entities become characters"),
        pytest.param("AT&T and fish & chips", "AT&T and fish & chips", id="ampersands stay"),
        pytest.param("Hi 😀 you 👋🏽! 1️⃣ ✅ 🇩🇪 ❤️", "Hi you !", id="emoji go"),
        pytest.param("It is 20°C, ½ and €5", "It is 20°C, ½ and €5", id="symbols that have words stay"),
        pytest.param("*smiles warmly* Hello! *waves*", "Hello!", id="stage directions go"),
        pytest.param("Well, *sighs* I know. (laughs) [clears throat]", "Well, I know.", id="wherever they stand"),
        pytest.param(
            "*Please* call. I *really* mean it (see below).",
            "Please call. I really mean it (see below).",
            id="emphasis and asides are none",
        ),
        pytest.param("5 * 3 * 2 and 2*3", "5 * 3 * 2 and 2*3", id="multiplication stays"),
        pytest.param(r"\*not leaning\* \# no heading", "*not leaning* # no heading", id="escaped marks are text"),
        pytest.param("**never closed", "never closed", id="unclosed marks go"),
        pytest.param("***", "", id="marks alone leave nothing"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_markup_is_stripped(markup: str, plain: str) -> None:
    assert strip_markup(markup) == plain


def test_an_open_fence_is_remembered_between_pieces() -> None:
    markup = MarkupFilter()
    pieces = ["Look:\n", "```py\nx = 1\n", "y = 2. Z\n", "```\nDone.", " Bye."]
    assert [markup.push(piece).strip() for piece in pieces] == ["Look:", "", "", "Done.", "Bye."]


def test_a_dash_in_mid_line_is_no_bullet() -> None:
    markup = MarkupFilter()
    assert [markup.push("It costs"), markup.push(" - I think - "), markup.push("+ tax\n"), markup.push("- one\n")] == [
        "It costs",
        " - I think - ",
        "+ tax\n",
        "one.\n",
    ]


def test_a_whole_reply_reads_well() -> None:
    reply = (
        "Sure! Here are **two** options:\n\n1. The *blue* one, $4.50\n2. The [red one](https://x.com)\n\n"
        "```sql\nSELECT 1;\n```\n\nCall 555-1234 by 5 p.m. 😀"
    )
    stream, form = SentenceStream(), SpokenForm()
    spoken = [form.of(piece) for character in reply for piece in stream.push(character)]
    spoken += [form.of(piece) for piece in stream.flush()]
    assert [words for words in spoken if words] == [
        "Sure!",
        "Here are two options:",
        "one, The blue one, four dollars and fifty cents.",
        "two, The red one.",
        "Call five five five, one two three four by five PM.",
    ]


_MARKS = st.sampled_from(
    [
        "```",
        "`",
        "**",
        "*",
        "_",
        "~~",
        "[",
        "](",
        ")",
        "<b>",
        "<",
        ">",
        "<!--",
        "-->",
        "\n",
        " ",
        "# ",
        "- ",
        "| ",
        "\\",
        "word",
        "a.b",
        "&amp;",
        "1. ",
        "😀",
    ]
)


@given(st.one_of(st.lists(_MARKS, max_size=30).map("".join), st.text(max_size=100)))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_filter(text: str) -> None:
    plain = strip_markup(text)
    assert "```" not in plain
    assert "**" not in plain or "\\" in text


@given(st.text(alphabet="abcdefgh ,", max_size=60))
@settings(deadline=None)
def test_plain_words_pass_unchanged(text: str) -> None:
    assert strip_markup(text).split() == text.split()
