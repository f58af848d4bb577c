"""The pure pieces of the labelled set and of the figures that `bench.turns` prints: labels, halves, shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bench.labelled_speech import cutting, noises
from bench.labelled_speech.cutting import Span
from bench.labelled_speech.interruption_set import Kind
from bench.labelled_speech.recipes import Half, half_of, number_of
from bench.turns.endpointing import EndpointOutcome
from bench.turns.interruptions import InterruptionOutcome
from bench.turns.report import endpoint_figures, interruption_figures, right

from vivavoce.engines.ports import Samples

SYNTHETIC = True


def _speech(*spans: Span, total_ms: int) -> Samples:
    """Noise of a voice's level in the spans, of a line's elsewhere."""
    sound = cutting.silence(total_ms, 1)
    for span in spans:
        start = cutting.samples_of(span.start_ms)
        count = cutting.samples_of(span.length_ms)
        sound[start : start + count] = cutting.white_noise(count, cutting.SPEECH_RMS, span.start_ms)
    return sound


@pytest.mark.parametrize(
    ("spans", "heard"),
    [
        pytest.param((), [], id="silence holds no speech"),
        pytest.param((Span(200, 700),), [Span(200, 700)], id="one word is one span"),
        pytest.param(
            (Span(200, 700), Span(1000, 1500)), [Span(200, 700), Span(1000, 1500)], id="a pause of 300 ms parts two"
        ),
        pytest.param((Span(200, 700), Span(800, 1500)), [Span(200, 1500)], id="a break of 100 ms parts nothing"),
        pytest.param((Span(200, 700), Span(1500, 1530)), [Span(200, 700)], id="a click of 30 ms is no speech"),
    ],
)
def test_speech_is_found_where_it_is_loud(spans: tuple[Span, ...], heard: list[Span]) -> None:
    assert cutting.speech_spans(_speech(*spans, total_ms=2_000)) == heard


def test_every_voice_is_brought_to_the_same_level() -> None:
    quiet = cutting.attenuated(_speech(Span(300, 1_200), total_ms=1_500), 20)
    assert cutting.active_rms(cutting.levelled(quiet)) == pytest.approx(cutting.SPEECH_RMS, rel=0.01)


def test_the_halves_follow_from_the_name_alone_and_both_are_filled() -> None:
    halves = [half_of(f"clip {number}") for number in range(200)]
    assert halves == [half_of(f"clip {number}") for number in range(200)]
    assert 60 < halves.count(Half.TUNE) < 140
    assert number_of("clip 1") == 2516145161


@pytest.mark.parametrize("make", [noises.cough, noises.door_slam, noises.typing, noises.hum])
def test_a_made_sound_is_the_same_every_time_and_another_for_another_seed(make: Callable[[int], Samples]) -> None:
    assert np.array_equal(make(3), make(3))
    assert not np.array_equal(make(3)[:1_000], make(4)[:1_000])
    assert float(np.abs(make(3)).max()) <= 1


def _heard(kind: Kind, *, stopped: bool, answered: bool = False) -> InterruptionOutcome:
    ducked_ms = 100.0 if stopped else None
    return InterruptionOutcome(
        "clip", kind, Half.TUNE, SYNTHETIC, stopped, answered, ducked_ms, *(ducked_ms,) * 4, 0.0, 0.0, ()
    )


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(_heard(Kind.INTERRUPTION, stopped=True), True, id="an interruption has to stop the agent"),
        pytest.param(_heard(Kind.INTERRUPTION, stopped=False), False, id="an interruption that is ignored is wrong"),
        pytest.param(_heard(Kind.BACKCHANNEL, stopped=True), False, id="a backchannel must not stop it"),
        pytest.param(_heard(Kind.NOISE, stopped=False), True, id="noise goes unheeded"),
        pytest.param(_heard(Kind.ANSWER, stopped=False, answered=True), True, id="an answer is to be answered"),
        pytest.param(_heard(Kind.ANSWER, stopped=True), False, id="an answer that only stops the agent is lost"),
    ],
)
def test_what_is_right_depends_on_what_was_said(outcome: InterruptionOutcome, expected: bool) -> None:
    assert right(outcome) is expected


def test_shares_of_interruptions_are_counted_by_what_was_to_happen() -> None:
    figures = interruption_figures(
        "as it is",
        [
            _heard(Kind.INTERRUPTION, stopped=True),
            _heard(Kind.INTERRUPTION, stopped=False),
            _heard(Kind.BACKCHANNEL, stopped=True),
            _heard(Kind.NOISE, stopped=False),
            _heard(Kind.ANSWER, stopped=True, answered=True),
        ],
    )
    assert (figures.caught, figures.ignored, figures.answered) == (0.5, 0.5, 1.0)
    assert figures.by_kind["backchannel"] == 0.0
    assert figures.heard_ducked_p50_ms == 100


def _ended(over_ms: float | None, cut: tuple[int, ...] = (), hasty: tuple[int, ...] = ()) -> EndpointOutcome:
    return EndpointOutcome("clip", "made up", Half.TUNE, SYNTHETIC, 2, 1, cut, hasty, over_ms, over_ms, ())


def test_a_cut_inside_a_sentence_counts_and_one_between_sentences_is_counted_apart() -> None:
    figures = endpoint_figures("as it is", [_ended(200), _ended(400, cut=(0,)), _ended(300, hasty=(2,)), _ended(None)])
    assert (figures.turns, figures.cut_turns, figures.cut_pauses, figures.hasty_pauses) == (4, 0.25, 0.125, 0.25)
    assert (figures.never_over, figures.over_p50_ms, figures.over_p95_ms) == (1, 300, 400)
