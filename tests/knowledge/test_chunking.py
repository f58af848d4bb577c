"""Passages hold all of a document, are never too large, and say where they come from."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.knowledge.chunking import bytes_in, chunked, tokens_in
from vivavoce.knowledge.passages import Chunk, ChunkConfiguration, ChunkUnit, DocumentText

SIZES = {"tokens": tokens_in, "characters": len, "bytes": bytes_in}

PIECES = st.sampled_from(
    [
        *("# One\n", "## Two\n", "### Three\n", "\n\n", "\n", "```\n", "- item\n", "word ", "Sentence here. "),
        *("x" * 90, "é中🙂 ", "    ", "1234567 ", "> quote\n", "\t", "* * *\n", "[a](b) ", "| a | b |\n"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=20).filter(lambda text: "\x00" not in text), max_size=60).map("".join)


@st.composite
def configurations(draw: st.DrawFn) -> ChunkConfiguration:
    unit: ChunkUnit = draw(st.sampled_from(["tokens", "characters", "bytes"]))
    maximum = draw(st.integers(8, 120))
    return ChunkConfiguration(
        maximum,
        draw(st.integers(0, maximum // 3)),
        unit,
        strip_whitespace=draw(st.booleans()),
        inject_name=draw(st.booleans()),
    )


@settings(max_examples=300)
@given(TEXTS, configurations(), st.sampled_from(["text/markdown", "text/plain"]), st.text(max_size=40))
def test_passages_hold_everything_in_order_and_in_size(
    text: str, configuration: ChunkConfiguration, media_type: str, name: str
) -> None:
    chunks = chunked(DocumentText(text, (), media_type), name, configuration)
    covered = [False] * len(text)
    for number, chunk in enumerate(chunks):
        assert chunk.index == number
        assert chunk.text.endswith(text[chunk.start : chunk.end])
        assert chunk.text.strip()
        assert configuration.inject_name or len(chunk.text) == chunk.end - chunk.start
        assert SIZES[configuration.unit](chunk.text) <= configuration.maximum
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    assert all(covered[at] or letter.isspace() for at, letter in enumerate(text))
    assert [(chunk.start, chunk.end) for chunk in chunks] == sorted((chunk.start, chunk.end) for chunk in chunks)


GUIDE = (
    """# Kettle

It boils water.

## Warranty

The warranty lasts two years and begins with the day of purchase. """
    + "Keep the receipt. " * 20
    + """

## Cleaning

### Outside

"""
    + "Wipe it with a cloth. " * 30
    + """

### Inside

"""
    + "Use vinegar and water. " * 30
)


def passages(text: str, configuration: ChunkConfiguration | None = None, **fields: object) -> list[Chunk]:
    document = DocumentText(text, media_type="text/markdown", **fields)  # type: ignore[arg-type]
    return chunked(document, "kettle.md", configuration or ChunkConfiguration())


@pytest.mark.parametrize(
    ("words", "path"),
    [
        pytest.param("It boils water", ("Kettle",), id="under the only heading"),
        pytest.param("The warranty lasts", ("Kettle", "Warranty"), id="under the second heading"),
        pytest.param("Wipe it", ("Kettle", "Cleaning", "Outside"), id="a heading without text leads to the next"),
        pytest.param("Use vinegar", ("Kettle", "Cleaning", "Inside"), id="a sibling ends the one before"),
    ],
)
def test_a_passage_knows_the_headings_that_it_stands_under(words: str, path: tuple[str, ...]) -> None:
    found = [chunk.heading for chunk in passages(GUIDE) if words in chunk.text]
    assert found
    assert set(found) == {path}


def test_the_path_of_headings_is_part_of_what_is_embedded() -> None:
    inside = next(chunk for chunk in passages(GUIDE) if "Use vinegar" in chunk.text)
    assert inside.in_context.startswith("Kettle > Cleaning > Inside\n")
    assert inside.in_context.endswith(inside.text)


def test_a_heading_is_never_alone_in_a_passage() -> None:
    for configuration in (ChunkConfiguration(60, 20), ChunkConfiguration(200, 0, "characters"), ChunkConfiguration()):
        assert not [chunk for chunk in passages(GUIDE, configuration) if chunk.text.splitlines()[-1].startswith("#")]


def test_a_heading_in_code_is_none() -> None:
    (chunk,) = passages("# Set up\n\n```\n# not a heading\nx = 1\n```\n\nThen start.")
    assert chunk.heading == ("Set up",)


def test_small_neighbours_share_a_passage_and_the_headings_that_they_share() -> None:
    (chunk,) = passages("# Shop\n\n## Monday\n\nOpen.\n\n## Sunday\n\nClosed.")
    assert chunk.heading == ("Shop",)


def test_passages_of_one_section_overlap_and_those_of_two_do_not() -> None:
    chunks = passages(GUIDE, ChunkConfiguration(60, 20))
    for before, after in pairwise(chunks):
        if before.heading == after.heading:
            assert before.end > after.start, (before, after)
        else:
            assert before.end <= after.start


def test_a_passage_counts_its_page_from_one() -> None:
    text = "First page. " * 60 + "\n\n" + "Second page. " * 60
    second = text.index("Second")
    chunks = passages(text, pages=(0, second))
    assert {chunk.page for chunk in chunks} == {1, 2}
    assert all((chunk.page == 2) == (chunk.start >= second) for chunk in chunks)
    assert {chunk.page for chunk in passages(text)} == {None}


def test_the_name_stands_before_each_passage_where_it_is_wanted() -> None:
    plain = passages(GUIDE)
    named = passages(GUIDE, ChunkConfiguration(inject_name=True))
    assert all(chunk.text.startswith("kettle.md\n") for chunk in named)
    assert not any(chunk.text.startswith("kettle.md") for chunk in plain)


@pytest.mark.parametrize(
    ("maximum", "overlap"),
    [
        pytest.param(0, 0, id="passages of nothing"),
        pytest.param(10, 10, id="an overlap as long as the passage"),
        pytest.param(10, -1, id="an overlap below nothing"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(maximum: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="cannot overlap"):
        ChunkConfiguration(maximum, overlap)
