"""What an agent may be: good definitions are built, bad ones name the field that is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.conduct import CallerSilence, Endpointing, Fillers, Recording
from vivavoce.agents.definition import SECTIONS, AgentDefinition, TurnDetection
from vivavoce.agents.demo import demo_agent
from vivavoce.agents.tools import ToolDeclaration


def _agent(**changes: Any) -> AgentDefinition:
    return AgentDefinition(**{"name": "A"} | changes)


def _tool(name: str = "look_up", parameters: object = None) -> ToolDeclaration:
    return {"type": "function", "name": name, "parameters": parameters if parameters is not None else {}}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": "n" * 255}, id="the longest name"),
        pytest.param({"instructions": "i" * 256_000}, id="the longest instructions"),
        pytest.param({"tools": tuple(_tool(f"t{n}") for n in range(200))}, id="as many tools as allowed"),
        pytest.param({"collection_ids": ("c",) * 10}, id="as many collections as allowed"),
        pytest.param({"max_turns": 1}, id="a single turn"),
        pytest.param({"max_turns": 10_000}, id="the most turns"),
        pytest.param({"voice_pipeline_mode": None}, id="no pipeline"),
        pytest.param({"pronunciations": {"GIF": "jif"}}, id="a pronunciation"),
        pytest.param({"speed": 0.7}, id="the slowest voice"),
        pytest.param({"speed": 1.5}, id="the fastest voice"),
        pytest.param({"language": "zh-Hant-TW"}, id="a language with script and region"),
        pytest.param({"greeting": None}, id="no greeting"),
        pytest.param({"metadata": {"k": [1, {"deep": None}]}}, id="any JSON as metadata"),
        pytest.param(
            {"turn_detection": TurnDetection(threshold=0.0, silence_duration_ms=0)}, id="the lowest thresholds"
        ),
        pytest.param({"turn_detection": TurnDetection(threshold=1.0, prefix_padding_ms=10_000)}, id="the highest ones"),
        pytest.param({"turn_detection": TurnDetection(kind="none")}, id="turns that the client takes"),
        pytest.param({"interruption": "at_once"}, id="an agent that any speech stops"),
        pytest.param({"endpointing": Endpointing(700, 700)}, id="pauses of one length"),
        pytest.param({"endpointing": Endpointing(None, 0)}, id="no patience with pauses at all"),
        pytest.param({"speculation": False}, id="no answers in advance"),
        pytest.param({"caller_silence": CallerSilence(1000, 0, "g" * 1000)}, id="no patience with silence"),
        pytest.param({"caller_silence": CallerSilence(600_000, 10)}, id="the most patience with silence"),
        pytest.param({"fillers": Fillers(0, 600_000, (), ("w" * 200,) * 16)}, id="the longest and the most fillers"),
        pytest.param({"noise_reduction": "far_field"}, id="the noise of a room"),
        pytest.param({"recording": Recording(consent="c" * 1000)}, id="a recording with the longest consent"),
        pytest.param({"recording": Recording(enabled=False)}, id="no recording for now"),
    ],
)
def test_a_definition_within_the_limits_is_built(changes: dict[str, Any]) -> None:
    agent = _agent(**changes)
    assert all(getattr(agent, name) == value for name, value in changes.items())


@pytest.mark.parametrize(
    ("changes", "param", "complaint"),
    [
        pytest.param({"name": " \n"}, "name", "must not be empty", id="a name of blanks"),
        pytest.param({"name": "n" * 256}, "name", "at most 255 characters, got 256", id="a name too long"),
        pytest.param(
            {"instructions": "i" * 256_001}, "instructions", "at most 256000 char", id="instructions too long"
        ),
        pytest.param({"voice": ""}, "voice", "must not be empty", id="no voice"),
        pytest.param({"greeting": ""}, "greeting", "must not be empty", id="an empty greeting"),
        pytest.param({"greeting": "g" * 4001}, "greeting", "at most 4000 characters", id="a greeting too long"),
        pytest.param({"language": "english!"}, "language", "a BCP-47 tag", id="a language that is no tag"),
        pytest.param({"speed": 1.6}, "speed", "between 0.7 and 1.5, got 1.6", id="a voice too fast"),
        pytest.param({"speed": math.nan}, "speed", "between 0.7 and 1.5", id="a speed that is no number"),
        pytest.param({"description": "d" * 4001}, "description", "at most 4000", id="a description too long"),
        pytest.param({"name": "A\0"}, "name", r"U\+0000", id="a name with a NUL"),
        pytest.param({"role": "\ud800"}, "role", "surrogate", id="a role with half of a character"),
        pytest.param({"language": "en" + "-abcd" * 100}, "language", "at most 35", id="a language as long as a story"),
        pytest.param({"max_turns": 0}, "max_turns", "between 1 and 10000", id="no turns at all"),
        pytest.param({"max_turns": 10_001}, "max_turns", "between 1 and 10000", id="too many turns"),
        pytest.param({"voice_pipeline_mode": "odd"}, "voice_pipeline_mode", "one of pipeline", id="an odd pipeline"),
        pytest.param({"interruption": "never"}, "interruption", "one of confirmed", id="an unknown interruption"),
        pytest.param({"noise_reduction": "all"}, "noise_reduction", "one of near_field", id="an unknown noise"),
        pytest.param({"channels": "fax"}, "channels", "one of off", id="an unknown channel"),
        pytest.param({"model": "m" * 129}, "model", "at most 128", id="a model's name too long"),
        pytest.param({"avatar_id": "\0"}, "avatar_id", r"U\+0000", id="an avatar with a NUL"),
        pytest.param({"collection_ids": ("c",) * 11}, "collection_ids", "at most 10", id="too many collections"),
        pytest.param({"collection_ids": ("c", "")}, "collection_ids[1]", "must not be empty", id="an empty collection"),
        pytest.param(
            {"pronunciations": {str(n): "x" for n in range(201)}}, "pronunciations", "at most 200", id="too many words"
        ),
        pytest.param(
            {"pronunciations": {"GIF": "\ud800"}},
            "pronunciations",
            "surrogate",
            id="half of a character",
        ),
        pytest.param({"pronunciations": {"w" * 129: "x"}}, "pronunciations", "at most 128", id="a word too long"),
        pytest.param(
            {"tools": tuple(_tool(f"t{n}") for n in range(201))}, "tools", "at most 200 tools", id="too many tools"
        ),
        pytest.param({"tools": (_tool("bad name"),)}, "tools[0].name", "letters", id="a tool name with a space"),
        pytest.param({"tools": (_tool(), _tool())}, "tools[1].name", "earlier tool", id="two tools of one name"),
        pytest.param({"tools": (_tool(parameters={"x": {1, 2}}),)}, "tools[0]", "JSON object", id="odd parameters"),
        pytest.param({"metadata": {"x": math.inf}}, "metadata", "JSON object", id="metadata that JSON cannot hold"),
        pytest.param({"metadata": {str(n): n for n in range(51)}}, "metadata", "at most 50 keys", id="too many keys"),
        pytest.param({"metadata": {"x": "é" * 9000}}, "metadata", "at most 16384 bytes", id="too much metadata"),
    ],
)
def test_a_definition_beyond_the_limits_names_the_field(changes: dict[str, Any], param: str, complaint: str) -> None:
    with pytest.raises(InvalidFieldError, match=complaint) as caught:
        _agent(**changes)
    assert caught.value.param == param
    assert str(caught.value) == f"{param}: {caught.value.message}"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        pytest.param({"kind": "psychic"}, "turn_detection.kind", id="an unknown kind"),
        pytest.param({"eagerness": "very"}, "turn_detection.eagerness", id="an unknown eagerness"),
        pytest.param({"threshold": 1.01}, "turn_detection.threshold", id="a threshold above one"),
        pytest.param({"threshold": math.nan}, "turn_detection.threshold", id="a threshold that is no number"),
        pytest.param({"prefix_padding_ms": -1}, "turn_detection.prefix_padding_ms", id="a padding below nothing"),
        pytest.param({"silence_duration_ms": 10_001}, "turn_detection.silence_duration_ms", id="too long a silence"),
    ],
)
def test_turn_detection_beyond_the_limits_names_the_field(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        TurnDetection(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("build", "param", "complaint"),
    [
        pytest.param(lambda: Endpointing(-1), "endpointing.shortest_pause_ms", "between 0", id="less than no pause"),
        pytest.param(
            lambda: Endpointing(None, 600_001), "endpointing.longest_pause_ms", "600000", id="too long a pause"
        ),
        pytest.param(
            lambda: Endpointing(701, 700),
            "endpointing.longest_pause_ms",
            "not be less than shortest_pause_ms, 701",
            id="a longest pause that is shorter than the shortest",
        ),
        pytest.param(lambda: CallerSilence(999), "caller_silence.after_ms", "between 1000", id="too little patience"),
        pytest.param(
            lambda: CallerSilence(1000, 11), "caller_silence.reengagements", "between 0 and 10", id="too many words"
        ),
        pytest.param(
            lambda: CallerSilence(1000, 1, " "), "caller_silence.goodbye", "must not be empty", id="a silent goodbye"
        ),
        pytest.param(lambda: Fillers(600_001), "fillers.late_reply_ms", "between 0", id="a reply too late"),
        pytest.param(lambda: Fillers(None, -1), "fillers.late_tool_ms", "between 0", id="a tool that is never late"),
        pytest.param(
            lambda: Fillers(reply_words=("Hm.",) * 17),
            "fillers.reply_words",
            "at most 16 fillers",
            id="too many fillers",
        ),
        pytest.param(
            lambda: Fillers(tool_words=("Wait.", "")),
            "fillers.tool_words[1]",
            "must not be empty",
            id="a silent filler",
        ),
    ],
)
def test_conduct_beyond_the_limits_names_the_field(build: Callable[[], object], param: str, complaint: str) -> None:
    with pytest.raises(InvalidFieldError, match=complaint) as caught:
        build()
    assert caught.value.param == param


def test_a_definition_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        _agent().name = "B"  # type: ignore[misc]


def test_the_demo_agent_speaks_first() -> None:
    assert demo_agent().name == "Viva"
    assert demo_agent().greeting


def test_the_whole_instructions_are_the_sections_in_order_without_the_empty_ones() -> None:
    agent = _agent(role="A clerk.", instructions="Be kind.", special_instructions=" ", voice_instructions="Slowly.")
    assert agent.whole_instructions == "A clerk.\n\nBe kind.\n\nSlowly."


def test_who_replaces_the_whole_instructions_leaves_no_section_behind() -> None:
    agent = _agent(**dict.fromkeys(SECTIONS, "before")).with_whole_instructions("now")
    assert agent.whole_instructions == agent.instructions == "now"
