"""Reading server-sent events: whatever the pieces in which they come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.client.errors import UnexpectedAnswerError
from vivavoce.client.event_stream import EVENT_BYTES_MAXIMUM, EventStreamDecoder


def _events(body: bytes, cuts: list[int]) -> list[str]:
    decoder = EventStreamDecoder()
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [event for begin, end in itertools.pairwise(edges) for event in decoder.feed(body[begin:end])]


texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])).filter(
    lambda text: not text.startswith("\ufeff")
)


@given(st.lists(texts, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 10_000), max_size=8))
def test_events_come_out_as_they_went_in_however_they_are_cut(texts: list[str], end: str, cuts: list[int]) -> None:
    body = "".join(f"data: {text}{end}{end}" for text in texts) + f": the end{end}"
    assert _events(body.encode(), cuts) == texts


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_are_read_the_same_however_they_are_cut(body: bytes, cuts: list[int]) -> None:
    assert _events(body, cuts) == _events(body, [])


@pytest.mark.parametrize(
    ("body", "events"),
    [
        pytest.param(b"data: a\ndata: b\n\n", ["a\nb"], id="lines of one event are joined"),
        pytest.param(b"event: x\nid: 1\ndata:a\n\n", ["a"], id="other fields are left out, the blank too"),
        pytest.param(b": ping\n\n\n\n", [], id="a comment is no event"),
        pytest.param(b"data: a", [], id="an event without an end is none"),
        pytest.param("\ufeffdata: a\n\n".encode(), ["a"], id="a byte order mark is not text"),
        pytest.param("data: a\u2028b\n\n".encode(), ["a\u2028b"], id="only line feeds and returns end lines"),
    ],
)
def test_what_is_an_event(body: bytes, events: list[str]) -> None:
    assert _events(body, []) == events


def test_an_event_that_never_ends_is_refused() -> None:
    decoder = EventStreamDecoder()
    with pytest.raises(UnexpectedAnswerError, match="does not end"):
        decoder.feed(b"data: " + b"x" * EVENT_BYTES_MAXIMUM)
