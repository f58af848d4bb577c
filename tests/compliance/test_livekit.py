"""LiveKit's agents with its OpenAI and its xAI realtime models, unmodified, by base URL and key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, python_encounters
from tests.compliance.talking_server import HEARD, STORY, talking_server


@pytest.fixture(scope="module", params=["livekit_openai", "livekit_xai"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data")) as server:
        yield python_encounters(server, request.param)


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_plugin_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    encounter = lived[talk]
    # LiveKit may cancel twice when a caller breaks in, and passes over the answer to the second for its wording.
    assert encounter.told["errors"] == []
    codes = {error["error"]["code"] for error in encounter.wire.told("error")}
    assert codes <= {"response_cancel_not_active"}, encounter.wire.story()


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    claims.spoke(spoken)
    assert spoken.told["heard"] == [HEARD]
    assert spoken.told["said"] == [f"You said: {HEARD}"]
    assert spoken.told["heard_seconds"] > 1


def test_a_written_turn(lived: Encounters) -> None:
    written = lived["written"]
    assert written.told["said"] == ["You said: Is the shop open?"]
    assert claims.written(written.wire) or claims.said_aloud(written.wire)


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    claims.called_the_function(function, "sunny in Bern")
    assert function.told["asked"] == ["Bern"]
    assert function.told["said"] == ["The weather is sunny in Bern."]


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    claims.was_interrupted(interrupted)
    assert interrupted.told["interrupted"] == [True, False]
    assert len(interrupted.told["said"][0]) < len(STORY) / 2
    assert interrupted.wire.sent("conversation.item.truncate")
    assert interrupted.wire.told("conversation.item.truncated")


@pytest.mark.parametrize("lived", ["livekit_xai"], indirect=True)
def test_a_line_is_said_without_the_model(lived: Encounters) -> None:
    said = lived["say"]
    claims.no_errors(said.wire)
    assert said.told["said"] == ["One moment, please."]
    assert said.requests == []
    assert said.told["heard_seconds"] > 0.5
