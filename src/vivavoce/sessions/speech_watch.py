"""Where the caller's speech begins, pauses and ends, and how loud it is: windows of 32 ms in, facts out.

Owned by the ears of one call, which `close` it. What it is not shown, it has to be told of (`skip`), so that audio time
stays that of all audio of the call.
"""

from __future__ import annotations

from typing import assert_never

from vivavoce.conversation.events import (
    SpeechMeasured,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechSuspected,
    SuspicionCleared,
)
from vivavoce.conversation.settings import Settings
from vivavoce.engines.ports import HEARING_RATE_HZ, VAD_WINDOW_SAMPLES, Samples, VoiceActivity
from vivavoce.media import segmenter
from vivavoce.media.loudness import SpeechLoudness, Suddenness
from vivavoce.media.segmenter import Segmenter, SegmenterSettings, SegmenterState
from vivavoce.media.windows import Windows

QUIETEST_THRESHOLD = 0.01

GLANCE_SAMPLES = 2 * VAD_WINDOW_SAMPLES
"""What a glance wants to hear."""

SpeechFact = SpeechSuspected | SuspicionCleared | SpeechStarted | SpeechPaused | SpeechResumed


class SpeechWatch:
    """Owned by one `Hearing`."""

    def __init__(self, engine: VoiceActivity, settings: Settings) -> None:
        self._vad = engine.open_stream()
        self._segmenter = Segmenter(_segmenter_settings(settings))
        self._loudness = SpeechLoudness(HEARING_RATE_HZ)
        self._suddenness = Suddenness()
        self._windows = Windows(VAD_WINDOW_SAMPLES)
        self._skipped_samples = 0

    def windows(self, samples: Samples) -> list[Samples]:
        """The caller's next samples (n,) as far as they fill windows, each to be judged."""
        return self._windows.push(samples)

    async def judge(self, window: Samples, end_sample: int, arrived_at: float) -> list[SpeechFact]:
        """What follows from the next window. Of all audio, `end_sample` samples have come, the last at `arrived_at`."""
        boundaries = self._segmenter.push(await self._vad.speech_probability(window))
        return [self._fact(boundary, end_sample, arrived_at) for boundary in boundaries]

    def is_startled(self, samples: Samples) -> bool:
        """Whether the caller's next samples (n,) are so loud that their window is not to be waited for.

        They have been cut into `windows` already, and come after a quiet that was judged.
        """
        sudden = self._suddenness.heard(samples)
        return sudden and self._windows.pending_samples > 0 and self._segmenter.state is SegmenterState.IDLE

    async def glance(self, newest: Samples) -> list[SpeechFact]:
        """What follows from the newest `GLANCE_SAMPLES`, whose last window has not filled yet."""
        boundaries = self._segmenter.glance(await self._vad.glance(newest))
        return [SpeechSuspected() for _ in boundaries]

    @property
    def is_speaking(self) -> bool:
        """Whether the caller speaks and has not paused."""
        return self._segmenter.state is SegmenterState.SPEAKING

    def hear(self, window: Samples) -> None:
        """Take the loudness of a window of speech."""
        self._loudness.heard(window)

    @property
    def is_fading(self) -> bool:
        """Whether a pause may be coming."""
        return self._loudness.is_fading or self._segmenter.is_fading

    def measured(self) -> SpeechMeasured:
        """How long and how loud the speech under way has been."""
        spoken_ms = self._segmenter.spoken_samples * 1000 // HEARING_RATE_HZ
        return SpeechMeasured(spoken_ms, self._loudness.above_usual_db)

    def end_turn(self, *, by_caller: bool) -> None:
        """The next speech is another turn. `by_caller`: what was heard was the caller's voice."""
        self._segmenter.end_turn()
        self._loudness.ended(by_caller=by_caller)

    def configure(self, settings: Settings) -> None:
        self._segmenter.configure(_segmenter_settings(settings))

    def skip(self, samples_count: int) -> None:
        """So many samples came that were not to be watched."""
        self._skipped_samples += samples_count

    def start_over(self) -> None:
        """Begin with nothing heard."""
        self.end_turn(by_caller=False)
        self.skip(self._windows.pending_samples)
        self._windows.clear()

    def close(self) -> None:
        self._vad.close()

    def _fact(self, boundary: segmenter.Boundary, end_sample: int, arrived_at: float) -> SpeechFact:
        at_sample = boundary.at_sample + self._skipped_samples
        at_ms = at_sample * 1000 // HEARING_RATE_HZ
        match boundary:
            case segmenter.SpeechSuspected():
                return SpeechSuspected()
            case segmenter.SuspicionCleared():
                return SuspicionCleared()
            case segmenter.SpeechBegan():
                return SpeechStarted(at_ms)
            case segmenter.SpeechResumed():
                return SpeechResumed(at_ms)
            case segmenter.SpeechPaused():
                return SpeechPaused(at_ms, arrived_at - (end_sample - at_sample) / HEARING_RATE_HZ)
            case _:
                assert_never(boundary)


def _segmenter_settings(settings: Settings) -> SegmenterSettings:
    if settings.turn_detection is None:
        return SegmenterSettings()
    return SegmenterSettings(threshold=max(settings.turn_detection.threshold, QUIETEST_THRESHOLD))
