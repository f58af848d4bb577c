"""The Agents SDK for Python, unmodified: it validates every event strictly and tells of each that it cannot take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, python_encounters
from tests.compliance.talking_server import HEARD, talking_server


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data")) as server:
        yield python_encounters(server, "openai_agents_sdk")


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_sdk_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    encounter = lived[talk]
    assert encounter.told["errors"] == []
    claims.no_errors(encounter.wire)
    claims.strictly_openai(encounter.wire)


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    claims.spoke(spoken)
    assert [item["content"][0]["transcript"] for item in spoken.told["heard"]] == [HEARD]
    assert [item["content"][0]["transcript"] for item in spoken.told["said"]] == [f"You said: {HEARD}"]
    assert spoken.told["audio_bytes"] == claims.audio_bytes(spoken.wire)


def test_a_written_turn(lived: Encounters) -> None:
    written = lived["written"]
    claims.wrote(written, "Is the shop open?")
    assert [item["content"][0]["text"] for item in written.told["said"]] == ["You said: Is the shop open?"]


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    claims.called_the_function(function, "sunny in Bern")
    assert function.told["asked"] == ["Bern"]
    assert function.told["outputs"] == ["sunny in Bern"]


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    claims.was_interrupted(interrupted)
    assert "audio_interrupted" in interrupted.told["events"]
    [truncate] = interrupted.wire.sent("conversation.item.truncate")
    [truncated] = interrupted.wire.told("conversation.item.truncated")
    assert truncated["item_id"] == truncate["item_id"]
    assert interrupted.told["said"][0]["status"] == "incomplete"
