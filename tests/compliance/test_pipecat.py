"""Pipecat's OpenAI and Grok realtime services, unmodified, by base URL and key.

They stop reading at the first event that they cannot take, and at nearly every error.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, python_encounters
from tests.compliance.talking_server import HEARD, STORY, talking_server


@pytest.fixture(scope="module", params=["pipecat_openai", "pipecat_grok"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data")) as server:
        yield python_encounters(server, request.param)


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_service_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    encounter = lived[talk]
    assert encounter.told["errors"] == []
    # The Grok service cancels at every interruption, whether or not the agent speaks, and passes over the answer.
    codes = {error["error"]["code"] for error in encounter.wire.told("error")}
    assert codes <= {"response_cancel_not_active"}, encounter.wire.story()


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    claims.spoke(spoken)
    assert spoken.told["said"] == ["Hello! How can I help you today?", f"You said: {HEARD}"]
    assert spoken.told["audio_bytes"] == claims.audio_bytes(spoken.wire)
    assert any(HEARD in message and "'user'" in message for message in spoken.told["messages"])


def test_a_written_turn(lived: Encounters) -> None:
    written = lived["written"]
    assert written.told["said"] == ["You said: Is the shop open?"]
    assert written.requests[-1].messages[-1].text == "Is the shop open?"


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    claims.called_the_function(function, "sunny in Bern")
    assert function.told["asked"] == ["Bern"]
    assert function.told["said"] == ['The weather is "sunny in Bern".']


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    claims.was_interrupted(interrupted)
    assert interrupted.told["interruptions"] >= 1
    assert len(interrupted.told["said"][0]) < len(STORY) / 2
    assert interrupted.wire.sent("conversation.item.truncate")
    assert interrupted.wire.told("conversation.item.truncated")


@pytest.mark.parametrize("lived", ["pipecat_grok"], indirect=True)
def test_a_line_is_said_without_the_model(lived: Encounters) -> None:
    said = lived["say"]
    claims.no_errors(said.wire)
    assert said.told["said"] == ["Hello! How can I help you today?", "One moment, please."]
    assert len(said.requests) == 1
