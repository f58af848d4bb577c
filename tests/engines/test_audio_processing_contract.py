"""The contract of the port `AudioProcessing`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio
from echo_room import STARTS_AT_SECONDS, Room, babble, cleaned, decibels

from vivavoce.engines.audio_processing.webrtc import WebRtcAudioProcessing
from vivavoce.engines.ports import HEARING_RATE_HZ, AudioProcessing, NoiseField, Samples
from vivavoce.engines.scripted import ScriptedAudioProcessing

Adapter = Callable[[], AudioProcessing]

ADAPTERS = [
    pytest.param(lambda: ScriptedAudioProcessing(echo_seconds=0.5), id="scripted"),
    pytest.param(WebRtcAudioProcessing, id="webrtc"),
]

NOTHING = np.zeros(0, dtype=np.float32)

FIELDS: list[NoiseField | None] = [None, "near_field", "far_field"]


@pytest_asyncio.fixture(params=ADAPTERS)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[AudioProcessing]:
    adapter: Adapter = request.param
    opened = adapter()
    yield opened
    await opened.close()


def _noise(seconds: float, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.05, round(seconds * HEARING_RATE_HZ)).astype(np.float32)


async def test_an_echo_is_taken_out(engine: AudioProcessing) -> None:
    agent = babble(6.0)
    echo = Room().echo(agent)
    stream = engine.open_stream(cancel_echo=True, suppress_noise=None)
    left = cleaned(stream, agent, echo)
    settled = slice(HEARING_RATE_HZ, None)
    assert decibels(left[settled]) < decibels(echo[settled]) - 15


async def test_an_echo_stays_when_nobody_asked_for_its_cancelling(engine: AudioProcessing) -> None:
    agent = babble(2.0)
    echo = Room().echo(agent)
    stream = engine.open_stream(cancel_echo=False, suppress_noise=None)
    assert np.array_equal(cleaned(stream, agent, echo), echo)


async def test_audio_passes_untouched_while_the_agent_has_said_nothing(engine: AudioProcessing) -> None:
    heard = _noise(1.0)
    stream = engine.open_stream(cancel_echo=True, suppress_noise=None)
    assert np.array_equal(cleaned(stream, NOTHING, heard), heard)


async def test_audio_passes_untouched_again_a_second_after_the_agent(engine: AudioProcessing) -> None:
    heard = _noise(4.0)
    stream = engine.open_stream(cancel_echo=True, suppress_noise=None)
    out = cleaned(stream, babble(1.0), heard)
    assert not np.array_equal(out[:16_000], heard[:16_000])
    assert np.array_equal(out[33_000:], heard[33_000:])


async def test_sound_that_was_discarded_cancels_nothing(engine: AudioProcessing) -> None:
    stream = engine.open_stream(cancel_echo=True, suppress_noise=None)
    stream.played(babble(1.0), STARTS_AT_SECONDS)
    stream.discarded(STARTS_AT_SECONDS - 2.0)
    heard = _noise(0.5)
    assert np.array_equal(cleaned(stream, NOTHING, heard), heard)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("size", [1, 159, 160, 320, 512, 1600])
async def test_every_sample_comes_out_in_its_place_whatever_the_size_of_the_pieces(
    engine: AudioProcessing, field: NoiseField | None, size: int
) -> None:
    heard = _noise(0.4)
    heard[3000:3010] = 0.9
    stream = engine.open_stream(cancel_echo=True, suppress_noise=field)
    stream.played(np.zeros(2400, dtype=np.float32), STARTS_AT_SECONDS - 1.0)
    ready: list[Samples] = []
    for at in range(0, heard.size, size):
        piece = heard[at : at + size]
        ready.append(stream.process(piece, STARTS_AT_SECONDS + (at + piece.size) / HEARING_RATE_HZ))
        behind = at + piece.size - sum(given.size for given in ready)
        assert 0 <= behind <= 0.034 * HEARING_RATE_HZ
    ready.append(stream.flush())
    out = np.concatenate(ready)
    assert out.size == heard.size
    assert abs(int(np.argmax(np.abs(out))) - 3005) < 16


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(np.zeros(1600, dtype=np.float32), id="digital silence"),
        pytest.param(np.ones(1600, dtype=np.float32), id="full scale"),
        pytest.param(np.full(1600, -3.0, dtype=np.float32), id="beyond full scale"),
        pytest.param(np.zeros(0, dtype=np.float32), id="nothing at all"),
    ],
)
async def test_any_sound_gives_finite_samples(engine: AudioProcessing, heard: Samples) -> None:
    stream = engine.open_stream(cancel_echo=True, suppress_noise="near_field")
    out = cleaned(stream, babble(0.1), heard)
    assert out.dtype == np.float32
    assert out.shape == heard.shape
    assert np.all(np.isfinite(out))


async def test_streams_do_not_hear_each_other(engine: AudioProcessing) -> None:
    agent, heard = babble(0.5), _noise(0.5)
    alone = cleaned(engine.open_stream(cancel_echo=True, suppress_noise=None), agent, heard)
    other = engine.open_stream(cancel_echo=True, suppress_noise=None)
    cleaned(other, babble(0.5, seed=9), _noise(0.5, seed=9))
    assert np.array_equal(cleaned(engine.open_stream(cancel_echo=True, suppress_noise=None), agent, heard), alone)


async def test_a_stream_may_be_closed_twice(engine: AudioProcessing) -> None:
    stream = engine.open_stream(cancel_echo=True, suppress_noise="far_field")
    stream.close()
    stream.close()
