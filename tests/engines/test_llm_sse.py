"""Server-sent events: the same events come out however the network cuts them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.llm.sse import MAXIMUM_EVENT_BYTES, EventStream, EventTooLargeError


def _parse(*pieces: bytes) -> list[str]:
    stream = EventStream()
    return [*(event for piece in pieces for event in stream.feed(piece)), *stream.finish()]


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        pytest.param(b"data: one\n\ndata: two\n\n", ["one", "two"], id="an empty line ends an event"),
        pytest.param(b"data: one\r\n\r\ndata: two\r\n\r\n", ["one", "two"], id="lines may end in CRLF"),
        pytest.param(b"data: one\r\rdata: two\r\r", ["one", "two"], id="lines may end in CR"),
        pytest.param(b"data: one\ndata: more\n\n", ["one\nmore"], id="data lines of one event are joined"),
        pytest.param(b"data:one\n\n", ["one"], id="the space after the colon may be missing"),
        pytest.param(b"data:  one\n\n", [" one"], id="only one space is taken away"),
        pytest.param(b": ping\n\ndata: one\n\n", ["one"], id="comments are ignored"),
        pytest.param(b"event: x\nid: 1\nretry: 5\ndata: one\n\n", ["one"], id="other fields are ignored"),
        pytest.param(b"\xef\xbb\xbfdata: one\n\n", ["one"], id="a byte order mark at the beginning is ignored"),
        pytest.param(b"data: one", ["one"], id="a last event without its empty line counts"),
        pytest.param(b"data: one\n", ["one"], id="a last event with half its end counts"),
        pytest.param(b"data\n\n", [], id="a field without a colon holds nothing"),
        pytest.param(b"\n\n\n", [], id="empty lines alone are no event"),
        pytest.param("data: grüße 😀\n\n".encode(), ["grüße 😀"], id="text is UTF-8"),
        pytest.param(b"data: [DONE]\n\n", ["[DONE]"], id="the end mark is data like any other"),
    ],
)
def test_events(raw: bytes, events: list[str]) -> None:
    assert _parse(raw) == events
    assert _parse(*(raw[index : index + 1] for index in range(len(raw)))) == events


_TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1, max_size=20)
_LINE_END = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(_TEXT, max_size=5), _LINE_END, st.lists(st.integers(0, 200), max_size=8), st.booleans())
def test_cuts_anywhere_change_nothing(texts: list[str], end: bytes, cuts: list[int], comments: bool) -> None:
    between = b": keep-alive" + end + end if comments else b""
    raw = b"".join(between + b"data: " + text.encode() + end + end for text in texts)
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[begin:stop] for begin, stop in itertools.pairwise(places)]
    assert _parse(*pieces) == texts


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    assert _parse(*pieces) == _parse(b"".join(pieces))


def test_events_come_as_soon_as_they_are_complete() -> None:
    stream = EventStream()
    assert stream.feed(b"data: one\r\n\r") == ["one"]
    assert stream.feed(b"\ndata: two") == []
    assert stream.feed(b"\n\n") == ["two"]


@pytest.mark.parametrize("piece", [b"x" * 100_000, b"data: " + b"x" * 100_000 + b"\n"], ids=["no line", "no event"])
def test_an_endless_event_is_refused(piece: bytes) -> None:
    stream = EventStream()
    for _ in range(MAXIMUM_EVENT_BYTES // len(piece)):
        stream.feed(piece)
    with pytest.raises(EventTooLargeError):
        stream.feed(piece)
