"""A spoken question through each of the five APIs, with real ears, a real language model and a real voice.

Every agent is made through one API and called through the next, so that each is once the maker and once the way in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.dialect_clients import DIALECTS, Question, ask, make_agent
from tests.serving import KEY, Served, serving
from vivavoce.app.examples import write_question
from vivavoce.config import PlatformSettings, ServerSettings
from vivavoce.media.pcm import pcm16_from_samples
from vivavoce.media.wav import read_wav
from vivavoce.services.livekit_tokens import LiveKitSettings

pytestmark = pytest.mark.models

LIVEKIT = LiveKitSettings("wss://livekit.example", "APIkey", "a-secret-of-at-least-thirty-two-bytes")
PAUSE = bytes(2 * 24_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, models_directory: Path) -> Iterator[Served]:
    settings = ServerSettings(
        data=tmp_path_factory.mktemp("data"),
        profile="small",
        models=models_directory,
        api_key=KEY,
        journal=False,
        platform=PlatformSettings(livekit=LIVEKIT),
    )
    with serving(settings) as one:
        yield one


@pytest.fixture(scope="module")
def question(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Question:
    text = "What is the capital of France?"
    engines = served.server.engines
    assert engines is not None
    path = served.inside(lambda: write_question(engines, tmp_path_factory.mktemp("question"), text))
    recorded = read_wav(path)
    assert recorded.rate_hz == 24_000
    return Question(text, pcm16_from_samples(np.asarray(recorded.samples, np.float32)) + PAUSE)


@pytest.mark.parametrize(("made_in", "opened_in"), list(zip(DIALECTS, (*DIALECTS[1:], DIALECTS[0]), strict=True)))
def test_a_spoken_question_is_understood_and_answered_aloud(
    served: Served, question: Question, made_in: str, opened_in: str
) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as http:
        agent = make_agent(http, made_in)
    answer = asyncio.run(ask(served.url, KEY, opened_in, agent, question))
    assert "Paris" in answer
