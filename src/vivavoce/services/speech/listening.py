"""Cuts a stream of sound into utterances and gives each to the transcription.

One `Listening` belongs to one recording or one socket and ends with `close`. It has no clock: time is the audio's own.
Each utterance that is over belongs to whoever takes it, and ends with `close`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    Samples,
    SpeechToText,
    Transcript,
    TranscriptionHints,
    TranscriptionStream,
    TurnDetector,
    VoiceActivity,
)
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.media.segmenter import Segmenter, SegmenterSettings, SpeechBegan, SpeechPaused, SpeechResumed
from vivavoce.media.windows import Windows

LEAD_IN_SAMPLES = HEARING_RATE_HZ * 3 // 10
"""Sound before the first loud window that is heard too: soft consonants rise slowly."""

LONGEST_UTTERANCE_SECONDS = 60.0
SHORTEST_PAUSE_MS = 96
REMEMBERED_SAMPLES = 8 * HEARING_RATE_HZ
"""What the turn detector looks at."""


@dataclass(frozen=True, slots=True)
class UtteranceRules:
    """When an utterance is over.

    After `silence_ms` of silence; after `SHORTEST_PAUSE_MS` already, once it is `relaxed_after_seconds` long (None:
    never). With `turn_threshold` silence alone does not do: the turn detector must be that sure, or `turn_timeout_ms`
    of silence pass. `speech_threshold` is the probability from which a window counts as speech.
    """

    silence_ms: int = 400
    speech_threshold: float = 0.5
    relaxed_after_seconds: float | None = None
    turn_threshold: float | None = None
    turn_timeout_ms: int = 3_000


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """Speech that is over, or that still goes on (`open`). Times in seconds since the stream began.

    `confidence`: how sure the turn detector was that the turn is over, where it was asked.
    """

    stream: TranscriptionStream
    start_seconds: float
    end_seconds: float
    confidence: float | None = None

    async def words(self) -> Transcript:
        """What was said. Raises `EngineError`."""
        return await self.stream.final()

    def close(self) -> None:
        self.stream.close()


@dataclass(slots=True, eq=False)
class _Open:
    stream: TranscriptionStream
    start_sample: int
    silent_since_sample: int | None = None
    judged: bool = False
    confidence: float | None = None


class Listening:
    """Takes samples at `HEARING_RATE_HZ` in pieces of any size."""

    def __init__(
        self,
        speech_to_text: SpeechToText,
        voice_activity: VoiceActivity,
        turn_detector: TurnDetector,
        hints: TranscriptionHints,
        rules: UtteranceRules,
    ) -> None:
        self._speech_to_text = speech_to_text
        self._turn_detector = turn_detector
        self._hints = hints
        self._rules = rules
        self._activity = voice_activity.open_stream()
        self._windows = Windows(VAD_WINDOW_SAMPLES)
        self._recent = RecentAudio(REMEMBERED_SAMPLES, REMEMBERED_SAMPLES)
        pause_ms = min(rules.silence_ms, SHORTEST_PAUSE_MS)
        self._segmenter = Segmenter(SegmenterSettings(threshold=rules.speech_threshold, pause_ms=pause_ms))
        self._open: _Open | None = None
        self._told_sample = 0
        self._pushed_samples = 0
        self._closed = False

    @property
    def heard_seconds(self) -> float:
        """How much audio has been taken in."""
        return self._pushed_samples / HEARING_RATE_HZ

    @property
    def open(self) -> Utterance | None:
        """The utterance that still goes on; it stays this object's."""
        if self._open is None:
            return None
        return self._utterance(self._open, self._recent.end_sample)

    async def push(self, samples: Samples) -> list[Utterance]:
        """Take (n,) samples; give the utterances that are over now. Raises `EngineError`."""
        self._pushed_samples += samples.size
        return await self._hear_all(samples)

    async def finish(self) -> list[Utterance]:
        """End the utterance that goes on, wherever it stands; give what is over. More audio may follow."""
        filling = VAD_WINDOW_SAMPLES - self._windows.pending_samples
        over = await self._hear_all(np.zeros(filling % VAD_WINDOW_SAMPLES, np.float32))
        if self._open is not None:
            silent_since = self._open.silent_since_sample
            over.append(self._end(self._open, self._recent.end_sample if silent_since is None else silent_since))
        return over

    def close(self) -> None:
        """No more audio."""
        if not self._closed:
            self._closed = True
            self._activity.close()
            if self._open is not None:
                self._open.stream.close()

    async def _hear_all(self, samples: Samples) -> list[Utterance]:
        heard = [await self._hear(window) for window in self._windows.push(samples)]
        return [utterance for utterance in heard if utterance is not None]

    async def _hear(self, window: Samples) -> Utterance | None:
        probability = await self._activity.speech_probability(window)
        if self._open is not None:
            self._open.stream.push(window)
        self._recent.append(window)
        for boundary in self._segmenter.push(probability):
            match boundary:
                case SpeechBegan(at_sample=at):
                    self._begin(at)
                case SpeechPaused(at_sample=at) if self._open is not None:
                    self._open.silent_since_sample, self._open.judged = at, False
                case SpeechResumed() if self._open is not None:
                    self._open.silent_since_sample = None
                case _:
                    pass
        if self._open is None:
            return None
        return await self._over(self._open)

    def _begin(self, at_sample: int) -> None:
        start = max(at_sample - LEAD_IN_SAMPLES, self._told_sample, self._recent.start_sample)
        self._open = _Open(self._speech_to_text.open_stream(self._hints), start)
        self._open.stream.push(self._recent.slice(start, self._recent.end_sample))

    async def _over(self, speech: _Open) -> Utterance | None:
        now = self._recent.end_sample
        length_seconds = (now - speech.start_sample) / HEARING_RATE_HZ
        if speech.silent_since_sample is None:
            return self._end(speech, now) if length_seconds >= LONGEST_UTTERANCE_SECONDS else None
        silence_ms = (now - speech.silent_since_sample) * 1000 // HEARING_RATE_HZ
        relaxed = self._rules.relaxed_after_seconds
        if relaxed is not None and length_seconds >= relaxed:
            return self._end(speech, speech.silent_since_sample)
        if silence_ms < self._rules.silence_ms or not await self._is_turn_over(speech, silence_ms):
            return None
        return self._end(speech, speech.silent_since_sample)

    async def _is_turn_over(self, speech: _Open, silence_ms: int) -> bool:
        threshold = self._rules.turn_threshold
        if threshold is None or silence_ms >= self._rules.turn_timeout_ms:
            return True
        if not speech.judged:
            speech.judged = True
            audio = self._recent.slice(speech.start_sample, self._recent.end_sample)
            speech.confidence = await self._turn_detector.end_of_turn_probability(audio)
            return speech.confidence >= threshold
        return False

    def _end(self, speech: _Open, end_sample: int) -> Utterance:
        self._open = None
        self._told_sample = self._recent.end_sample
        self._segmenter.end_turn()
        return self._utterance(speech, end_sample)

    def _utterance(self, speech: _Open, end_sample: int) -> Utterance:
        start = speech.start_sample / HEARING_RATE_HZ
        end = min(end_sample / HEARING_RATE_HZ, self.heard_seconds)  # the last window is filled with silence
        return Utterance(speech.stream, round(start, 3), round(end, 3), speech.confidence)
