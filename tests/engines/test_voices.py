"""Our names for voices, other platforms' names for them, and who speaks each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from vivavoce.engines.ports import EngineError, Samples, SpeechRequest, UnknownVoiceError, Voice
from vivavoce.engines.scripted import ScriptedTextToSpeech
from vivavoce.engines.spoken_text import normalise
from vivavoce.engines.voices import (
    FOREIGN_NAMES,
    HOUSE_VOICES,
    VoiceRouter,
    describe_voices,
    resolve_voice,
)

HIBARI = (Voice("heart", "en-US", "female", "hibari"),)
KOKORO = tuple(
    Voice(name, "en-GB" if name[0] == "b" else "en-US", "female" if name[1] == "f" else "male", "kokoro")
    for name in ("af_bella", "af_heart", "am_michael", "am_onyx", "am_puck", "bf_emma")
)
PIPER = (Voice("joe", "en-US", "male", "piper"),)


class _Recorder:
    """An engine that notes what it is asked to say."""

    def __init__(self, voices: tuple[Voice, ...]) -> None:
        self.voices = voices
        self.requests: list[SpeechRequest] = []
        self.closed = 0

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        self.requests.append(request)
        yield np.ones(2, np.float32)
        yield np.ones(3, np.float32)

    async def close(self) -> None:
        self.closed += 1


async def _chunks(router: VoiceRouter, voice: str) -> list[int]:
    return [chunk.size async for chunk in router.synthesize(SpeechRequest("Hello.", voice, 1.2))]


def test_with_every_engine_all_voices_are_listed_ours_first() -> None:
    router = VoiceRouter(hibari=_Recorder(HIBARI), kokoro=_Recorder(KOKORO), piper=_Recorder(PIPER))
    names = [voice.name for voice in router.voices]
    assert names == ["eve", "ara", "rex", "sal", "leo", "joe", *(voice.name for voice in KOKORO)]
    assert {voice.name: voice.engine for voice in router.voices}["eve"] == "hibari"


def test_without_kokoro_its_voices_are_not_listed() -> None:
    router = VoiceRouter(hibari=_Recorder(HIBARI), piper=_Recorder(PIPER))
    assert [voice.name for voice in router.voices] == ["eve", "joe"]


def test_without_hibari_its_teacher_speaks_for_eve() -> None:
    eve = VoiceRouter(kokoro=_Recorder(KOKORO)).voices[0]
    assert (eve.name, eve.engine) == ("eve", "kokoro")


def test_without_any_voice_there_is_an_error_that_helps() -> None:
    with pytest.raises(EngineError, match="vivavoce models pull"):
        VoiceRouter()


@pytest.mark.parametrize(
    ("asked", "engine", "own_name"),
    [
        pytest.param("eve", "hibari", "heart", id="eve is hibari's heart"),
        pytest.param("Ara", "kokoro", "af_bella", id="capitals do not matter"),
        pytest.param("rex", "kokoro", "am_michael", id="rex is Kokoro's Michael"),
        pytest.param("sal", "kokoro", "am_puck", id="sal is Kokoro's Puck"),
        pytest.param("leo", "kokoro", "am_onyx", id="leo is Kokoro's Onyx"),
        pytest.param("joe", "piper", "joe", id="joe is Piper's"),
        pytest.param("BF_Emma", "kokoro", "bf_emma", id="Kokoro's voices keep their names"),
    ],
)
async def test_a_request_reaches_the_engine_of_its_voice(asked: str, engine: str, own_name: str) -> None:
    engines = {"hibari": _Recorder(HIBARI), "kokoro": _Recorder(KOKORO), "piper": _Recorder(PIPER)}
    router = VoiceRouter(**engines)
    assert await _chunks(router, asked) == [2, 3]
    assert engines.pop(engine).requests == [SpeechRequest("Hello.", own_name, 1.2)]
    assert not any(other.requests for other in engines.values())


async def test_an_unknown_voice_is_refused_with_the_names_there_are() -> None:
    router = VoiceRouter(hibari=_Recorder(HIBARI))
    with pytest.raises(UnknownVoiceError, match=r"'ara'.*eve"):
        await _chunks(router, "ara")


async def test_closing_closes_every_engine() -> None:
    engines = [_Recorder(HIBARI), _Recorder(KOKORO), _Recorder(PIPER)]
    await VoiceRouter(hibari=engines[0], kokoro=engines[1], piper=engines[2]).close()
    assert [engine.closed for engine in engines] == [1, 1, 1]


ALL = VoiceRouter(hibari=_Recorder(HIBARI), kokoro=_Recorder(KOKORO), piper=_Recorder(PIPER)).voices


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        pytest.param(" Eve ", "eve", id="our own name"),
        pytest.param("alloy", "eve", id="OpenAI's oldest default is our fastest voice"),
        pytest.param("Marin", "eve", id="so is its newest"),
        pytest.param("cedar", "leo", id="a deep voice of OpenAI"),
        pytest.param("echo", "rex", id="the first choice is not installed here"),
        pytest.param("orion", "leo", id="a voice of xAI"),
        pytest.param("af_bella", "af_bella", id="a Kokoro voice"),
        pytest.param("nobody", None, id="a name nobody knows"),
        pytest.param("", None, id="no name"),
    ],
)
def test_foreign_names_mean_one_of_ours(asked: str, meant: str | None) -> None:
    assert resolve_voice(asked, ALL) == meant


@pytest.mark.parametrize("voices", [ALL, ScriptedTextToSpeech().voices, VoiceRouter(hibari=_Recorder(HIBARI)).voices])
def test_every_foreign_name_means_a_voice_whatever_is_installed(voices: tuple[Voice, ...]) -> None:
    names = {voice.name for voice in voices}
    assert {resolve_voice(foreign, voices) for foreign in FOREIGN_NAMES} <= names


def test_the_description_of_a_voice_names_its_aliases() -> None:
    described = {voice.name: voice for voice in describe_voices(ALL)}
    assert "alloy" in described["eve"].aliases
    assert described["leo"].character == "deep and steady"
    assert described["bf_emma"].language == "en-GB"
    assert described["bf_emma"].aliases == ()


REFERENCE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "voices.md").read_text()


def test_the_reference_page_names_every_voice_of_ours_and_every_foreign_name() -> None:
    rows = [f"| `{voice.name}` | {voice.character} |" for voice in HOUSE_VOICES]
    for foreign, ours in FOREIGN_NAMES.items():
        means = ", ".join(f"`{name}`" for name in dict.fromkeys(ours))
        rows.append(f"| `{foreign}` | {means} |")
    assert [row for row in rows if row not in REFERENCE] == []


def test_the_examples_of_the_reference_page_are_spoken_so() -> None:
    table = REFERENCE.rpartition("| written | spoken |\n|---|---|\n")[2]
    examples = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    assert len(examples) > 5
    assert [normalise(written) for written, _ in examples] == [spoken for _, spoken in examples]


def test_an_id_of_another_platform_is_spoken_by_a_stand_in_and_a_wrong_name_by_nobody() -> None:
    assert resolve_voice("custom_voice_77", ALL) == "eve"
    assert resolve_voice("evee", ALL) is None
