"""Tests of streaming by transcribing anew: what is looked at again, kept, cut, stopped and given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from vivavoce.engines.ports import EngineError, Samples, TranscriptionHints
from vivavoce.engines.stt.growing_buffer import (
    INTERIM_LOOKS_MAXIMUM,
    LONGEST_BACKLOG_SAMPLES,
    LONGEST_SEGMENT_SAMPLES,
    GrowingBuffer,
    SegmentText,
    TranscriptionDesk,
    TranscriptionStoppedError,
)

SECOND = 16_000


def _speech(seconds: float, level: float = 0.1) -> Samples:
    return np.full(int(SECOND * seconds), level, dtype=np.float32)


class _Model:
    """Says how many seconds it heard. Stands still while `gate` is closed, until its stop flag is set."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.earlier: list[str | None] = []
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        self.stopped = threading.Semaphore(0)
        self.language = "en"

    def transcribe(
        self, audio: Samples, hints: TranscriptionHints, earlier: SegmentText | None, stop: threading.Event
    ) -> SegmentText:
        self.heard.append(audio.size / SECOND)
        self.earlier.append(earlier.text if earlier else None)
        self.began.release()
        while not (self.gate.wait(timeout=0.001) or stop.is_set()):
            pass
        if stop.is_set():
            self.stopped.release()
            raise TranscriptionStoppedError
        return SegmentText(f"{audio.size / SECOND:g}s", hints.language or self.language)


@pytest.fixture
def model() -> _Model:
    return _Model()


@pytest_asyncio.fixture
async def desk(model: _Model) -> AsyncIterator[TranscriptionDesk]:
    opened = TranscriptionDesk("test", model, default_language="en")
    yield opened
    model.gate.set()
    await opened.close()


def _stream(desk: TranscriptionDesk, *pieces: Samples, hints: TranscriptionHints | None = None) -> GrowingBuffer:
    stream = GrowingBuffer(desk, hints or TranscriptionHints())
    for piece in pieces:
        stream.push(piece)
    return stream


async def _began(model: _Model) -> None:
    assert await asyncio.to_thread(model.began.acquire, timeout=30)


async def test_each_look_hears_all_of_the_audio_and_knows_the_words_found_before(
    desk: TranscriptionDesk, model: _Model
) -> None:
    stream = _stream(desk, _speech(1))
    first = await stream.interim()
    stream.push(_speech(1))
    second = await stream.interim()
    assert (first.text, first.audio_seconds) == ("1s", 1.0)
    assert (second.text, second.audio_seconds) == ("2s", 2.0)
    assert model.earlier == [None, "1s"]


async def test_unchanged_audio_is_not_looked_at_again(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(1))
    interim = await stream.interim()
    assert await stream.interim() == interim
    assert await stream.final() == interim
    assert await stream.final() == interim
    assert model.heard == [1.0]


async def test_speech_may_go_on_after_the_final_text(desk: TranscriptionDesk) -> None:
    stream = _stream(desk, _speech(1))
    await stream.final()
    stream.push(_speech(0.5))
    assert (await stream.final()).text == "1.5s"


async def test_silence_and_snippets_are_not_given_to_the_model(desk: TranscriptionDesk, model: _Model) -> None:
    silent = _stream(desk, np.zeros(3 * SECOND, dtype=np.float32))
    short = _stream(desk, _speech(0.2))
    empty = _stream(desk)
    transcripts = [await stream.final() for stream in (silent, short, empty)]
    assert [transcript.text for transcript in transcripts] == ["", "", ""]
    assert [transcript.audio_seconds for transcript in transcripts] == [3.0, 0.2, 0.0]
    assert model.heard == []


async def test_pushed_audio_is_copied(desk: TranscriptionDesk, model: _Model) -> None:
    source = _speech(1)
    stream = _stream(desk, source)
    source[:] = 0
    assert (await stream.final()).text == "1s"


async def test_long_speech_is_cut_where_it_is_quiet_and_the_finished_part_is_kept(
    desk: TranscriptionDesk, model: _Model
) -> None:
    stream = _stream(desk, _speech(12))
    await stream.interim()
    stream.push(_speech(0.4, level=0.01))
    stream.push(_speech(7.6))
    transcript = await stream.final()
    before, after = model.heard[1:]
    assert 12.0 <= before <= 12.4
    assert before + after == pytest.approx(20)
    assert transcript.text == f"{before:g}s {after:g}s"
    assert model.earlier == [None, "12s", None], "the words found before belong to the part before the cut"
    stream.push(_speech(1))
    await stream.interim()
    assert model.heard[3] == pytest.approx(after + 1), "only the part after the cut is heard again"


async def test_a_look_never_hears_more_than_the_longest_segment(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, *(_speech(1) for _ in range(100)))
    transcript = await stream.final()
    assert max(model.heard) <= LONGEST_SEGMENT_SAMPLES / SECOND
    assert sum(model.heard) == pytest.approx(100)
    assert transcript.audio_seconds == 100


async def test_an_endless_backlog_loses_its_oldest_audio_and_no_memory(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(5))
    await stream.interim()
    model.heard.clear()
    for _ in range(100):
        stream.push(_speech(4))
    transcript = await stream.final()
    longest = LONGEST_BACKLOG_SAMPLES / SECOND
    assert longest - 5 <= sum(model.heard) <= longest
    assert transcript.audio_seconds == 405


async def test_cancelling_frees_the_worker_and_leaves_the_stream_usable(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(1))
    model.gate.clear()
    looking = asyncio.create_task(stream.final())
    await _began(model)
    looking.cancel()
    await asyncio.wait([looking])
    assert await asyncio.to_thread(model.stopped.acquire, timeout=30)
    model.gate.set()
    assert (await stream.final()).text == "1s"


async def test_a_final_look_stops_the_interim_look_at_less_audio(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(1))
    assert (await stream.interim()).text == "1s"
    stream.push(_speech(1))
    model.gate.clear()
    interim = asyncio.create_task(stream.interim())
    await _began(model)
    await _began(model)
    stream.push(_speech(1))
    final = asyncio.create_task(stream.final())
    assert (await interim).text == "1s", "the caller of the stopped look gets the text last known"
    model.gate.set()
    assert (await final).text == "3s"


async def test_a_final_look_waits_for_an_interim_look_at_the_same_audio(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(1))
    model.gate.clear()
    interim = asyncio.create_task(stream.interim())
    await _began(model)
    final = asyncio.create_task(stream.final())
    await asyncio.sleep(0)
    other = asyncio.create_task(_stream(desk, _speech(2)).final())
    await asyncio.sleep(0)
    model.gate.set()
    assert (await interim).text == (await final).text == "1s"
    assert (await other).text == "2s"
    assert model.heard == [1.0, 2.0]


async def test_a_final_look_does_not_wait_for_the_interim_looks_of_others(
    desk: TranscriptionDesk, model: _Model
) -> None:
    model.gate.clear()
    others = [asyncio.create_task(_stream(desk, _speech(5)).interim()) for _ in range(3)]
    await _began(model)
    final = asyncio.create_task(_stream(desk, _speech(1)).final())
    stopped = await asyncio.gather(*others)
    assert [transcript.text for transcript in stopped] == ["", "", ""]
    await _began(model)
    model.gate.set()
    assert (await final).text == "1s"
    assert model.heard == [5.0, 1.0], "the interim looks that waited never ran"


async def test_audio_that_comes_during_a_final_look_is_left_for_the_next(
    desk: TranscriptionDesk, model: _Model
) -> None:
    stream = _stream(desk, _speech(1))
    model.gate.clear()
    final = asyncio.create_task(stream.final())
    await _began(model)
    stream.push(_speech(1))
    model.gate.set()
    assert (await final).text == "1s"
    assert (await stream.final()).text == "2s"


async def test_closing_a_stream_stops_its_look_and_refuses_more(desk: TranscriptionDesk, model: _Model) -> None:
    stream = _stream(desk, _speech(1))
    model.gate.clear()
    looking = asyncio.create_task(stream.final())
    await _began(model)
    stream.close()
    stream.close()
    stream.push(_speech(1))
    with pytest.raises(EngineError, match="test stream is closed"):
        await looking
    with pytest.raises(EngineError, match="test stream is closed"):
        await stream.interim()


async def test_a_closed_engine_says_so(desk: TranscriptionDesk) -> None:
    await desk.close()
    with pytest.raises(EngineError, match="test engine is closed"):
        await _stream(desk, _speech(1)).final()


@pytest.mark.parametrize(
    ("language", "hint", "text", "told"),
    [
        pytest.param("de", None, "{0} {1}", "de", id="the detected language is told"),
        pytest.param("de", "fr", "{0} {1}", "fr", id="a hint goes to the model"),
        pytest.param("ja", None, "{0}{1}", "ja", id="languages without spaces are joined without"),
    ],
)
async def test_languages(
    desk: TranscriptionDesk, model: _Model, language: str, hint: str | None, text: str, told: str
) -> None:
    model.language = language
    stream = _stream(desk, _speech(12), np.zeros(8_000, dtype=np.float32), _speech(6), hints=TranscriptionHints(hint))
    transcript = await stream.final()
    assert transcript.language == told
    assert transcript.text == text.format(*(f"{seconds:g}s" for seconds in model.heard))


async def test_one_interim_look_too_many_leaves_its_caller_with_the_words_last_known(
    desk: TranscriptionDesk, model: _Model
) -> None:
    crowded = _stream(desk, _speech(1))
    assert (await crowded.interim()).text == "1s"
    await _began(model)
    model.gate.clear()
    others = [asyncio.create_task(_stream(desk, _speech(2)).interim()) for _ in range(INTERIM_LOOKS_MAXIMUM)]
    await _began(model)
    crowded.push(_speech(1))
    assert (await crowded.interim()).text == "1s"
    model.gate.set()
    assert [transcript.text for transcript in await asyncio.gather(*others)] == ["2s"] * INTERIM_LOOKS_MAXIMUM
    assert (await crowded.interim()).text == "2s"


async def test_a_final_look_passes_an_interim_look_that_waits_behind_another_final_one(
    desk: TranscriptionDesk, model: _Model
) -> None:
    model.gate.clear()
    first = asyncio.create_task(_stream(desk, _speech(1)).final())
    await _began(model)
    interim = asyncio.create_task(_stream(desk, _speech(3)).interim())
    await asyncio.sleep(0)
    second = asyncio.create_task(_stream(desk, _speech(2)).final())
    assert (await interim).text == "", "told at once, though the worker is busy"
    model.gate.set()
    assert [(await look).text for look in (first, second)] == ["1s", "2s"]
    assert model.heard == [1.0, 2.0]


async def test_long_speech_of_one_caller_lets_the_final_words_of_another_in_between(
    desk: TranscriptionDesk, model: _Model
) -> None:
    model.gate.clear()
    long = asyncio.create_task(_stream(desk, _speech(40)).final())
    await _began(model)
    short = asyncio.create_task(_stream(desk, _speech(2)).final())
    await asyncio.sleep(0)
    model.gate.set()
    assert (await short).text == "2s"
    assert (await long).text == "10.1s 10.1s 10.1s 9.7s"
    assert model.heard[1] == 2.0
    assert len(model.heard) == 5
