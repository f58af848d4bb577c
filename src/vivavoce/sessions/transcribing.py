"""The turns of one call on their way to words: one transcription stream a turn, and the jobs that ask it.

Owned by the call's hearing, which pushes the caller's samples; a turn's stream lives from its opening until its words
have been told, or until it is cleared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from vivavoce.conversation.events import (
    Event,
    InterimTranscribed,
    TranscriptionFailed,
    TurnAssessed,
    TurnTranscribed,
)
from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    EngineError,
    Samples,
    Transcript,
    TranscriptionHints,
    TranscriptionStream,
)
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.sessions.item_audio import ItemAudio
from vivavoce.sessions.ports import Engines

INTERIM_EVERY_SECONDS = 0.4
CLOSE_INTERIM_EVERY_SECONDS = 0.16
"""The same while the caller speaks over the agent, and the words decide whether it stops."""

TURN_DETECTOR_SECONDS = 8
LONGER_SILENCE_SECONDS = 0.1
CONVINCED = 0.5
"""A turn detector that gives less at the beginning of a pause is asked again when it has lasted so much longer."""

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]


@dataclass(frozen=True, slots=True)
class _Anticipated:
    """A transcription begun for a pause that may be coming."""

    task: asyncio.Task[None]
    words: asyncio.Future[Transcript | EngineError]

    @property
    def has_failed(self) -> bool:
        """Whether there will be no words: they have to be asked for anew."""
        return self.words.done() and isinstance(self.words.result(), EngineError)


@dataclass(slots=True)
class _TurnAudio:
    stream: TranscriptionStream
    start_sample: int
    open: bool = True
    closed: bool = False
    final: asyncio.Task[None] | None = None
    interim: asyncio.Task[None] | None = None
    recorded: Samples | None = None
    anticipated: _Anticipated | None = None
    assessing: asyncio.Task[None] | None = None


class Transcribing:
    """Owned by one `Hearing`."""

    def __init__(
        self,
        engines: Engines,
        recent: RecentAudio,
        submit: Callable[[Event], None],
        spawn: Spawn,
        listens_closely: Callable[[], bool],
    ) -> None:
        self._listens_closely = listens_closely
        self._engines = engines
        self._recent = recent
        self._submit = submit
        self._spawn = spawn
        self._turns: dict[ItemId, _TurnAudio] = {}
        self._buffer: _TurnAudio | None = None
        self.item_audio = ItemAudio()
        self.hints = TranscriptionHints()

    @property
    def buffered_samples(self) -> int:
        """Audio in the input buffer, when the client marks the turns."""
        return self._recent.end_sample - self._buffer.start_sample if self._buffer is not None else 0

    def push(self, samples: Samples) -> None:
        """Samples that have just been appended to the recent audio, for the turn that is open."""
        for turn in self._turns.values():
            if turn.open:
                turn.stream.push(samples)

    def push_buffer(self, samples: Samples) -> None:
        """The same when the client marks the turns: into the input buffer."""
        if self._buffer is None:
            self._buffer = _TurnAudio(self._open_stream(), self._recent.end_sample - len(samples), open=False)
            self._hold()
        self._buffer.stream.push(samples)

    def follow_interim(self) -> None:
        """Tell interim transcripts of the open turn while the caller speaks.

        They warm the language model and the transcription itself, so they are taken even if no client reads them.
        """
        for item_id, turn in self._turns.items():
            if turn.open and (turn.interim is None or turn.interim.done()):
                turn.interim = self._spawn(self._interim(item_id, turn), f"interim {item_id}")

    def anticipate(self, *, pause: bool) -> None:
        """The caller may be about to pause: begin to transcribe, so that the words are there when the pause is certain.

        With `pause` False the caller has gone on, and what was begun is of no use.
        """
        for item_id, turn in self._turns.items():
            if not turn.open or pause == (turn.anticipated is not None):
                continue
            if pause:
                _cancel(turn.interim)
                turn.anticipated = self._anticipate(item_id, turn)
            else:
                _forget_anticipated(turn)
                _cancel(turn.assessing)
                self.follow_interim()

    def _anticipate(self, item_id: ItemId, turn: _TurnAudio) -> _Anticipated:
        words: asyncio.Future[Transcript | EngineError] = asyncio.get_running_loop().create_future()
        words.add_done_callback(lambda done: self._tell_early(item_id, turn, done))
        return _Anticipated(self._spawn(_settle(turn.stream, words), f"anticipate {item_id}"), words)

    def _tell_early(self, item_id: ItemId, turn: _TurnAudio, words: asyncio.Future[Transcript | EngineError]) -> None:
        """The caller has not paused for certain: until then these are the words so far."""
        if words.cancelled() or turn.anticipated is None or turn.anticipated.words is not words:
            return
        found = words.result()
        asked = turn.final is not None and not turn.final.done()
        if turn.open and not asked and not isinstance(found, EngineError):
            self._submit(InterimTranscribed(item_id, found.text, fading=True))

    # --- orders -----------------------------------------------------------------------------------------------------

    def open(self, item_id: ItemId, start_sample: int) -> None:
        start = max(start_sample, self._recent.start_sample)
        turn = _TurnAudio(self._open_stream(), start)
        turn.stream.push(self._recent.slice(start, self._recent.end_sample))
        self._turns[item_id] = turn
        self._hold()
        self.follow_interim()

    def take_buffer(self, item_id: ItemId) -> None:
        if self._buffer is None:
            self._buffer = _TurnAudio(self._open_stream(), self._recent.end_sample, open=False)
        self._turns[item_id], self._buffer = self._buffer, None

    def take_recording(self, item_id: ItemId, recording: int) -> None:
        """The same with the sound that came with an item."""
        audio = self.item_audio.take(recording)
        turn = self._turns[item_id] = _TurnAudio(self._open_stream(), self._recent.end_sample, open=False)
        turn.stream.push(audio)
        turn.recorded = audio

    def close(self, item_id: ItemId) -> None:
        """No more audio for this turn; it is forgotten when the transcription under way has been told."""
        turn = self._turns[item_id]
        turn.open = False
        recorded, turn.recorded = turn.recorded, None
        heard = recorded if recorded is not None else self._recent.slice(turn.start_sample, self._recent.end_sample)
        self.item_audio.keep(item_id, heard)
        turn.closed = True
        self._hold()
        _cancel(turn.interim)
        _cancel(turn.assessing)
        _forget_anticipated(turn)
        if turn.final is None or turn.final.done():
            self._forget(item_id)

    def discard(self, item_id: ItemId) -> None:
        """It was no turn."""
        if item_id in self._turns:
            self._forget(item_id)

    def clear(self) -> None:
        """Throw away the input buffer and the open turn; closed turns still get their words."""
        self.drop_buffer()
        for item_id in [item_id for item_id, turn in self._turns.items() if turn.open]:
            self._forget(item_id)

    def drop_buffer(self) -> None:
        if self._buffer is not None:
            self._buffer.stream.close()
            self._buffer = None
            self._hold()

    def assess(self, item_id: ItemId, pause: int) -> None:
        turn = self._turns[item_id]
        _cancel(turn.assessing)
        turn.assessing = self._spawn(self._assess(item_id, turn, pause), f"assess {item_id}")

    def transcribe(self, item_id: ItemId, pause: int) -> None:
        """Ask for the words as they stand. An interim under way is dropped: this one must not wait for it."""
        turn = self._turns[item_id]
        _cancel(turn.interim)
        _cancel(turn.final)
        begun = turn.anticipated if turn.anticipated is not None and not turn.anticipated.has_failed else None
        turn.final = self._spawn(self._transcribe(item_id, turn, pause, begun), f"transcribe {item_id}")

    def end(self) -> None:
        """The call is over."""
        self.drop_buffer()
        for item_id in list(self._turns):
            self._forget(item_id)

    # --- jobs -------------------------------------------------------------------------------------------------------

    async def _assess(self, item_id: ItemId, turn: _TurnAudio, pause: int) -> None:
        """Twice, if the detector doubts: the longer the silence that it hears, the better it knows."""
        for silence_seconds in (0.0, LONGER_SILENCE_SECONDS):
            await asyncio.sleep(silence_seconds)
            try:
                probability = await self._engines.turn_detector.end_of_turn_probability(self._latest(turn))
            except EngineError:
                return  # the pause then lasts as long as that of a turn which seems unfinished
            self._submit(TurnAssessed(item_id, pause, probability))
            if probability >= CONVINCED or not turn.open:
                return

    async def _transcribe(self, item_id: ItemId, turn: _TurnAudio, pause: int, begun: _Anticipated | None) -> None:
        try:
            transcript = await (turn.stream.final() if begun is None else _outcome(begun.words))
        except EngineError as error:
            self._submit(TranscriptionFailed(item_id, pause, str(error)))
        else:
            self._submit(TurnTranscribed(item_id, pause, transcript.text, transcript.audio_seconds))
        if not turn.open and turn.final is asyncio.current_task():
            self._forget(item_id)

    async def _interim(self, item_id: ItemId, turn: _TurnAudio) -> None:
        while True:
            await asyncio.sleep(CLOSE_INTERIM_EVERY_SECONDS if self._listens_closely() else INTERIM_EVERY_SECONDS)
            try:
                transcript = await turn.stream.interim()
            except EngineError:
                return  # the final transcript tells what is wrong
            self._submit(InterimTranscribed(item_id, transcript.text))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _latest(self, turn: _TurnAudio) -> Samples:
        """What the turn detector is to judge by."""
        end = self._recent.end_sample
        return self._recent.slice(max(turn.start_sample, end - TURN_DETECTOR_SECONDS * HEARING_RATE_HZ), end)

    def _open_stream(self) -> TranscriptionStream:
        return self._engines.speech_to_text.open_stream(self.hints)

    def _hold(self) -> None:
        """Keep the audio of what has not been closed yet, and no more."""
        waiting = [turn.start_sample for turn in self._turns.values() if not turn.closed]
        if self._buffer is not None:
            waiting.append(self._buffer.start_sample)
        self._recent.hold(min(waiting, default=None))

    def _forget(self, item_id: ItemId) -> None:
        turn = self._turns.pop(item_id)
        _cancel(turn.interim)
        _cancel(turn.assessing)
        _forget_anticipated(turn)
        if turn.final is not asyncio.current_task():
            _cancel(turn.final)
        turn.stream.close()
        self._hold()


async def _settle(stream: TranscriptionStream, words: asyncio.Future[Transcript | EngineError]) -> None:
    try:
        found: Transcript | EngineError = await stream.final()
    except EngineError as error:
        found = error
    if not words.done():
        words.set_result(found)


async def _outcome(words: asyncio.Future[Transcript | EngineError]) -> Transcript:
    found = await words
    if isinstance(found, EngineError):
        raise found
    return found


def _forget_anticipated(turn: _TurnAudio) -> None:
    if turn.anticipated is not None:
        turn.anticipated.task.cancel()
        turn.anticipated.words.cancel()
        turn.anticipated = None


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
