"""Tests of smart-turn's features and of what it says about recorded speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recorded_speech import sentence

from vivavoce.engines.ports import EngineError, Samples
from vivavoce.engines.turn.log_mel import log_mel, normalized
from vivavoce.engines.turn.smart_turn import HEARD_SAMPLES, SmartTurnDetector


def _sweep() -> Samples:
    """Two seconds of silence, then a tone that rises by 900 Hz a second."""
    time = np.arange(HEARD_SAMPLES) / 16_000
    sweep = (0.3 * np.sin(2 * np.pi * (100 * time + 450 * time * time))).astype(np.float32)
    sweep[:32_000] = 0
    return sweep


# Made with WhisperFeatureExtractor's mathematics in float64 (the features smart-turn was trained on).
REFERENCE = {
    (0, 0): -0.3504,
    (42, 200): 1.4959,
    (43, 200): 1.5169,
    (48, 260): 1.3564,
    (56, 340): 1.5992,
    (60, 420): 1.1833,
    (66, 500): 1.5289,
    (70, 620): 1.1316,
    (73, 700): 0.5252,
    (78, 799): 1.4776,
}


def test_the_features_are_those_the_model_was_trained_on() -> None:
    features = log_mel(normalized(_sweep()))
    assert features.shape == (80, 800)
    assert features.dtype == np.float32
    for (band, frame), expected in REFERENCE.items():
        assert features[band, frame] == pytest.approx(expected, abs=1e-3), (band, frame)
    assert features.mean() == pytest.approx(-0.28726, abs=1e-4)
    assert features.std() == pytest.approx(0.29271, abs=1e-4)


def test_loudness_and_offset_do_not_change_the_features() -> None:
    quiet, loud = log_mel(normalized(0.1 * _sweep())), log_mel(normalized(_sweep() + np.float32(0.05)))
    assert np.abs(quiet - loud).max() < 0.02


def test_silence_has_features_without_infinities() -> None:
    assert np.isfinite(log_mel(normalized(np.zeros(HEARD_SAMPLES, dtype=np.float32)))).all()


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="vivavoce models pull"):
        SmartTurnDetector(tmp_path / "nowhere.onnx")


@pytest.mark.models
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "share_heard", "over"),
    [
        pytest.param("001", 1.0, True, id="'ten of clubs' is a whole turn"),
        pytest.param("005", 1.0, True, id="a list of three cards is a whole turn"),
        pytest.param("0920", 1.0, True, id="a whole sentence is a turn"),
        pytest.param("0920", 0.57, False, id="'had he married a more amiable woman he might' is not over"),
        pytest.param("0890", 0.57, False, id="'unless to be rather cold hearted and' is not over"),
    ],
)
async def test_whole_sentences_end_a_turn_and_broken_ones_do_not(
    models_directory: Path, name: str, share_heard: float, over: bool
) -> None:
    engine = SmartTurnDetector(models_directory / "smart-turn-v3.2" / "smart-turn-v3.2-cpu.onnx")
    said = sentence(name).samples
    probability = await engine.end_of_turn_probability(said[: int(said.size * share_heard)])
    await engine.close()
    assert (probability > 0.5) is over
