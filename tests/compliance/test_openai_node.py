"""OpenAI's own client for JavaScript, unmodified, by base URL and key; it insists on TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compliance import claims
from tests.compliance.counterpart import Encounters, javascript_encounters
from tests.compliance.talking_server import HEARD, talking_server


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encounters]:
    with talking_server(tmp_path_factory.mktemp("data"), tls=True) as server:
        yield javascript_encounters(server, "openai_node", tmp_path_factory.mktemp("js"))


@pytest.mark.parametrize("talk", ["spoken", "written", "function", "barge_in"])
def test_the_client_has_nothing_to_complain_of(lived: Encounters, talk: str) -> None:
    assert lived[talk].told["errors"] == []
    claims.no_errors(lived[talk].wire)
    claims.strictly_openai(lived[talk].wire)


def test_a_spoken_turn(lived: Encounters) -> None:
    claims.spoke(lived["spoken"])
    assert lived["spoken"].told["said"] == [f"You said: {HEARD}"]
    assert lived["spoken"].told["audioBytes"] == claims.audio_bytes(lived["spoken"].wire)


def test_a_written_turn(lived: Encounters) -> None:
    claims.wrote(lived["written"], "Is the shop open?")
    assert lived["written"].told["said"] == ["You said: Is the shop open?"]


def test_a_function_is_called(lived: Encounters) -> None:
    claims.called_the_function(lived["function"], "sunny in Bern")
    assert lived["function"].told["said"] == ["The weather is sunny in Bern."]


def test_a_barge_in_cuts_what_the_agent_has_said(lived: Encounters) -> None:
    claims.was_interrupted(lived["barge_in"])
    assert lived["barge_in"].told["statuses"] == ["cancelled", "completed"]
    assert lived["barge_in"].told["truncated"] == [1500]
