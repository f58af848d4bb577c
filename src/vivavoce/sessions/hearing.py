"""The ears of one call: the caller's audio in, facts about speech out.

The straight road of the audio plane: bytes → samples at 16 kHz → windows → voice activity → boundaries → facts; the
same samples feed the transcription of the open turn. Owned by a session; `run` lives as long as the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from vivavoce.conversation.events import Event, SpeechResumed
from vivavoce.conversation.identifiers import ItemId
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
from vivavoce.engines.ports import HEARING_RATE_HZ, Samples, TranscriptionHints
from vivavoce.media.formats import AudioFormat
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.media.resampling import StreamResampler
from vivavoce.media.wire_formats import StreamDecoder, WireFormat
from vivavoce.sessions.cleaning import Cleaning
from vivavoce.sessions.intake import Intake
from vivavoce.sessions.item_audio import ItemAudio
from vivavoce.sessions.ports import CallTap, Engines, Spawn
from vivavoce.sessions.speech_watch import GLANCE_SAMPLES, SpeechWatch
from vivavoce.sessions.transcribing import Transcribing

LONGEST_TURN_SECONDS = 30
"""What is kept of a longer turn: its end."""

UNTIL_BELIEVED_MS = 500
"""How long after its first sample speech is believed, at most, and its turn opened: until then its audio is kept."""


class Hearing:
    """Owned by one session. `intake` is where the caller's audio comes in, and what is to happen after it.

    `tap`: is let hear what comes, as it comes.
    """

    def __init__(
        self,
        engines: Engines,
        input_format: WireFormat,
        settings: Settings,
        submit: Callable[[Event], None],
        spawn: Spawn,
        listens_closely: Callable[[], bool],
        tap: CallTap | None = None,
    ) -> None:
        self._submit = submit
        self.tap = tap
        self._listens_closely = listens_closely
        self._settings = settings
        self.intake = Intake(input_format)
        self.cleaning = Cleaning(engines.audio_processing, settings.noise_reduction)
        self._speech = SpeechWatch(engines.voice_activity, settings)
        self._recent = RecentAudio(_kept_samples(settings), LONGEST_TURN_SECONDS * HEARING_RATE_HZ)
        self._arrived_at = 0.0
        self._input_format = input_format
        self._decoder = _opened(input_format, self.tap)
        self._resampler = StreamResampler(input_format.rate_hz, HEARING_RATE_HZ)
        self.item_audio = ItemAudio(spawn)
        self._retrieving = asyncio.Lock()  # a client may ask for all items at once
        self._transcribing = Transcribing(
            engines, self._recent, self.item_audio, _hints(settings), submit, spawn, listens_closely
        )

    @property
    def heard_ms(self) -> int:
        """How much of the caller's audio has been heard since the call began."""
        return self._recent.end_sample * 1000 // HEARING_RATE_HZ

    async def heard(self, audio: bytes) -> Samples:
        """A recording in the input format as the ears take it, apart from the caller's stream."""
        return await asyncio.to_thread(_decoded, audio, self._input_format.of_recordings)

    async def sound_of(self, item_id: ItemId) -> bytes | None:
        """The caller's sound of an item in the input format; None if there is none (any more)."""
        async with self._retrieving:
            audio = await self.item_audio.of(item_id)
            if audio is None:
                return None
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
            self._speech.close()
            self.cleaning.close()
            self._transcribing.end()
            await self.item_audio.close()

    async def _hear(self, samples: Samples) -> None:
        now = asyncio.get_running_loop().time()
        self.intake.eager = self.cleaning.is_agent_sounding(now)
        samples = self.cleaning.process(samples, now)
        self._recent.append(samples)
        self._arrived_at = now - self.cleaning.held_seconds
        if self._settings.turn_detection is None:
            self._transcribing.push_buffer(samples)
            self._speech.skip(len(samples))
            return
        self._transcribing.push(samples)
        for window in self._speech.windows(samples):
            for fact in await self._speech.judge(window, self._recent.end_sample, self._arrived_at):
                if isinstance(fact, SpeechResumed):
                    self._transcribing.go_on()
                self._submit(fact)
            if self._speech.is_speaking:
                self._speech.hear(window)
                self._transcribing.anticipate(pause=self._speech.is_fading)
                if self._listens_closely():
                    self._submit(self._speech.measured())
        if self.intake.eager and self._speech.is_startled(samples):
            end = self._recent.end_sample
            for fact in await self._speech.glance(self._recent.slice(end - GLANCE_SAMPLES, end)):
                self._submit(fact)

    # --- orders -----------------------------------------------------------------------------------------------------

    def perform(self, order: HearingOrder) -> None:
        """Do what concerns the ears."""
        match order:
            case OpenTurn(item_id=item_id, audio_start_ms=audio_start_ms):
                self._transcribing.open(item_id, audio_start_ms * HEARING_RATE_HZ // 1000)
            case TakeBuffer(item_id=item_id):
                self._transcribing.take_buffer(item_id)
            case TakeRecording(item_id=item_id, recording=recording):
                self._transcribing.take_recording(item_id, recording)
            case AssessTurn(item_id=item_id, pause=pause):
                self._transcribing.turn(item_id).assess(pause)
            case TranscribeTurn(item_id=item_id, pause=pause):
                self._transcribing.turn(item_id).transcribe(pause)
            case CloseTurn(item_id=item_id):
                self._speech.end_turn(by_caller=True)
                self._transcribing.close(item_id)
            case DiscardTurn(item_id=item_id):
                self._speech.end_turn(by_caller=False)
                self._transcribing.discard(item_id)
            case ClearInput():
                self._speech.end_turn(by_caller=False)
                self._transcribing.clear()
            case _:
                assert_never(order)

    def configure(self, settings: Settings) -> None:
        """Follow new settings; going from marked turns to detected ones, or back, begins with nothing heard."""
        was_manual = self._settings.turn_detection is None
        self._settings = settings
        self._speech.configure(settings)
        self._recent.keep(_kept_samples(settings))
        self._take_unwindowed(self.cleaning.follow(settings.noise_reduction))
        self._transcribing.hints = _hints(settings)
        if was_manual != (settings.turn_detection is None):
            self._transcribing.drop_buffer()
            self._speech.start_over()

    def catch_up(self) -> None:
        """Take in what is held back: the client says that its audio ends here."""
        self._take_unwindowed(self.cleaning.flush())

    def _take_unwindowed(self, samples: Samples) -> None:
        if not len(samples):
            return
        self._recent.append(samples)
        self._speech.skip(len(samples))
        if self._settings.turn_detection is None:
            self._transcribing.push_buffer(samples)
        else:
            self._transcribing.push(samples)

    async def set_up(self, input_format: WireFormat) -> None:
        """Follow a new input format from the next audio on."""
        if input_format == self._input_format:
            return

        def hear_it() -> None:
            self._decoder = _opened(input_format, self.tap)
            self._resampler = StreamResampler(input_format.rate_hz, HEARING_RATE_HZ)

        self._input_format = input_format
        await self.intake.set_up(input_format, hear_it)

    @property
    def buffered_ms(self) -> int:
        """Audio in the input buffer, when the client marks the turns."""
        return self._transcribing.buffered_samples * 1000 // HEARING_RATE_HZ


def _opened(input_format: WireFormat, tap: CallTap | None) -> StreamDecoder:
    decoder = input_format.open_decoder()
    return decoder if tap is None else _TappedDecoder(decoder, input_format.rate_hz, tap)


@dataclass(frozen=True, slots=True)
class _TappedDecoder:
    """Lets the tap hear what is decoded, before anything is done to it."""

    decoder: StreamDecoder
    rate_hz: int
    tap: CallTap

    def decode(self, pieces: Sequence[bytes]) -> Samples:
        samples = self.decoder.decode(pieces)
        self.tap.hear(samples, self.rate_hz, asyncio.get_running_loop().time())
        return samples


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
