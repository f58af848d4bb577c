"""Whether an echo may be there: told from loudness alone, on sound that swells and fades like syllables."""

from __future__ import annotations

import numpy as np
import pytest

from vivavoce.media.echo_presence import EchoPresence
from vivavoce.media.pcm import Samples

RATE_HZ = 16_000


def _speaking(seconds: float, seed: int) -> Samples:
    """About -28 dBFS, with syllables of 125 ms of any loudness."""
    generator = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    loudness = np.repeat(generator.uniform(0.05, 1, count // 2000 + 1) ** 2, 2000)[:count]
    return (generator.normal(0, 0.1, count) * loudness).astype(np.float32)


def _hiss(seconds: float, level: float) -> Samples:
    return np.random.default_rng(99).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def _delayed(samples: Samples, seconds: float, gain: float) -> Samples:
    late = round(seconds * RATE_HZ)
    return np.concatenate((np.zeros(late, dtype=np.float32), samples[: samples.size - late])) * np.float32(gain)


def _push(presence: EchoPresence, heard: Samples, played: Samples, piece: int = 320) -> None:
    for at in range(0, heard.size, piece):
        presence.push(heard[at : at + piece], played[at : at + piece])


def _no_echo() -> EchoPresence:
    presence = EchoPresence(RATE_HZ)
    _push(presence, _hiss(2, 0.0005), _speaking(2, 7))
    assert not presence.possible
    return presence


def test_an_echo_is_possible_from_the_beginning() -> None:
    assert EchoPresence(RATE_HZ).possible


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(np.zeros(2 * RATE_HZ, dtype=np.float32), id="digital silence"),
        pytest.param(_hiss(2, 0.0005), id="a quiet line"),
        pytest.param(_hiss(2, 0.005), id="a fan"),
    ],
)
@pytest.mark.parametrize("piece", [100, 320, 1600])
def test_there_is_none_when_the_agent_speaks_and_the_microphone_stays_steady(heard: Samples, piece: int) -> None:
    presence = EchoPresence(RATE_HZ)
    _push(presence, heard, _speaking(2, 1), piece)
    assert not presence.possible


@pytest.mark.parametrize("delay_seconds", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("gain", [0.05, 0.25, 1.0])
def test_an_echo_stays_possible_while_it_is_heard(delay_seconds: float, gain: float) -> None:
    presence = EchoPresence(RATE_HZ)
    played = _speaking(6, 2)
    for second in range(6):
        here = slice(second * RATE_HZ, (second + 1) * RATE_HZ)
        _push(presence, (_delayed(played, delay_seconds, gain) + _hiss(6, 0.0005))[here], played[here])
        assert presence.possible


def test_an_agent_who_is_silent_tells_nothing() -> None:
    presence = EchoPresence(RATE_HZ)
    _push(presence, _hiss(3, 0.0005), np.zeros(3 * RATE_HZ, dtype=np.float32))
    assert presence.possible


@pytest.mark.parametrize("delay_seconds", [0.0, 0.2, 0.45])
def test_it_is_possible_again_when_the_microphone_follows_the_agent(delay_seconds: float) -> None:
    presence = _no_echo()
    played = _speaking(4, 3)
    _push(presence, _delayed(played, delay_seconds, 0.25), played)
    assert presence.possible


@pytest.mark.parametrize("seed", range(10, 20))
def test_a_caller_who_speaks_at_the_same_time_is_no_echo(seed: int) -> None:
    presence = _no_echo()
    _push(presence, _speaking(4, seed), _speaking(4, seed + 100))
    assert not presence.possible


def test_a_caller_who_speaks_while_the_agent_listens_is_no_echo() -> None:
    presence = _no_echo()
    _push(presence, _speaking(4, 4), np.zeros(4 * RATE_HZ, dtype=np.float32))
    assert not presence.possible
