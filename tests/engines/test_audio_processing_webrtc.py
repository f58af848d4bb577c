"""WebRTC's echo canceller and noise suppressor with voices: what the ears hear of the agent, and of the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from echo_room import STARTS_AT_SECONDS, Room, at_level, babble, cleaned, decibels
from numpy.typing import NDArray
from recorded_speech import sentence, sentences

from vivavoce.engines.audio_processing.webrtc import WebRtcAudioProcessing
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    VOICE_RATE_HZ,
    NoiseField,
    Samples,
    VoiceActivity,
)
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.media.g711 import mu_law_from_samples, samples_from_mu_law
from vivavoce.media.resampling import resample
from vivavoce.media.windows import Windows

AGENT_DBFS = -22.0
CALLER_DBFS = -25.0
AGENT_SECONDS = 20
SETTLED_SECONDS = 1.0
CALLER_BEGINS_SECONDS = (4.0, 8.0, 12.0, 16.0)
NOTHING = np.zeros(0, dtype=np.float32)


def _on_time(_: int) -> float:
    return 0.0


@pytest_asyncio.fixture
async def voice_activity(models_directory: Path) -> AsyncIterator[VoiceActivity]:
    engine = SileroVoiceActivity(models_directory / "silero-vad" / "silero_vad.onnx")
    yield engine
    await engine.close()


def _agent() -> Samples:
    """20 s of a woman reading, at 24 kHz."""
    read = np.concatenate([recording.samples for recording in sentences() if "sense" in recording.name])
    read = read[: AGENT_SECONDS * HEARING_RATE_HZ]
    return at_level(resample(read, HEARING_RATE_HZ, VOICE_RATE_HZ), AGENT_DBFS)


def _caller() -> Samples:
    """Four commands of another person on a line that hisses a little, at 16 kHz."""
    heard = _line_noise()
    for begins, name in zip(CALLER_BEGINS_SECONDS, ("002", "003", "004", "005"), strict=True):
        said = at_level(sentence(name).samples, CALLER_DBFS)
        heard[round(begins * HEARING_RATE_HZ) :][: said.size] += said
    return heard


def _line_noise() -> Samples:
    count = AGENT_SECONDS * HEARING_RATE_HZ
    return np.random.default_rng(3).normal(0, 10 ** (-65 / 20), count).astype(np.float32)


def _network_jitter(packet: int) -> float:
    """Up to 60 ms late, and every thirtieth packet 250 ms."""
    return (packet * 7919 % 60) / 1000 + (0.25 if packet % 30 == 29 else 0.0)


async def _is_speech(engine: VoiceActivity, samples: Samples) -> NDArray[np.bool_]:
    stream = engine.open_stream()
    windows = Windows(VAD_WINDOW_SAMPLES).push(samples)
    return np.array([await stream.speech_probability(window) > 0.5 for window in windows])


def _window(seconds: float) -> int:
    return round(seconds * HEARING_RATE_HZ / VAD_WINDOW_SAMPLES)


def _steadily(delay_seconds: float) -> Callable[[float], float]:
    return lambda _: delay_seconds


# --- the ears, with an echo -----------------------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("room", "late_seconds"),
    [
        pytest.param(Room(_steadily(0.005)), _on_time, id="an echo from a loudspeaker next to the server"),
        pytest.param(Room(_steadily(0.12)), _on_time, id="an echo after 120 ms"),
        pytest.param(Room(_steadily(0.3)), _on_time, id="an echo after 300 ms"),
        pytest.param(Room(_steadily(0.48)), _on_time, id="an echo after 480 ms"),
        pytest.param(Room(lambda at: 0.1 + 0.001 * at), _on_time, id="an echo that comes 1 ms later every second"),
        pytest.param(Room(_steadily(0.12)), _network_jitter, id="an echo through a network that jitters"),
        pytest.param(Room(_steadily(0.12), attenuation_db=3), _on_time, id="an echo nearly as loud as the caller"),
    ],
)
async def test_the_agents_own_voice_is_not_taken_for_speech(
    voice_activity: VoiceActivity, room: Room, late_seconds: Callable[[int], float]
) -> None:
    agent = _agent()
    microphone = room.echo(agent) + _line_noise()
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    left = cleaned(stream, agent, microphone, late_seconds=late_seconds)
    settled = _window(SETTLED_SECONDS)
    assert np.mean((await _is_speech(voice_activity, microphone))[settled:]) > 0.7
    assert np.mean((await _is_speech(voice_activity, left))[settled:]) < 0.01


@pytest.mark.models
@pytest.mark.corpus
async def test_an_echo_that_changes_its_delay_is_lost_for_two_seconds_at_most(voice_activity: VoiceActivity) -> None:
    agent = _agent()
    microphone = Room(lambda at: 0.1 if at < 8 else 0.25).echo(agent) + _line_noise()
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    speech = await _is_speech(voice_activity, cleaned(stream, agent, microphone))
    assert not np.any(speech[_window(SETTLED_SECONDS) : _window(8)])
    assert not np.any(speech[_window(10.5) :])


@pytest.mark.models
@pytest.mark.corpus
async def test_a_telephones_echo_is_cancelled_through_its_codec(voice_activity: VoiceActivity) -> None:
    agent = _agent()
    narrow = resample(Room(_steadily(0.2)).echo(agent) + _line_noise(), HEARING_RATE_HZ, 8000)
    microphone = resample(samples_from_mu_law(mu_law_from_samples(narrow)), 8000, HEARING_RATE_HZ)
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    speech = await _is_speech(voice_activity, cleaned(stream, agent, microphone))
    assert np.mean(speech[_window(SETTLED_SECONDS) :]) < 0.01


@pytest.mark.models
@pytest.mark.corpus
@pytest.mark.parametrize("attenuation_db", [6, 12, 20])
async def test_a_caller_is_heard_through_the_agents_echo(voice_activity: VoiceActivity, attenuation_db: float) -> None:
    agent, caller = _agent(), _caller()
    microphone = Room(_steadily(0.15), attenuation_db).echo(agent) + caller
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    speech = await _is_speech(voice_activity, cleaned(stream, agent, microphone))
    for begins in CALLER_BEGINS_SECONDS:
        command = speech[_window(begins) : _window(begins + 2)]
        assert np.sum(command) * VAD_WINDOW_SAMPLES / HEARING_RATE_HZ > 0.3, f"the command at {begins} s is not heard"
        assert not np.any(speech[_window(begins - 0.7) : _window(begins)]), f"an echo is heard before {begins} s"


# --- the ears, without an echo --------------------------------------------------------------------------------------


@pytest.mark.corpus
async def test_a_caller_with_a_headset_is_left_as_is_while_the_agent_speaks() -> None:
    agent, caller = _agent(), _caller()
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    out = cleaned(stream, agent, caller)
    assert np.array_equal(out[2 * HEARING_RATE_HZ :], caller[2 * HEARING_RATE_HZ :])


@pytest.mark.models
@pytest.mark.corpus
async def test_an_echo_that_begins_in_mid_call_is_cancelled_from_its_third_second_on(
    voice_activity: VoiceActivity,
) -> None:
    agent = _agent()
    echo = Room(_steadily(0.15)).echo(agent)
    echo[: 6 * HEARING_RATE_HZ] = 0.0
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    speech = await _is_speech(voice_activity, cleaned(stream, agent, echo + _line_noise()))
    assert np.any(speech[_window(6) : _window(8)])
    assert np.mean(speech[_window(9) :]) < 0.01


async def test_what_was_learned_of_an_echo_outlasts_a_pause_of_the_agent() -> None:
    agent = babble(12.0)
    agent[4 * VOICE_RATE_HZ : 8 * VOICE_RATE_HZ] = 0.0
    echo = Room().echo(agent)
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    left = cleaned(stream, agent, echo)
    again = slice(round(8.2 * HEARING_RATE_HZ), 9 * HEARING_RATE_HZ)
    assert decibels(left[again]) < decibels(echo[again]) - 25


# --- the agent's sound ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "burst_seconds", [pytest.param(0.02, id="frame by frame"), pytest.param(0.5, id="in bursts of half a second")]
)
async def test_sound_is_played_after_what_went_out_before_it(burst_seconds: float) -> None:
    agent = babble(6.0)
    echo = Room().echo(agent)
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    burst = round(burst_seconds * VOICE_RATE_HZ)
    left: list[Samples] = []
    sent = 0
    for begin in range(0, echo.size, 320):
        while sent < agent.size and sent / VOICE_RATE_HZ <= begin / HEARING_RATE_HZ:
            stream.played(
                agent[sent : sent + burst], STARTS_AT_SECONDS + max(0.0, sent / VOICE_RATE_HZ - burst_seconds)
            )
            sent += burst
        left.append(stream.process(echo[begin : begin + 320], STARTS_AT_SECONDS + (begin + 320) / HEARING_RATE_HZ))
    settled = slice(HEARING_RATE_HZ, 5 * HEARING_RATE_HZ)
    assert decibels(np.concatenate(left)[settled]) < decibels(echo[settled]) - 15


async def test_a_reply_after_one_that_was_cut_off_is_played_at_once() -> None:
    agent = babble(5.0)
    echo = Room().echo(agent)
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=True, suppress_noise=None)
    stream.played(babble(5.0, seed=5), STARTS_AT_SECONDS - 0.5)
    stream.discarded(STARTS_AT_SECONDS - 0.2)
    left = cleaned(stream, agent, echo)
    settled = slice(HEARING_RATE_HZ, 4 * HEARING_RATE_HZ)
    assert decibels(left[settled]) < decibels(echo[settled]) - 15


# --- noise ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "quieter_db"), [pytest.param("near_field", 8, id="near"), pytest.param("far_field", 12, id="far")]
)
async def test_steady_noise_becomes_quieter(field: NoiseField, quieter_db: float) -> None:
    noise = np.random.default_rng(2).normal(0, 0.02, 4 * HEARING_RATE_HZ).astype(np.float32)
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=False, suppress_noise=field)
    settled = slice(2 * HEARING_RATE_HZ, None)
    assert decibels(cleaned(stream, NOTHING, noise)[settled]) < decibels(noise[settled]) - quieter_db


@pytest.mark.corpus
@pytest.mark.parametrize("field", ["near_field", "far_field"])
async def test_speech_loses_less_than_three_decibels_when_noise_is_suppressed(field: NoiseField) -> None:
    said = sentence("0920").samples
    stream = WebRtcAudioProcessing().open_stream(cancel_echo=False, suppress_noise=field)
    assert decibels(said) - 3 < decibels(cleaned(stream, NOTHING, said)) < decibels(said)
