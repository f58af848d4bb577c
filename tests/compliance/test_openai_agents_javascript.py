"""The Agents SDK for JavaScript over WebSocket, unmodified, by URL and key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, javascript_encounters
from tests.compliance.talking_server import HEARD, STORY, talking_server


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data")) as server:
        yield javascript_encounters(server, "agents_realtime", tmp_path_factory.mktemp("js"))


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_sdk_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    encounter = lived[talk]
    assert encounter.told["errors"] == []
    claims.no_errors(encounter.wire)
    claims.strictly_openai(encounter.wire)


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    claims.spoke(spoken)
    assert [item["content"][0]["transcript"] for item in spoken.told["history"]] == [HEARD, f"You said: {HEARD}"]
    assert spoken.told["audioBytes"] == claims.audio_bytes(spoken.wire)


def test_a_written_turn(lived: Encounters) -> None:
    written = lived["written"]
    claims.wrote(written, "Is the shop open?")
    assert written.told["history"][-1]["content"][0]["text"] == "You said: Is the shop open?"


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    claims.called_the_function(function, "sunny in Bern")
    assert function.told["asked"] == ["Bern"]


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    claims.was_interrupted(interrupted)
    assert interrupted.told["interruptions"] == 1
    assert interrupted.wire.sent("conversation.item.truncate")
    assert interrupted.wire.told("conversation.item.truncated")
    [story] = [item for item in interrupted.told["history"] if item.get("status") == "incomplete"]
    assert len(story["content"][0]["transcript"]) < len(STORY) / 2
