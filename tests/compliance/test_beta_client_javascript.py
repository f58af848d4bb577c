"""A JavaScript client of the beta dialect that keeps the conversation itself, unmodified, by URL and key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance.counterpart import Encounter, Encounters, javascript_encounters
from tests.compliance.talking_server import HEARD, STORY, talking_server


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data")) as server:
        yield javascript_encounters(server, "beta_client", tmp_path_factory.mktemp("js"))


def transcripts(encounter: Encounter) -> list[str]:
    """What the client wrote down of each message."""
    told = [item["formatted"] for item in encounter.told["items"] if item["type"] == "message"]
    return [one["transcript"] or one["text"] for one in told]


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_client_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    encounter = lived[talk]
    assert encounter.told["errors"] == []
    assert "openai-beta.realtime-v1" in encounter.wire.headers["sec-websocket-protocol"]
    # The client cancels with every interruption, whether or not the agent speaks.
    codes = {error["error"]["code"] for error in encounter.wire.told("error")}
    assert codes <= {"response_cancel_not_active"}, encounter.wire.story()


def test_a_spoken_turn(lived: Encounters) -> None:
    spoken = lived["spoken"]
    assert spoken.told["statuses"] == ["completed"]
    assert transcripts(spoken) == [HEARD, f"You said: {HEARD}"]
    assert spoken.told["audioSamples"] > 24_000


def test_a_written_turn(lived: Encounters) -> None:
    assert transcripts(lived["written"]) == ["Is the shop open?", "You said: Is the shop open?"]
    assert lived["written"].told["audioSamples"] == 0


def test_a_function_is_called(lived: Encounters) -> None:
    function = lived["function"]
    assert function.told["asked"] == ["Bern"]
    assert transcripts(function)[-1] == 'The weather is "sunny in Bern".'
    assert function.requests[-1].messages[-1].text == '"sunny in Bern"'


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    interrupted = lived["barge_in"]
    assert interrupted.told["statuses"] == ["cancelled", "completed"]
    assert interrupted.told["interrupted"] == 1
    assert interrupted.wire.sent("conversation.item.truncate")
    assert interrupted.wire.told("conversation.item.truncated")
    heard = [message.text for message in interrupted.requests[-1].messages if message.role == "assistant"]
    assert all(STORY.startswith(text.rstrip(" —")) and len(text) < len(STORY) / 2 for text in heard)
