"""The realtime session of the Vercel AI SDK with its xAI and OpenAI models, unmodified; both insist on TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, javascript_encounters
from tests.compliance.talking_server import HEARD, STORY, talking_server
from tests.serving import KEY

TALKS = ["spoken", "written", "function", "barge_in"]


def hold(data: Path, place: Path, script: str) -> Iterator[Encounters]:
    with talking_server(data, tls=True) as server:
        yield javascript_encounters(server, script, place)


@pytest.fixture(scope="module")
def xai(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    yield from hold(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("js"), "vercel_xai")


@pytest.fixture(scope="module")
def openai(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    yield from hold(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("js"), "vercel_openai")


@pytest.fixture(params=["xai", "openai"])
def lived(request: pytest.FixtureRequest) -> Encounters:
    found: Encounters = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("talk", ["spoken", "function", "barge_in"])
def test_the_sdk_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    assert lived[talk].told["errors"] == []
    claims.no_errors(lived[talk].wire)


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    claims.spoke(spoken)
    assert (spoken.told["heard"], spoken.told["said"]) == ([HEARD], [f"You said: {HEARD}"])
    assert spoken.told["audioBytes"] == claims.audio_bytes(spoken.wire)


def test_a_written_turn_with_the_openai_model(openai: Encounters) -> None:
    claims.wrote(openai["written"], "Is the shop open?")
    claims.no_errors(openai["written"].wire)
    assert openai["written"].told["said"] == ["You said: Is the shop open?"]


def test_a_written_turn_with_the_xai_model(xai: Encounters) -> None:
    claims.no_errors(xai["written"].wire)
    assert claims.audio_bytes(xai["written"].wire) == 0
    assert xai["written"].told["said"] == ["You said: Is the shop open?"]


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    claims.called_the_function(function, "sunny in Bern")
    assert function.told["asked"] == ["Bern"]
    assert function.told["said"][-1] == 'The weather is "sunny in Bern".'


def test_a_barge_in_ends_what_the_agent_says(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    claims.was_interrupted(interrupted)
    assert interrupted.told["statuses"] == ["cancelled", "completed"]
    assert interrupted.told["speechStarted"] == 1
    story, answer = interrupted.told["said"]
    assert len(story) < len(STORY) / 2
    assert answer == f"You said: {HEARD}"


def test_every_page_comes_in_with_a_secret_of_its_own(xai: Encounters, openai: Encounters) -> None:
    tokens = {xai[talk].wire.headers["sec-websocket-protocol"].removeprefix("xai-client-secret.") for talk in TALKS}
    offered = [openai[talk].wire.headers["sec-websocket-protocol"].split(", ") for talk in TALKS]
    tokens |= {keys[1].removeprefix("openai-insecure-api-key.") for keys in offered}
    assert len(tokens) == 2 * len(TALKS)
    assert KEY not in tokens
