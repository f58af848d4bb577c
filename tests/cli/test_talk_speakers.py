"""The imagined loudspeaker and the queue to the real one: what is heard, for how long, and where it is cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.cli.talk_microphone import PLAYBACK_LATENCY_MS, PlaybackQueue
from vivavoce.cli.talk_speaker import GAP_SECONDS, Cut, ImaginedSpeaker

BYTES_PER_MS = 48


def _audio(ms: int, value: int = 1) -> bytes:
    return bytes([value]) * (ms * BYTES_PER_MS)


def test_audio_that_comes_faster_than_it_plays_is_played_one_after_the_other() -> None:
    speaker = ImaginedSpeaker()
    for _ in range(10):
        speaker.play("a", _audio(100), now=5.0)
    assert not speaker.is_silent(5.999)
    assert speaker.is_silent(6.0)


def test_a_speaker_that_has_nothing_to_play_is_silent_and_cannot_be_cut_off() -> None:
    speaker = ImaginedSpeaker()
    assert speaker.is_silent(0.0)
    assert speaker.cut_off(0.0) is None
    speaker.play("a", _audio(100), now=0.0)
    assert speaker.cut_off(0.1) is None


@pytest.mark.parametrize(
    ("played", "at", "cut", "recorded_ms"),
    [
        pytest.param([("a", 1000, 0.0)], 0.25, Cut("a", 250), 250, id="in the middle of an item"),
        pytest.param([("a", 400, 0.0), ("a", 400, 1.0)], 1.1, Cut("a", 500), 500, id="after a pause in the same item"),
        pytest.param([("a", 400, 0.0), ("b", 400, 0.0)], 0.6, Cut("b", 200), 400 + 500 + 200, id="in the second item"),
        pytest.param([("a", 400, 0.0), ("b", 400, 0.0)], 0.1, Cut("a", 100), 100, id="with another item waiting"),
        pytest.param([("a", 1000, 0.0)], 0.0, Cut("a", 0), 0, id="before the first sample"),
    ],
)
def test_a_speaker_that_is_cut_off_tells_what_was_heard_and_keeps_no_more(
    played: list[tuple[str, int, float]], at: float, cut: Cut, recorded_ms: int
) -> None:
    speaker = ImaginedSpeaker()
    for item_id, ms, now in played:
        speaker.play(item_id, _audio(ms), now)
    assert speaker.cut_off(at) == cut
    assert speaker.is_silent(at)
    assert len(speaker.recording()) == recorded_ms * BYTES_PER_MS


def test_after_it_was_cut_off_the_speaker_plays_the_next_item_at_once() -> None:
    speaker = ImaginedSpeaker()
    speaker.play("a", _audio(1000), now=0.0)
    speaker.cut_off(0.3)
    speaker.play("b", _audio(100), now=0.4)
    assert speaker.is_silent(0.5)
    gap = bytes(int(GAP_SECONDS * 1000) * BYTES_PER_MS)
    assert speaker.recording() == _audio(300) + gap + _audio(100)


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=12), st.floats(0, 3))
def test_what_was_heard_is_never_more_than_what_was_played_or_than_time_allows(
    plays: list[tuple[int, float]], later: float
) -> None:
    speaker = ImaginedSpeaker()
    now = 0.0
    for ms, wait in plays:
        now += wait
        speaker.play("a", _audio(ms), now)
    moment = now + later
    cut = speaker.cut_off(moment)
    total_ms = sum(ms for ms, _ in plays)
    heard_ms = len(speaker.recording()) / BYTES_PER_MS
    assert heard_ms <= min(total_ms, (moment + 0.001) * 1000)
    assert cut is None or abs(cut.heard_ms - heard_ms) <= 1
    assert (cut is None) == (heard_ms == total_ms)


def test_a_device_always_gets_as_much_as_it_asks_for() -> None:
    queue = PlaybackQueue(keep_recording=True)
    assert queue.pull(3) == bytes(6)
    queue.play("a", b"\x01\x02\x03\x04", 0.0)
    queue.play("a", b"\x05\x06", 0.0)
    assert queue.pull(1) == b"\x01\x02"
    assert not queue.is_silent(0.0)
    assert queue.pull(4) == b"\x03\x04\x05\x06" + bytes(4)
    assert queue.is_silent(0.0)
    assert queue.recording() == b"\x01\x02\x03\x04\x05\x06"


def test_a_queue_that_need_not_remember_keeps_nothing() -> None:
    queue = PlaybackQueue(keep_recording=False)
    queue.play("a", _audio(10), 0.0)
    queue.pull(240)
    assert queue.recording() == b""


def test_a_queue_that_is_cut_off_counts_what_the_device_took_less_what_it_has_not_played() -> None:
    queue = PlaybackQueue(keep_recording=False)
    queue.play("a", _audio(50), 0.0)
    queue.play("b", _audio(1000), 0.0)
    queue.pull(250 * 24)
    assert queue.cut_off(0.0) == Cut("b", 200 - PLAYBACK_LATENCY_MS)
    assert queue.pull(24) == bytes(48)
    assert queue.cut_off(0.0) is None


def test_a_queue_that_is_cut_off_before_an_item_began_says_that_none_of_it_was_heard() -> None:
    queue = PlaybackQueue(keep_recording=False)
    queue.play("a", _audio(100), 0.0)
    queue.pull(100 * 24)
    queue.play("b", _audio(100), 0.0)
    assert queue.cut_off(0.0) == Cut("b", 0)


@given(st.lists(st.binary(max_size=20).map(lambda half: half + half), max_size=10), st.lists(st.integers(0, 12)))
def test_a_queue_loses_and_invents_nothing(pieces: list[bytes], demands: list[int]) -> None:
    queue = PlaybackQueue(keep_recording=True)
    for index, piece in enumerate(pieces):
        queue.play(f"item {index % 3}", piece, 0.0)
    pulled = b"".join(queue.pull(samples) for samples in demands)
    whole = b"".join(pieces)
    assert len(pulled) == 2 * sum(demands)
    assert pulled == whole[: len(pulled)].ljust(len(pulled), b"\0")
    assert queue.recording() == whole[: len(pulled)]
