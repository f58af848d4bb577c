"""Tests of the segmenter: probabilities in, boundaries in audio time out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vivavoce.media.segmenter import (
    WINDOW_SAMPLES,
    Boundary,
    Segmenter,
    SegmenterSettings,
    SegmenterState,
    SpeechBegan,
    SpeechPaused,
    SpeechResumed,
    SpeechSuspected,
    SuspicionCleared,
)

# One letter a window: L loud, m between release and threshold, . quiet. E: the owner ends the turn here.
PROBABILITIES = {"L": 0.9, "m": 0.4, ".": 0.1}
DEFAULTS = SegmenterSettings()
BEGUN = [(1, "SpeechSuspected", 0), (3, "SpeechBegan", 0)]


def _hear(sound: str, settings: SegmenterSettings = DEFAULTS) -> list[tuple[int, str, int]]:
    """(windows pushed, boundary, window the boundary lies before) for every boundary."""
    segmenter = Segmenter(settings)
    heard: list[tuple[int, str, int]] = []
    for letter in sound:
        if letter == "E":
            segmenter.end_turn()
            continue
        for boundary in segmenter.push(PROBABILITIES[letter]):
            pushed = segmenter.position_samples // WINDOW_SAMPLES
            heard.append((pushed, type(boundary).__name__, boundary.at_sample // WINDOW_SAMPLES))
    return heard


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        pytest.param("......", [], id="silence has no boundaries"),
        pytest.param(
            "..LL....",
            [(3, "SpeechSuspected", 2), (5, "SuspicionCleared", 4)],
            id="two loud windows are suspicious and not yet speech",
        ),
        pytest.param(
            "..LLL",
            [(3, "SpeechSuspected", 2), (5, "SpeechBegan", 2)],
            id="the third loud window in a row makes speech, since the first",
        ),
        pytest.param(
            "LL.LLL",
            [(1, "SpeechSuspected", 0), (3, "SuspicionCleared", 2), (4, "SpeechSuspected", 3), (6, "SpeechBegan", 3)],
            id="a quiet window between starts the count anew",
        ),
        pytest.param(
            "LLmLLL",
            [(1, "SpeechSuspected", 0), (6, "SpeechBegan", 3)],
            id="before speech a middling window counts as quiet, and is suspicious",
        ),
        pytest.param("LLLmmmmm", BEGUN, id="within speech a middling window counts as loud"),
        pytest.param("LLL.LL.L", BEGUN, id="one quiet window is not yet a pause"),
        pytest.param(
            "LLLm...",
            [*BEGUN, (6, "SpeechPaused", 3)],
            id="the second quiet window makes a pause, since the sound fell below the threshold",
        ),
        pytest.param(
            "LLL......LL",
            [*BEGUN, (5, "SpeechPaused", 3), (11, "SpeechResumed", 9)],
            id="two loud windows resume speech after a pause, and are no suspicion",
        ),
        pytest.param("LLL...L...", [*BEGUN, (5, "SpeechPaused", 3)], id="one loud window does not resume"),
        pytest.param("LLL...mmmm", [*BEGUN, (5, "SpeechPaused", 3)], id="middling windows do not resume speech"),
        pytest.param(
            "LLL...ELLL",
            [*BEGUN, (5, "SpeechPaused", 3), (7, "SpeechSuspected", 6), (9, "SpeechBegan", 6)],
            id="after the end of the turn speech begins instead of resuming",
        ),
        pytest.param(
            "LLL...LELL",
            [*BEGUN, (5, "SpeechPaused", 3), (8, "SpeechSuspected", 7), (9, "SpeechBegan", 6)],
            id="a loud window just before the end of the turn counts towards the next",
        ),
        pytest.param(
            "LLL...LE..",
            [*BEGUN, (5, "SpeechPaused", 3)],
            id="a suspicion that was not told is not cleared",
        ),
        pytest.param(
            "LLE.LL",
            [(1, "SpeechSuspected", 0), (3, "SuspicionCleared", 2), (4, "SpeechSuspected", 3)],
            id="a suspicion outlives the end of a turn",
        ),
        pytest.param(
            "LLLLELLL",
            [*BEGUN, (5, "SpeechSuspected", 4), (7, "SpeechBegan", 4)],
            id="a turn ended in the midst of speech is followed by the next one",
        ),
        pytest.param(
            "LLLELL...",
            [*BEGUN, (4, "SpeechSuspected", 3), (6, "SuspicionCleared", 5)],
            id="what follows a turn ended in mid-speech has to be long enough anew",
        ),
        pytest.param(
            "LLL...LL...",
            [*BEGUN, (5, "SpeechPaused", 3), (8, "SpeechResumed", 6), (10, "SpeechPaused", 8)],
            id="resumed speech pauses again",
        ),
    ],
)
def test_boundaries(sound: str, expected: list[tuple[int, str, int]]) -> None:
    assert _hear(sound) == expected


@pytest.mark.parametrize(
    ("settings", "sound", "expected"),
    [
        pytest.param(
            replace(DEFAULTS, minimum_speech_ms=0),
            ".L",
            [(2, "SpeechSuspected", 1), (2, "SpeechBegan", 1)],
            id="no minimum believes one window",
        ),
        pytest.param(
            replace(DEFAULTS, minimum_speech_ms=97),
            "LLLL",
            [(1, "SpeechSuspected", 0), (4, "SpeechBegan", 0)],
            id="a minimum beyond a whole window waits for the next",
        ),
        pytest.param(
            replace(DEFAULTS, pause_ms=0),
            "LLL.",
            [*BEGUN, (4, "SpeechPaused", 3)],
            id="no minimum pause tells the first quiet window",
        ),
        pytest.param(replace(DEFAULTS, threshold=0.3), "mmm", BEGUN, id="a lower threshold hears quieter speech"),
        pytest.param(
            replace(DEFAULTS, threshold=0.95),
            "LLLLL",
            [(1, "SpeechSuspected", 0)],
            id="a higher threshold does not hear it, but suspects it",
        ),
        pytest.param(
            DEFAULTS,
            ".mm..",
            [(2, "SpeechSuspected", 1), (4, "SuspicionCleared", 3)],
            id="a middling sound is suspected and no more",
        ),
        pytest.param(replace(DEFAULTS, suspicion=0.5), ".mm..", [], id="a higher suspicion does not mind it"),
        pytest.param(replace(DEFAULTS, threshold=0.1, pause_ms=32), "LLL.....", BEGUN, id="release never below 0"),
    ],
)
def test_settings(settings: SegmenterSettings, sound: str, expected: list[tuple[int, str, int]]) -> None:
    assert _hear(sound, settings) == expected


def test_settings_change_in_the_midst_of_speech() -> None:
    segmenter = Segmenter()
    for _ in range(3):
        segmenter.push(0.9)
    segmenter.configure(SegmenterSettings(pause_ms=32))
    assert segmenter.state is SegmenterState.SPEAKING
    assert segmenter.push(0.1) == [SpeechPaused(3 * WINDOW_SAMPLES)]


@pytest.mark.parametrize(
    ("probabilities", "windows"),
    [
        pytest.param([0.9, 0.1, 0.1], 3.0, id="the threshold is crossed half-way between two windows"),
        pytest.param([0.5, 0.1, 0.1], 2.5, id="a last window at the threshold ends in its middle"),
        pytest.param([0.9, 0.45, 0.1, 0.1], 3 - 0.5 + 0.4 / 0.45, id="a window just below it ends before its middle"),
        pytest.param([0.9, *[0.4] * 6, 0.1, 0.1], 7.0, id="of a long soft end all but the dying of a word is speech"),
        pytest.param([0.9, 0.4, 0.6, 0.2, 0.2], 5 - 0.5 + 0.1 / 0.4, id="only the last fall counts"),
    ],
)
def test_speech_ends_where_its_probability_falls_below_the_threshold(
    probabilities: list[float], windows: float
) -> None:
    segmenter = Segmenter()
    told = [boundary for probability in (0.9, 0.9, *probabilities) for boundary in segmenter.push(probability)]
    assert told[-1] == SpeechPaused(round(windows * WINDOW_SAMPLES))
    assert [type(each) for each in told] == [SpeechSuspected, SpeechBegan, SpeechPaused]


def test_a_threshold_that_rises_in_mid_speech_ends_it_where_the_next_window_begins() -> None:
    segmenter = Segmenter()
    for _ in range(3):
        segmenter.push(0.6)
    segmenter.configure(SegmenterSettings(threshold=0.9, pause_ms=32))
    assert segmenter.push(0.6) == [SpeechPaused(3 * WINDOW_SAMPLES)]


@pytest.mark.parametrize(
    ("threshold", "durations_ms", "message"),
    [
        pytest.param(0.0, (96, 64, 96), "speech threshold", id="a threshold that everything passes"),
        pytest.param(1.1, (96, 64, 96), "speech threshold", id="a threshold that nothing passes"),
        pytest.param(0.5, (-1, 64, 96), "not negative", id="a negative minimum of speech"),
        pytest.param(0.5, (96, -1, 96), "not negative", id="a negative minimum of resumed speech"),
        pytest.param(0.5, (96, 64, -1), "not negative", id="a negative pause"),
    ],
)
def test_settings_without_meaning_are_refused(
    threshold: float, durations_ms: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SegmenterSettings(threshold, *durations_ms)


class SegmenterHistory(RuleBasedStateMachine):
    """Any sound, any settings, turns ended at any time: boundaries keep their order."""

    def __init__(self) -> None:
        super().__init__()
        self.segmenter = Segmenter()
        self.boundaries: list[Boundary | None] = []

    @rule(probabilities=st.lists(st.sampled_from([0.05, 0.4, 0.6, 0.95]), min_size=1, max_size=12))
    def hear(self, probabilities: list[float]) -> None:
        for probability in probabilities:
            found = self.segmenter.push(probability)
            assert [type(each) for each in found] in (
                [],
                [SpeechSuspected, SpeechBegan],
                [type(each) for each in found[:1]],
            )
            self.boundaries += found

    @rule(probability=st.sampled_from([0.05, 0.4, 0.95]))
    def glance(self, probability: float) -> None:
        self.boundaries += self.segmenter.glance(probability)

    @rule()
    def end_turn(self) -> None:
        self.segmenter.end_turn()
        self.boundaries.append(None)

    @rule(
        threshold=st.floats(0.1, 1.0),
        minimum_speech_ms=st.integers(0, 300),
        minimum_resume_ms=st.integers(0, 300),
        pause_ms=st.integers(0, 300),
    )
    def configure(self, threshold: float, minimum_speech_ms: int, minimum_resume_ms: int, pause_ms: int) -> None:
        self.segmenter.configure(SegmenterSettings(threshold, minimum_speech_ms, minimum_resume_ms, pause_ms))

    @invariant()
    def time_never_goes_back(self) -> None:
        doubts = SpeechSuspected | SuspicionCleared
        times = [each.at_sample for each in self.boundaries if each is not None and not isinstance(each, doubts)]
        assert times == sorted(times)
        assert not times or times[-1] <= self.segmenter.position_samples
        began = [each.at_sample for each in self.boundaries if isinstance(each, SpeechBegan | SpeechResumed)]
        assert all(time % WINDOW_SAMPLES == 0 for time in began)

    @invariant()
    def speech_and_pauses_alternate(self) -> None:
        allowed: set[type[Boundary]] = {SpeechBegan}
        for boundary in self.boundaries:
            if isinstance(boundary, SpeechSuspected | SuspicionCleared):
                continue
            if boundary is None:
                allowed = {SpeechBegan}
                continue
            assert type(boundary) in allowed
            allowed = {SpeechResumed} if isinstance(boundary, SpeechPaused) else {SpeechPaused}

    @invariant()
    def a_suspicion_comes_to_one_end(self) -> None:
        suspected = False
        for boundary in self.boundaries:
            match boundary:
                case SpeechSuspected():
                    assert not suspected, "suspected twice"
                    suspected = True
                case SuspicionCleared() | SpeechBegan():
                    assert suspected, "nothing was suspected"
                    suspected = False
                case SpeechPaused() | SpeechResumed():
                    assert not suspected, "suspected, and neither speech nor none"
                case _:
                    pass

    @invariant()
    def speech_lasts_from_its_beginning(self) -> None:
        if self.segmenter.state is not SegmenterState.IDLE:
            assert 0 < self.segmenter.spoken_samples <= self.segmenter.position_samples


TestSegmenterHistory = SegmenterHistory.TestCase


@pytest.mark.parametrize(
    ("before", "glances", "after", "expected"),
    [
        pytest.param("..", "L", "", ["SpeechSuspected"], id="a glance at speech raises a suspicion"),
        pytest.param("..", "LL", "", ["SpeechSuspected"], id="a second glance says nothing new"),
        pytest.param("..", ".", "", [], id="a glance at quiet says nothing"),
        pytest.param("..", "L", ".", ["SpeechSuspected", "SuspicionCleared"], id="the window itself clears it"),
        pytest.param("..", "L", "LLL", ["SpeechSuspected", "SpeechBegan"], id="or goes on with it"),
        pytest.param("L", ".", "LL", ["SpeechSuspected", "SpeechBegan"], id="a glance clears no suspicion"),
        pytest.param("LLL", "L", "", ["SpeechSuspected", "SpeechBegan"], id="speech is not suspected of speech"),
        pytest.param("LLL..", "L", "", ["SpeechSuspected", "SpeechBegan", "SpeechPaused"], id="nor is a pause"),
    ],
)
def test_a_glance_can_only_raise_a_suspicion(before: str, glances: str, after: str, expected: list[str]) -> None:
    segmenter = Segmenter()
    told = [boundary for letter in before for boundary in segmenter.push(PROBABILITIES[letter])]
    position = segmenter.position_samples
    told += [boundary for letter in glances for boundary in segmenter.glance(PROBABILITIES[letter])]
    assert segmenter.position_samples == position
    told += [boundary for letter in after for boundary in segmenter.push(PROBABILITIES[letter])]
    assert [type(each).__name__ for each in told] == expected


@given(st.lists(st.floats(0, 1), max_size=60))
def test_the_same_sound_has_the_same_boundaries(probabilities: list[float]) -> None:
    one, other = Segmenter(), Segmenter()
    assert [one.push(p) for p in probabilities] == [other.push(p) for p in probabilities]
