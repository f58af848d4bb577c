"""Streaming on models that only know whole utterances: the growing buffer is transcribed anew each time.

What a model needs to be used so is `SegmentModel`. One `TranscriptionDesk` belongs to an engine and dies with it; one
`GrowingBuffer` is one utterance, owned by the turn that opened it.

Speech beyond `LONGEST_SEGMENT_SAMPLES` is cut at its quietest place; what lies before the cut is transcribed once more
and kept, so that the cost of a look at the words stays bounded however long the caller speaks.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError, Samples, Transcript, TranscriptionHints
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.stt.segments import is_speechless, quietest_cut
from vivavoce.telemetry.load import WaitLog

LONGEST_SEGMENT_SAMPLES = 15 * HEARING_RATE_HZ
EARLIEST_CUT_SAMPLES = 10 * HEARING_RATE_HZ
LONGEST_BACKLOG_SAMPLES = 300 * HEARING_RATE_HZ
"""Audio that waits to be looked at. A caller who speaks five minutes before anybody looks loses the oldest of it."""

INTERIM_LOOKS_MAXIMUM = 4
"""Of all callers together: those that run and those that wait."""

INTERIM_PATIENCE_SECONDS = 0.5
"""How much longer than a final look an interim one may wait: its caller is still speaking."""

_WRITTEN_WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})


class TranscriptionStoppedError(Exception):
    """The model saw the stop flag and gave up. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class SegmentText:
    """What a model made of one segment. `tokens` mean something to the model alone."""

    text: str
    language: str
    tokens: tuple[int, ...] = ()


class SegmentModel(Protocol):
    """A model that transcribes one segment of up to 15 s. Called on worker threads, perhaps several at once."""

    def transcribe(
        self, audio: Samples, hints: TranscriptionHints, earlier: SegmentText | None, stop: threading.Event
    ) -> SegmentText:
        """The words of (n,) samples at 16 kHz that are not silent.

        `earlier` is what this model made of a shorter or longer version of the same audio; a good guess to begin with.
        Raises `TranscriptionStoppedError` soon after `stop` is set.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One look at the words, under way."""

    pushed_samples: int
    is_final: bool
    stop: threading.Event


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What one look found: segments that are finished, and the audio after the last cut with its words so far."""

    finished: tuple[SegmentText, ...]
    open_audio: Samples
    open_text: SegmentText


@dataclass(frozen=True, slots=True, eq=False)
class _SegmentHeard:
    """The first segment of audio that is longer than one, and the audio after it."""

    segment: SegmentText
    rest: Samples


class TranscriptionDesk:
    """Runs the looks of all streams of one engine. A final look never waits for interim ones: it stops them.

    While `INTERIM_LOOKS_MAXIMUM` interim looks are under way, one more is not begun: its caller keeps the words last
    known, and asks again. `waits` hears how long final looks waited.

    Looks are not batched: the encoder takes 12.9 ms for 3 s of one caller and 47.5 ms for those of four, so the first
    of a batch would wait for the last, and callers' buffers are of different lengths.
    """

    def __init__(
        self,
        name: str,
        model: SegmentModel,
        *,
        default_language: str,
        workers: int = 1,
        waits: WaitLog | None = None,
    ) -> None:
        self._model = model
        self._worker = EngineWorker(name, threads=workers, waits=waits)
        self._interim_looks: dict[_Look, asyncio.Future[_Heard | _SegmentHeard]] = {}
        self._closed = False
        self.name = name
        self.default_language = default_language

    async def run(
        self, look: _Look, chunks: tuple[Samples, ...], hints: TranscriptionHints, earlier: SegmentText | None
    ) -> _Heard:
        """Transcribe the joined chunks. Cancelling sets the stop flag, so that the worker is free at the next step."""
        if self._closed:
            raise EngineError(f"the {self.name} engine is closed; open a new one to go on")
        clock = asyncio.get_running_loop()
        patience_seconds = 0.0 if look.is_final else INTERIM_PATIENCE_SECONDS
        if look.is_final:
            self.prefer(look)
        elif len(self._interim_looks) >= INTERIM_LOOKS_MAXIMUM:
            raise TranscriptionStoppedError
        finished: list[SegmentText] = []
        stoppable = not look.is_final
        try:
            while True:
                due_at = clock.time() + patience_seconds
                hearing = self._worker.submit_by(due_at, self._hear, chunks, hints, earlier, look.stop)
                if stoppable:
                    self._interim_looks[look] = hearing
                heard = await hearing
                if isinstance(heard, _Heard):
                    return replace(heard, finished=tuple(finished))
                # The rest goes to the end of the line: long speech of one caller is not to keep the others waiting.
                finished.append(heard.segment)
                chunks, earlier = (heard.rest,), None
                stoppable = look in self._interim_looks
        finally:
            look.stop.set()
            self._interim_looks.pop(look, None)

    def prefer(self, look: _Look) -> None:
        """Let `look` end and stop the interim looks of everybody else."""
        self._interim_looks.pop(look, None)
        self._stop_interim_looks()

    async def close(self) -> None:
        """Stop the interim looks, let a final one end, stop the threads."""
        self._closed = True
        self._stop_interim_looks()
        await asyncio.to_thread(self._worker.close)

    def _stop_interim_looks(self) -> None:
        for interim, heard in self._interim_looks.items():
            interim.stop.set()
            # Not only the flag: one that still waits for the worker would be told of it after all that come first.
            if not heard.done():
                heard.set_exception(TranscriptionStoppedError())

    def _hear(
        self,
        chunks: tuple[Samples, ...],
        hints: TranscriptionHints,
        earlier: SegmentText | None,
        stop: threading.Event,
    ) -> _Heard | _SegmentHeard:
        audio: Samples = np.concatenate([np.zeros(0, dtype=np.float32), *chunks])
        if audio.size <= LONGEST_SEGMENT_SAMPLES:
            return _Heard((), audio, self._transcribe(audio, hints, earlier, stop))
        cut = quietest_cut(audio, EARLIEST_CUT_SAMPLES, LONGEST_SEGMENT_SAMPLES)
        return _SegmentHeard(self._transcribe(audio[:cut], hints, earlier, stop), audio[cut:])

    def _transcribe(
        self, audio: Samples, hints: TranscriptionHints, earlier: SegmentText | None, stop: threading.Event
    ) -> SegmentText:
        if stop.is_set():
            raise TranscriptionStoppedError
        if is_speechless(audio):
            return SegmentText("", hints.language or self.default_language)
        return self._model.transcribe(audio, hints, earlier, stop)


class GrowingBuffer:
    """`TranscriptionStream` over a `TranscriptionDesk`. Looks at one stream run one after the other."""

    def __init__(self, desk: TranscriptionDesk, hints: TranscriptionHints) -> None:
        self._desk = desk
        self._hints = hints
        self._chunks: deque[Samples] = deque()
        self._backlog_samples = 0
        self._pushed_samples = 0
        self._finished: list[SegmentText] = []
        self._open_text: SegmentText | None = None
        self._known = Transcript("", hints.language or desk.default_language, 0.0)
        self._known_samples = 0
        self._turn = asyncio.Lock()
        self._look: _Look | None = None
        self._closed = False

    def push(self, samples: Samples) -> None:
        if self._closed:
            return
        self._chunks.append(samples.copy())
        self._backlog_samples += samples.size
        self._pushed_samples += samples.size
        while self._backlog_samples > LONGEST_BACKLOG_SAMPLES:
            self._backlog_samples -= self._chunks.popleft().size

    async def interim(self) -> Transcript:
        """The text so far. When a final look, of this or another stream, comes first: the text last known."""
        return await self._up_to_date(is_final=False)

    async def final(self) -> Transcript:
        """The text for the audio pushed before the call. An interim look at the same audio counts as this one."""
        if self._look:
            if self._look.pushed_samples == self._pushed_samples:
                self._desk.prefer(self._look)
            elif not self._look.is_final:
                self._look.stop.set()
        return await self._up_to_date(is_final=True)

    def close(self) -> None:
        self._closed = True
        self._chunks.clear()
        if self._look:
            self._look.stop.set()

    async def _up_to_date(self, *, is_final: bool) -> Transcript:
        wanted_samples = self._pushed_samples
        async with self._turn:
            self._raise_if_closed()
            if self._known_samples < wanted_samples:
                try:
                    await self._look_again(is_final=is_final)
                except TranscriptionStoppedError:
                    self._raise_if_closed()
            return self._known

    async def _look_again(self, *, is_final: bool) -> None:
        chunks = tuple(self._chunks)
        look = _Look(self._pushed_samples, is_final, threading.Event())
        self._look = look
        try:
            heard = await self._desk.run(look, chunks, self._hints, self._open_text)
        finally:
            self._look = None
        self._keep(look, chunks, heard)

    def _keep(self, look: _Look, chunks: tuple[Samples, ...], heard: _Heard) -> None:
        for chunk in chunks:
            if self._chunks and self._chunks[0] is chunk:
                self._backlog_samples -= self._chunks.popleft().size
        self._chunks.appendleft(heard.open_audio)
        self._backlog_samples += heard.open_audio.size
        self._finished += heard.finished
        self._open_text = heard.open_text
        self._known_samples = look.pushed_samples
        self._known = _joined([*self._finished, heard.open_text], look.pushed_samples)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise EngineError(f"this {self._desk.name} stream is closed; open another one")


class RefusedUtterance:
    """`TranscriptionStream` of an utterance that the engine cannot transcribe; asked for words, it tells why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def push(self, samples: Samples) -> None:
        """Nobody will look at it."""

    async def interim(self) -> Transcript:
        raise EngineError(self._reason)

    async def final(self) -> Transcript:
        raise EngineError(self._reason)

    def close(self) -> None:
        """Nothing is held."""


def _joined(segments: Iterable[SegmentText], pushed_samples: int) -> Transcript:
    """All segments' words, in the language of the newest that has any (of the newest when none has)."""
    heard = list(segments)
    spoken = [segment for segment in heard if segment.text]
    language = (spoken or heard)[-1].language
    separator = "" if language in _WRITTEN_WITHOUT_SPACES else " "
    text = separator.join(segment.text for segment in spoken)
    return Transcript(text, language, pushed_samples / HEARING_RATE_HZ)


def primary_language(hints: TranscriptionHints) -> str | None:
    """The primary tag of the hinted language: 'pt' of 'pt-BR'."""
    return hints.language.replace("_", "-").split("-")[0].lower() if hints.language else None
