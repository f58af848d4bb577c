"""What a server says that it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import application_open

from vivavoce.app.capabilities import capabilities_of
from vivavoce.config import EngineSet, LanguageModelEndpoint, PlatformSettings, SearchSettings, ServerSettings
from vivavoce.services.capabilities import Capability
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.upstream_xai import UpstreamXaiSettings
from vivavoce.tools.search_providers.chosen import WebSearchChoice, WebSearchSettings

SECRET = "xai-secret-0123456789"
DOCS = Path(__file__).resolve().parents[2] / "docs"


def _told(**chosen: Any) -> dict[str, Capability]:
    return {each.name: each for each in capabilities_of(ServerSettings(**chosen))}


def test_without_settings_the_models_are_there_and_the_searches_say_what_to_set() -> None:
    told = _told()
    assert {name for name, each in told.items() if each.is_configured} == {
        "language_model",
        "speech_to_text",
        "text_to_speech",
    }
    assert "VIVAVOCE_WEB_SEARCH" in told["web_search"].remedy
    assert "XAI_UPSTREAM_API_KEY" in told["x_search"].remedy
    assert (told["telephony"].provider, told["telephony"].remedy) == (None, "")


def test_what_is_set_up_is_told_without_keys_and_addresses() -> None:
    told = _told(
        language_model=LanguageModelEndpoint("http://inside.example/v1", "llama", SECRET),
        search=SearchSettings(WebSearchSettings(WebSearchChoice.BRAVE, SECRET, "http://inside.example")),
        platform=PlatformSettings(
            livekit=LiveKitSettings("wss://inside.example", SECRET, SECRET), upstream_xai=UpstreamXaiSettings(SECRET)
        ),
    )
    providers = {name: each.provider for name, each in told.items() if each.is_configured}
    assert (providers["web_search"], providers["language_model"]) == ("brave", "openai-compatible: llama")
    assert {"x_search", "livekit"} <= providers.keys()
    assert not [text for text in (SECRET, "inside.example") if text in repr(told)]
    assert not any(each.remedy for each in told.values() if each.is_configured)


def test_engines_for_tests_are_told_as_such() -> None:
    told = _told(engines=EngineSet.SCRIPTED)
    assert not told["speech_to_text"].is_configured
    assert "VIVAVOCE_ENGINES" in told["speech_to_text"].remedy


@pytest.mark.parametrize("engines", list(EngineSet), ids=[each.value for each in EngineSet])
def test_every_guide_is_a_page(engines: EngineSet) -> None:
    guides = {each.guide for each in _told(engines=engines).values() if each.guide}
    assert guides
    assert not [guide for guide in guides if not (DOCS / guide).is_file()]


async def test_a_reader_sees_them_and_nobody_else(tmp_path: Path) -> None:
    async with application_open(tmp_path, upstream_xai=UpstreamXaiSettings(SECRET)) as opened:
        told = {each["name"]: each for each in (await opened.http.get("/v1/capabilities")).json()["data"]}
        assert told["x_search"] == {
            "name": "x_search",
            "configured": True,
            "provider": "xai: grok-4.7",
            "remedy": "",
            "guide": "",
        }
        assert told["web_search"]["configured"] is False
        async with opened.client(None) as nobody:
            assert (await nobody.get("/v1/capabilities")).status_code == 401
        async with opened.client(await opened.new_key("realtime")) as speaker:
            assert (await speaker.get("/v1/capabilities")).status_code == 403
