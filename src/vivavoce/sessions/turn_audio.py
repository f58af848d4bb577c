"""One turn of the caller on its way to words: its transcription stream and the jobs that ask about it.

Owned by the call's `Transcribing`. It lives from its opening until its words have been told, or until it is thrown
away; `end` stops whatever is still asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from vivavoce.conversation.endpointing import SURE
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
    TranscriptionStream,
    TurnDetector,
)
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.sessions.ports import Spawn

INTERIM_EVERY_SECONDS = 0.4
CLOSE_INTERIM_EVERY_SECONDS = 0.16
"""The same while the caller speaks over the agent, and the words decide whether it stops."""

TURN_DETECTOR_SECONDS = 8
LONGER_SILENCE_SECONDS = 0.1
"""A turn detector that is not sure at the beginning of a pause is asked again when it has lasted so much longer."""

Found = Transcript | EngineError


@dataclass(frozen=True, slots=True)
class Asking:
    """What the turns of one call ask with, and whom they tell. `told` hears of a closed turn that has its words."""

    turn_detector: TurnDetector
    recent: RecentAudio
    submit: Callable[[Event], None]
    spawn: Spawn
    listens_closely: Callable[[], bool]
    told: Callable[[ItemId], None]


@dataclass(frozen=True, slots=True)
class _Anticipated:
    """A transcription begun for a pause that may be coming."""

    task: asyncio.Task[None]
    words: asyncio.Future[Found]

    @property
    def is_of_use(self) -> bool:
        """Whether there are words, or will be; else they have to be asked for anew."""
        return not self.words.done() or not (self.words.cancelled() or isinstance(self.words.result(), EngineError))

    def drop(self) -> None:
        self.task.cancel()
        self.words.cancel()


class TurnAudio:
    """The turn of one item. `is_open`: the caller's samples go to it as they come, not all at once."""

    def __init__(
        self, item_id: ItemId, stream: TranscriptionStream, start_sample: int, asking: Asking, *, is_open: bool
    ) -> None:
        self.item_id = item_id
        self.start_sample = start_sample
        self.is_open = is_open
        self.is_closed = False
        self._stream = stream
        self._asking = asking
        self._final: asyncio.Task[None] | None = None
        self._interim: asyncio.Task[None] | None = None
        self._assessing: asyncio.Task[None] | None = None
        self._anticipated: _Anticipated | None = None

    @property
    def is_transcribing(self) -> bool:
        """Whether its words have been asked for and not been told yet."""
        return self._final is not None and not self._final.done()

    def push(self, samples: Samples) -> None:
        """The caller's next samples (n,)."""
        self._stream.push(samples)

    # --- what is asked ----------------------------------------------------------------------------------------------

    def follow_interim(self) -> None:
        """Tell interim transcripts from now on."""
        if self._interim is None or self._interim.done():
            self._interim = self._spawn(self._tell_interim(), "interim")

    def anticipate(self) -> None:
        """The caller may be about to pause: begin to transcribe, so that the words are there when it is certain."""
        if self._anticipated is not None:
            return
        _cancel(self._interim)
        words: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        words.add_done_callback(self._tell_early)
        self._anticipated = _Anticipated(self._spawn(_settle(self._stream, words), "anticipate"), words)

    def go_on(self) -> None:
        """The caller speaks on: what was asked for a pause is of no use."""
        self._drop_anticipated()
        _cancel(self._assessing)
        self.follow_interim()

    @property
    def anticipates(self) -> bool:
        """Whether words have been begun for a pause."""
        return self._anticipated is not None

    def assess(self, pause: int) -> None:
        """Ask whether the caller has finished."""
        _cancel(self._assessing)
        self._assessing = self._spawn(self._assess(pause), "assess")

    def transcribe(self, pause: int) -> None:
        """Ask for the words as they stand. An interim under way is dropped: this one must not wait for it."""
        _cancel(self._interim)
        _cancel(self._final)
        begun = self._anticipated.words if self._anticipated is not None and self._anticipated.is_of_use else None
        self._final = self._spawn(self._transcribe(pause, begun), "transcribe")

    def close(self) -> None:
        """No more audio; the words under way are still told."""
        self.is_open, self.is_closed = False, True
        _cancel(self._interim)
        _cancel(self._assessing)
        if not self.is_transcribing:
            self._drop_anticipated()

    def end(self) -> None:
        """Nothing more is asked, nothing more told."""
        _cancel(self._interim)
        _cancel(self._assessing)
        self._drop_anticipated()
        if self._final is not asyncio.current_task():
            _cancel(self._final)
        self._stream.close()

    # --- jobs -------------------------------------------------------------------------------------------------------

    async def _assess(self, pause: int) -> None:
        """Twice, if the detector doubts: the longer the silence that it hears, the better it knows."""
        for silence_seconds in (0.0, LONGER_SILENCE_SECONDS):
            await asyncio.sleep(silence_seconds)
            try:
                probability = await self._asking.turn_detector.end_of_turn_probability(self._latest())
            except EngineError:
                return  # the pause then lasts as long as that of a turn which seems unfinished
            self._asking.submit(TurnAssessed(self.item_id, pause, probability))
            if probability >= SURE or not self.is_open:
                return

    async def _transcribe(self, pause: int, begun: asyncio.Future[Found] | None) -> None:
        # shielded: the words may be asked for once more, which cancels this asking
        found = await (_outcome(self._stream) if begun is None else asyncio.shield(begun))
        match found:
            case EngineError():
                self._asking.submit(TranscriptionFailed(self.item_id, pause, str(found)))
            case Transcript(text=text, audio_seconds=audio_seconds):
                self._asking.submit(TurnTranscribed(self.item_id, pause, text, audio_seconds))
        if self.is_closed and self._final is asyncio.current_task():
            self._asking.told(self.item_id)

    async def _tell_interim(self) -> None:
        while True:
            closely = self._asking.listens_closely()
            await asyncio.sleep(CLOSE_INTERIM_EVERY_SECONDS if closely else INTERIM_EVERY_SECONDS)
            try:
                transcript = await self._stream.interim()
            except EngineError:
                return  # the final transcript tells what is wrong
            self._asking.submit(InterimTranscribed(self.item_id, transcript.text))

    def _tell_early(self, words: asyncio.Future[Found]) -> None:
        """The caller has not paused for certain: until then these are the words so far."""
        if words.cancelled() or self._anticipated is None or self._anticipated.words is not words:
            return
        found = words.result()
        if self.is_open and not self.is_transcribing and isinstance(found, Transcript):
            self._asking.submit(InterimTranscribed(self.item_id, found.text, fading=True))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None], question: str) -> asyncio.Task[None]:
        return self._asking.spawn(work, f"{question} {self.item_id}")

    def _latest(self) -> Samples:
        """What the turn detector is to judge by."""
        recent = self._asking.recent
        end = recent.end_sample
        return recent.slice(max(self.start_sample, end - TURN_DETECTOR_SECONDS * HEARING_RATE_HZ), end)

    def _drop_anticipated(self) -> None:
        if self._anticipated is not None:
            self._anticipated.drop()
            self._anticipated = None


async def _outcome(stream: TranscriptionStream) -> Found:
    try:
        return await stream.final()
    except EngineError as error:
        return error


async def _settle(stream: TranscriptionStream, words: asyncio.Future[Found]) -> None:
    found = await _outcome(stream)
    if not words.done():
        words.set_result(found)


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
