"""An agent that was made through one API opens a session through another, and a sentence is answered: all 25 pairs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.dialect_clients import DIALECTS, Question, ask, make_agent
from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.config import PlatformSettings
from vivavoce.services.livekit_tokens import LiveKitSettings

LIVEKIT = LiveKitSettings("wss://livekit.example", "APIkey", "a-secret-of-at-least-thirty-two-bytes")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = scripted_settings(tmp_path_factory.mktemp("data"), platform=PlatformSettings(livekit=LIVEKIT))
    with serving(settings) as one:
        yield one


@pytest.fixture(scope="module")
def made(served: Served) -> dict[str, str]:
    """An agent made through each API, by the id that the API gave it."""
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as http:
        return {dialect: make_agent(http, dialect) for dialect in DIALECTS}


@pytest.mark.parametrize("opened_in", DIALECTS)
@pytest.mark.parametrize("made_in", DIALECTS)
def test_an_agent_of_one_api_answers_in_another(
    served: Served, made: dict[str, str], made_in: str, opened_in: str
) -> None:
    question = Question("Is the shop open on Sunday?")
    answer = asyncio.run(ask(served.url, KEY, opened_in, made[made_in], question))
    assert "Is the shop open on Sunday?" in answer
