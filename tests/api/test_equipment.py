"""What a server says of its models and of recordings: which, how far they are, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import application_open

from vivavoce.app.engines import PARTS, Weights, with_profile
from vivavoce.app.equipment import EquipmentOf
from vivavoce.config import (
    EngineSet,
    LanguageModelEndpoint,
    RecordingSettings,
    ServerSettings,
    SpeechToTextChoice,
    VoiceActivityChoice,
)
from vivavoce.engines.catalogue import load_catalogue, model_directory
from vivavoce.services.equipment import Equipment, EquippedModel
from vivavoce.services.recordings.service import RecordingChoice
from vivavoce.services.upstream_xai import UpstreamXaiSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECRET = "secret-0123456789"
ROLES = {"speech_to_text", "turn_detection", "voice_activity", "language_model", "text_to_speech", "embeddings"}


def _told(waiting: Sequence[str] = (), *, by_meaning: bool = True, **chosen: Any) -> Equipment:
    return EquipmentOf(ServerSettings(**({"profile": "standard"} | chosen)), lambda: waiting, by_meaning).now()


def _by_name(told: Equipment) -> dict[str, EquippedModel]:
    return {each.name: each for each in told.models}


def _put_there(name: str, directory: Path) -> None:
    """Files of the right sizes with nothing in them: the disk gives no room to what was not written."""
    for file in load_catalogue().model(name).files:
        place = model_directory(name, directory) / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as opened:
            opened.truncate(file.size_bytes)


def test_a_server_that_is_ready_tells_every_role_with_name_engine_licence_and_size() -> None:
    told = _told()
    assert {each.role for each in told.models} == ROLES
    assert all(each.state == "ready" and not each.remedy for each in told.models)
    assert all(each.engine and each.licence and each.size_bytes and each.does for each in told.models)
    written = next(each for each in told.models if each.role == "language_model")
    assert (written.name, written.engine) == ("qwen2.5-coder-1.5b", "llama.cpp")
    assert (told.engines, told.profile) == ("embedded", "standard")


@pytest.mark.parametrize(
    "chosen",
    [
        {"profile": "standard"},
        {"profile": "small"},
        {"profile": "multilingual"},
        {"speech_to_text": SpeechToTextChoice.FASTER_WHISPER},
        {"language_model": LanguageModelEndpoint("http://inside.example/v1", "llama")},
    ],
    ids=[
        "the standard profile",
        "the small profile",
        "the multilingual profile",
        "with Whisper for ears",
        "with a language model behind an API",
    ],
)
def test_what_is_told_is_what_the_server_fetches_and_loads(chosen: dict[str, Any], tmp_path: Path) -> None:
    fields: dict[str, Any] = {"profile": "standard", "models": tmp_path}
    settings = ServerSettings(**(fields | chosen))
    told = EquipmentOf(settings, tuple, by_meaning=True).now()
    own = {each.name for each in told.models if each.engine != "openai-compatible"}
    fetched = set(Weights.of(settings).wanted(settings))
    assert own <= fetched
    unused = {"moonshine-tiny-en", "faster-whisper-base"}
    assert fetched - own <= unused


def test_a_model_that_is_loading_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    _put_there("moonshine-tiny-en", tmp_path)
    told = _by_name(_told(PARTS, by_meaning=False, models=tmp_path))
    assert told.pop("moonshine-tiny-en").state == "loading"
    for each in told.values():
        assert each.state == "missing"
        assert f"vivavoce models pull {each.name}" in each.remedy
        assert (DOCS / each.guide).is_file()


def test_each_model_is_ready_as_soon_as_its_own_part_is(tmp_path: Path) -> None:
    told = _told([part for part in PARTS if part != "speech-to-text"], engines=EngineSet.SCRIPTED, models=tmp_path)
    assert {each.role for each in told.models if each.state == "ready"} == {"speech_to_text", "embeddings"}
    assert {each.state for each in told.models} == {"ready", "loading"}


def test_documents_without_their_model_are_told_of_though_calls_run() -> None:
    missing = [each for each in _told(by_meaning=False).models if each.state == "missing"]
    assert [each.role for each in missing] == ["embeddings"]
    assert "vivavoce models pull all-minilm-l6-v2-int8" in missing[0].remedy


def test_engines_for_tests_are_told_as_such_but_for_the_real_ones_among_them() -> None:
    chosen: dict[str, Any] = {"engines": EngineSet.SCRIPTED, "voice_activity": VoiceActivityChoice.SILERO}
    told = _told(language_model=LanguageModelEndpoint("http://inside.example/v1", "llama"), **chosen)
    engines = {each.role: each.engine for each in told.models}
    assert (told.engines, told.profile) == ("scripted", None)
    assert {role for role, engine in engines.items() if engine != "scripted"} == {"voice_activity", "language_model"}
    assert all("VIVAVOCE_ENGINES" in each.remedy for each in told.models if each.engine == "scripted")


def test_a_language_model_behind_an_api_is_told_without_its_key_and_address() -> None:
    told = _told(language_model=LanguageModelEndpoint("http://inside.example/v1", "llama", SECRET))
    assert _by_name(told)["llama"] == EquippedModel(
        "language_model", "llama", "openai-compatible", "ready", guide="how-to/use-another-language-model.md"
    )
    assert not [text for text in (SECRET, "inside.example") if text in repr(told)]


def test_recordings_are_told_with_their_place_and_without_keys(tmp_path: Path) -> None:
    off = _told(data=tmp_path).recording
    assert (off.is_on, off.storage, off.place) == (False, "folder", "recordings")
    assert "VIVAVOCE_RECORDING=on" in off.remedy
    assert (DOCS / off.guide).is_file()
    choice = RecordingChoice(enabled=True, format="wav", retention_days=30.0)
    on = _told(recording=RecordingSettings(choice, f"s3://key:{SECRET}@calls/eu?token={SECRET}")).recording
    assert (on.is_on, on.format, on.storage, on.place) == (True, "wav", "object_store", "s3://calls/eu")
    assert (on.retention_days, on.remedy) == (30.0, "")


def test_the_profile_that_fits_is_chosen_once() -> None:
    chosen = with_profile(ServerSettings())
    assert chosen.profile in load_catalogue().profiles
    assert with_profile(ServerSettings(profile="small")).profile == "small"


async def test_a_reader_sees_all_of_it_and_no_path_of_the_machine(tmp_path: Path) -> None:
    choice = RecordingChoice(enabled=True, retention_days=7)
    async with application_open(tmp_path, recording=choice, upstream_xai=UpstreamXaiSettings(SECRET)) as opened:
        async with opened.client(await opened.new_key("read")) as reader:
            answer = await reader.get("/v1/capabilities")
        told = answer.json()
        assert {each["name"] for each in told["data"]} >= {"language_model", "speech_to_text", "web_search"}
        assert {each["role"] for each in told["models"]} == ROLES
        assert set(told["models"][0]) == {
            "role",
            "name",
            "engine",
            "state",
            "does",
            "licence",
            "size_bytes",
            "remedy",
            "guide",
        }
        assert (told["engines"], told["profile"]) == ("scripted", None)
        assert told["recording"] == {
            "enabled": True,
            "format": "opus",
            "storage": "folder",
            "place": "recordings",
            "retention_days": 7.0,
            "remedy": "",
            "guide": "how-to/record-calls.md",
        }
        assert str(tmp_path) not in answer.text
