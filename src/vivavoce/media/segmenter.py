"""Speech probabilities to the boundaries of speech, in audio time.

One `Segmenter` belongs to one call's hearing and dies with it. It has no clock: time is the number of samples that the
windows stand for (512 at 16 kHz, 32 ms each), so the same audio gives the same boundaries however late it comes.

    idle --SpeechBegan--> speaking --SpeechPaused--> paused --SpeechResumed--> speaking
      ^                      |                         |
      +------ end_turn ------+--------- end_turn ------+

Before `SpeechBegan` comes `SpeechSuspected`, by a glance at a window before it has filled or by the window; where it
does not come, `SuspicionCleared`. Whether a pause ends the turn
is decided elsewhere; the decision comes back as `end_turn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

WINDOW_SAMPLES = 512
"""One probability stands for this many samples."""

RATE_HZ = 16_000

HYSTERESIS = 0.15
"""Speech that was believed is believed down to this much below the threshold."""

FADING_SAMPLES = 2 * WINDOW_SAMPLES
"""So much of what was believed below the threshold is the sound of the last word dying away."""


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """What counts as speech and as a pause. Durations are rounded up to whole windows of 32 ms.

    `minimum_speech_ms`: loud windows in a row before speech is believed; `minimum_resume_ms`: the same after a pause;
    `pause_ms`: quiet before a pause is told;
    `suspicion`: a first window with this probability is suspected to be speech, if that is below the threshold.
    """

    threshold: float = 0.5
    minimum_speech_ms: int = 96
    minimum_resume_ms: int = 64
    pause_ms: int = 64
    suspicion: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"the speech threshold lies above 0 and at most at 1, got {self.threshold}")
        if min(self.minimum_speech_ms, self.minimum_resume_ms, self.pause_ms) < 0:
            raise ValueError("the durations of speech and pauses are not negative")

    @property
    def release_threshold(self) -> float:
        """Below this, a window within speech is quiet."""
        return max(self.threshold - HYSTERESIS, 0.0)


@dataclass(frozen=True, slots=True)
class SpeechSuspected:
    """The first loud window, ended by `SpeechBegan` or `SuspicionCleared`."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class SuspicionCleared:
    """It was too short to be speech."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks, since the first sample of the first loud window."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The caller is silent, since the probability fell below the threshold.

    That lies between two windows: a probability stands for the middle of its window, and falls evenly to the next.
    So the end of speech does not depend on how the windows happen to lie over it.
    """

    at_sample: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The caller speaks again within the same turn, since the first sample of the first loud window."""

    at_sample: int


Boundary = SpeechSuspected | SuspicionCleared | SpeechBegan | SpeechPaused | SpeechResumed


class SegmenterState(Enum):
    IDLE = "idle"
    SPEAKING = "speaking"
    PAUSED = "paused"


def _ms_to_samples(duration_ms: int) -> int:
    return duration_ms * RATE_HZ // 1000


class Segmenter:
    """Turns one probability per window into boundaries. Deterministic; see the module's diagram."""

    def __init__(self, settings: SegmenterSettings | None = None) -> None:
        self._settings = settings or SegmenterSettings()
        self._state = SegmenterState.IDLE
        self._position_samples = 0
        self._loud_since_sample: int | None = None
        self._suspected = False
        self._began_sample = 0
        self._last_loud_end_sample = 0
        self._fell_at_sample: int | None = None
        self._latest_probability = 0.0

    @property
    def state(self) -> SegmenterState:
        return self._state

    @property
    def position_samples(self) -> int:
        """Audio time: how many samples the windows pushed so far stand for."""
        return self._position_samples

    @property
    def is_fading(self) -> bool:
        """Whether the latest window within speech was quiet: a pause may be coming."""
        return self._state is SegmenterState.SPEAKING and self._last_loud_end_sample < self._position_samples

    @property
    def spoken_samples(self) -> int:
        """How long the speech under way has lasted, its latest quiet windows left out."""
        return self._last_loud_end_sample - self._began_sample

    def configure(self, settings: SegmenterSettings) -> None:
        """Use other settings from the next window on; state and audio time stay."""
        self._settings = settings

    def end_turn(self) -> None:
        """The turn is over: the next speech is `SpeechBegan`.

        After a pause, loud windows that have already come still count towards it; in the midst of speech the caller
        has to be loud for `minimum_speech_ms` anew.
        """
        self._state = SegmenterState.IDLE

    def glance(self, probability: float) -> list[Boundary]:
        """Take the probability of what has come of the next window, and of as much before it: there may be speech.

        Nothing else follows from it, and the window itself confirms the suspicion or clears it.
        """
        if self._state is not SegmenterState.IDLE or self._suspected:
            return []
        return self._suspect(probability, self._position_samples)

    def push(self, probability: float) -> list[Boundary]:
        """Take the next window's speech probability; give the boundaries that follow."""
        window_start = self._position_samples
        self._position_samples += WINDOW_SAMPLES
        before, self._latest_probability = self._latest_probability, probability
        if self._state is SegmenterState.SPEAKING:
            self._notice_fall(before, probability, window_start)
            return self._push_while_speaking(probability)
        return self._push_while_quiet(probability, window_start)

    def _notice_fall(self, before: float, probability: float, window_start: int) -> None:
        threshold = self._settings.threshold
        if probability >= threshold:
            self._fell_at_sample = None
        elif self._fell_at_sample is None:
            fallen = (before - threshold) / (before - probability) if before >= threshold else 0.5
            self._fell_at_sample = window_start + round((fallen - 0.5) * WINDOW_SAMPLES)

    def _push_while_speaking(self, probability: float) -> list[Boundary]:
        if probability >= self._settings.release_threshold:
            self._last_loud_end_sample = self._position_samples
            return []
        if self._position_samples - self._last_loud_end_sample < _ms_to_samples(self._settings.pause_ms):
            return []
        self._state = SegmenterState.PAUSED
        assert self._fell_at_sample is not None, "what is quiet enough for a pause is below the threshold"
        return [SpeechPaused(max(self._fell_at_sample, self._last_loud_end_sample - FADING_SAMPLES))]

    def _push_while_quiet(self, probability: float, window_start: int) -> list[Boundary]:
        resuming = self._state is SegmenterState.PAUSED
        told = [] if resuming else self._suspect(probability, window_start)
        if probability < self._settings.threshold:
            self._loud_since_sample = None
            return told
        if self._loud_since_sample is None:
            self._loud_since_sample = window_start
        began_sample = self._loud_since_sample
        needed_ms = self._settings.minimum_resume_ms if resuming else self._settings.minimum_speech_ms
        if self._position_samples - began_sample < _ms_to_samples(needed_ms):
            return told
        if not resuming:
            self._began_sample = began_sample
        self._state = SegmenterState.SPEAKING
        self._loud_since_sample, self._suspected, self._fell_at_sample = None, False, None
        self._last_loud_end_sample = self._position_samples
        return [*told, SpeechResumed(began_sample) if resuming else SpeechBegan(began_sample)]

    def _suspect(self, probability: float, window_start: int) -> list[Boundary]:
        suspicious = probability >= min(self._settings.suspicion, self._settings.threshold)
        if suspicious == self._suspected:
            return []
        self._suspected = suspicious
        return [SpeechSuspected(window_start) if suspicious else SuspicionCleared(window_start)]
