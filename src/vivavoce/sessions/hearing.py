"""The ears of one call: the caller's audio in, facts about speech out.

The straight road of the audio plane: bytes → samples at 16 kHz → windows → voice activity → boundaries → facts; the
same samples feed the transcription of the open turn. Owned by a session; `run` lives as long as the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

import numpy as np

from vivavoce.conversation.events import (
    Event,
    SpeechMeasured,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechSuspected,
    SuspicionCleared,
)
from vivavoce.conversation.orders import (
    AssessTurn,
    ClearInput,
    CloseTurn,
    DiscardTurn,
    HearingOrder,
    OpenTurn,
    TakeBuffer,
    TakeRecording,
    TranscribeTurn,
)
from vivavoce.conversation.settings import Settings
from vivavoce.engines.ports import HEARING_RATE_HZ, VAD_WINDOW_SAMPLES, Samples, TranscriptionHints
from vivavoce.media import segmenter
from vivavoce.media.formats import AudioFormat
from vivavoce.media.loudness import SpeechLoudness
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.media.resampling import StreamResampler
from vivavoce.media.segmenter import Segmenter, SegmenterSettings, SegmenterState
from vivavoce.media.windows import Windows
from vivavoce.media.wire_formats import WireFormat
from vivavoce.sessions.cleaning import Cleaning
from vivavoce.sessions.intake import Intake
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.transcribing import Spawn, Transcribing

LONGEST_TURN_SECONDS = 30
"""What is kept of a longer turn: its end."""

UNTIL_BELIEVED_MS = 500
"""How long after its first sample speech is believed, at most, and its turn opened: until then its audio is kept."""

QUIETEST_THRESHOLD = 0.01


class Hearing:
    """Owned by one session. `intake` is where the caller's audio comes in, and what is to happen after it."""

    def __init__(
        self,
        engines: Engines,
        input_format: WireFormat,
        settings: Settings,
        submit: Callable[[Event], None],
        spawn: Spawn,
        listens_closely: Callable[[], bool],
    ) -> None:
        self._submit = submit
        self._listens_closely = listens_closely
        self._settings = settings
        self.intake = Intake(input_format)
        self.cleaning = Cleaning(engines.audio_processing, settings.noise_reduction)
        self._loudness = SpeechLoudness(HEARING_RATE_HZ)
        self._vad = engines.voice_activity.open_stream()
        self._segmenter = Segmenter(_segmenter_settings(settings))
        self._windows = Windows(VAD_WINDOW_SAMPLES)
        self._recent = RecentAudio(_kept_samples(settings), LONGEST_TURN_SECONDS * HEARING_RATE_HZ)
        self._arrived_at = 0.0
        self._unwindowed_samples = 0
        self._input_format = input_format
        self._decoder = input_format.open_decoder()
        self._resampler = StreamResampler(input_format.rate_hz, HEARING_RATE_HZ)
        self.transcribing = Transcribing(engines, self._recent, submit, spawn, listens_closely)
        self.transcribing.hints = _hints(settings)

    @property
    def heard_ms(self) -> int:
        """How much of the caller's audio has been heard since the call began."""
        return self._recent.end_sample * 1000 // HEARING_RATE_HZ

    async def heard(self, audio: bytes) -> Samples:
        """A recording in the input format as the ears take it, apart from the caller's stream."""
        return await asyncio.to_thread(_decoded, audio, self._input_format.of_recordings)

    async def as_received(self, audio: Samples) -> bytes:
        """A recording at 16 kHz in the input format."""
        return await asyncio.to_thread(_encoded, audio, self._input_format.of_recordings)

    # --- the road ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hear what arrives, until cancelled."""
        try:
            while True:
                heard = await self.intake.next()
                if isinstance(heard, list):
                    await self._hear(self._resampler.push(self._decoder.decode(heard)))
                else:
                    heard()
        finally:
            self._vad.close()
            self.cleaning.close()
            self.transcribing.end()

    async def _hear(self, samples: Samples) -> None:
        now = asyncio.get_running_loop().time()
        samples = self.cleaning.process(samples, now)
        self._recent.append(samples)
        self._arrived_at = now - self.cleaning.held_seconds
        if self._settings.turn_detection is None:
            self.transcribing.push_buffer(samples)
            self._unwindowed_samples += len(samples)
            return
        self.transcribing.push(samples)
        for window in self._windows.push(samples):
            for boundary in self._segmenter.push(await self._vad.speech_probability(window)):
                self._submit(self._fact(boundary))
            if self._segmenter.state is SegmenterState.SPEAKING:
                fading = self._loudness.is_fading(window)
                self._loudness.heard(window)
                self.transcribing.anticipate(pause=fading or self._segmenter.is_fading)
                if self._listens_closely():
                    self._submit(self._measured())

    def _measured(self) -> SpeechMeasured:
        spoken_ms = self._segmenter.spoken_samples * 1000 // HEARING_RATE_HZ
        return SpeechMeasured(spoken_ms, self._loudness.above_usual_db)

    def _fact(self, boundary: segmenter.Boundary) -> Event:
        match boundary:
            case segmenter.SpeechSuspected():
                return SpeechSuspected()
            case segmenter.SuspicionCleared():
                return SuspicionCleared()
            case segmenter.SpeechBegan(at_sample=at_sample):
                return SpeechStarted(self._ms(at_sample))
            case segmenter.SpeechResumed(at_sample=at_sample):
                self.transcribing.follow_interim()
                return SpeechResumed(self._ms(at_sample))
            case segmenter.SpeechPaused(at_sample=at_sample):
                since = self._recent.end_sample - self._stream_sample(at_sample)
                return SpeechPaused(self._ms(at_sample), self._arrived_at - since / HEARING_RATE_HZ)

    # --- orders -----------------------------------------------------------------------------------------------------

    def perform(self, order: HearingOrder) -> None:
        """Do what concerns the ears."""
        match order:
            case OpenTurn(item_id=item_id, audio_start_ms=audio_start_ms):
                self.transcribing.open(item_id, audio_start_ms * HEARING_RATE_HZ // 1000)
            case TakeBuffer(item_id=item_id):
                self.transcribing.take_buffer(item_id)
            case TakeRecording(item_id=item_id, recording=recording):
                self.transcribing.take_recording(item_id, recording)
            case AssessTurn(item_id=item_id, pause=pause):
                self.transcribing.assess(item_id, pause)
            case TranscribeTurn(item_id=item_id, pause=pause):
                self.transcribing.transcribe(item_id, pause)
            case CloseTurn(item_id=item_id):
                self._segmenter.end_turn()
                self._loudness.ended(by_caller=True)
                self.transcribing.close(item_id)
            case DiscardTurn(item_id=item_id):
                self._segmenter.end_turn()
                self._loudness.ended(by_caller=False)
                self.transcribing.discard(item_id)
            case ClearInput():
                self._segmenter.end_turn()
                self.transcribing.clear()
            case _:
                assert_never(order)

    def configure(self, settings: Settings) -> None:
        """Follow new settings; going from marked turns to detected ones, or back, begins with nothing heard."""
        was_manual = self._settings.turn_detection is None
        self._settings = settings
        self._segmenter.configure(_segmenter_settings(settings))
        self._recent.keep(_kept_samples(settings))
        self._take_unwindowed(self.cleaning.follow(settings.noise_reduction))
        self.transcribing.hints = _hints(settings)
        if was_manual != (settings.turn_detection is None):
            self.transcribing.drop_buffer()
            self._segmenter.end_turn()
            self._unwindowed_samples += self._windows.pending_samples
            self._windows.clear()

    def catch_up(self) -> None:
        """Take in what is held back: the client says that its audio ends here."""
        self._take_unwindowed(self.cleaning.flush())

    def _take_unwindowed(self, samples: Samples) -> None:
        if not len(samples):
            return
        self._recent.append(samples)
        self._unwindowed_samples += len(samples)
        if self._settings.turn_detection is None:
            self.transcribing.push_buffer(samples)
        else:
            self.transcribing.push(samples)

    async def set_up(self, input_format: WireFormat) -> None:
        """Follow a new input format from the next audio on."""
        if input_format == self._input_format:
            return

        def hear_it() -> None:
            self._decoder = input_format.open_decoder()
            self._resampler = StreamResampler(input_format.rate_hz, HEARING_RATE_HZ)

        self._input_format = input_format
        await self.intake.set_up(input_format, hear_it)

    @property
    def buffered_ms(self) -> int:
        """Audio in the input buffer, when the client marks the turns."""
        return self.transcribing.buffered_samples * 1000 // HEARING_RATE_HZ

    # --- audio time -------------------------------------------------------------------------------------------------

    def _stream_sample(self, at_sample: int) -> int:
        """Where a sample that the segmenter names lies in all audio of the call."""
        return at_sample + self._unwindowed_samples

    def _ms(self, at_sample: int) -> int:
        return self._stream_sample(at_sample) * 1000 // HEARING_RATE_HZ


def _decoded(audio: bytes, input_format: AudioFormat) -> Samples:
    resampler = StreamResampler(input_format.rate_hz, HEARING_RATE_HZ)
    whole = audio[: len(audio) - len(audio) % input_format.bytes_per_sample]
    return np.concatenate([resampler.push(input_format.decode(whole)), resampler.flush()])


def _encoded(audio: Samples, input_format: AudioFormat) -> bytes:
    resampler = StreamResampler(HEARING_RATE_HZ, input_format.rate_hz)
    return input_format.encode(np.concatenate([resampler.push(audio), resampler.flush()]))


def _hints(settings: Settings) -> TranscriptionHints:
    return TranscriptionHints(settings.language, settings.keyterms)


def _kept_samples(settings: Settings) -> int:
    """What a turn that opens now may begin with."""
    before_ms = 0 if settings.turn_detection is None else settings.turn_detection.prefix_padding_ms
    return (before_ms + UNTIL_BELIEVED_MS) * HEARING_RATE_HZ // 1000


def _segmenter_settings(settings: Settings) -> SegmenterSettings:
    if settings.turn_detection is None:
        return SegmenterSettings()
    return SegmenterSettings(threshold=max(settings.turn_detection.threshold, QUIETEST_THRESHOLD))
