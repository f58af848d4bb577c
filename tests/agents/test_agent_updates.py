"""Changes of an agent: what the mask names is set or cleared, and nothing else is touched."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import WHOLE_INSTRUCTIONS, AgentDefinition, AgentUpdate, TurnDetection

AGENT = AgentDefinition(
    "Ada",
    instructions="Be kind.",
    role="A clerk.",
    greeting="Hi!",
    speed=1.2,
    turn_detection=TurnDetection(kind="none"),
    tools=({"type": "web_search"},),
    metadata={"a": 1},
    max_turns=5,
    voice_pipeline_mode="sts",
    paused=True,
)


@pytest.mark.parametrize(
    ("mask", "values", "expected"),
    [
        pytest.param({"name"}, {"name": "Bea"}, {"name": "Bea"}, id="a masked field that is given is set"),
        pytest.param(set(), {"name": "Bea"}, {}, id="a field that is given but not masked stays"),
        pytest.param({"greeting"}, {}, {"greeting": None}, id="a masked field that is absent is cleared"),
        pytest.param({"speed"}, {}, {"speed": 1.0}, id="a cleared number is that of a new agent"),
        pytest.param(
            {"turn_detection"}, {}, {"turn_detection": TurnDetection()}, id="a cleared group is that of a new agent"
        ),
        pytest.param(
            {"turn_detection.eagerness"},
            {"turn_detection.eagerness": "low"},
            {"turn_detection": TurnDetection(kind="none", eagerness="low")},
            id="a part of a group is set and the rest of it stays",
        ),
        pytest.param(
            {"turn_detection.kind"}, {}, {"turn_detection": TurnDetection()}, id="a part of a group can be cleared"
        ),
        pytest.param(
            {"turn_detection", "turn_detection.threshold"},
            {"turn_detection": TurnDetection(kind="server_vad"), "turn_detection.threshold": 0.9},
            {"turn_detection": TurnDetection(kind="server_vad", threshold=0.9)},
            id="a part that is named besides its group is set",
        ),
        pytest.param({"tools", "metadata"}, {}, {"tools": (), "metadata": {}}, id="cleared lists are empty"),
        pytest.param({"max_turns"}, {"max_turns": None}, {"max_turns": None}, id="null means no limit of turns"),
        pytest.param(
            {"voice_pipeline_mode"},
            {"voice_pipeline_mode": None},
            {"voice_pipeline_mode": None},
            id="null can be a value",
        ),
        pytest.param(
            {"instructions", "speed", "tools"},
            {"instructions": None, "speed": None, "tools": None},
            {"instructions": "", "speed": 1.0, "tools": ()},
            id="null clears a field that cannot be null",
        ),
        pytest.param(
            {WHOLE_INSTRUCTIONS},
            {WHOLE_INSTRUCTIONS: "New."},
            {"instructions": "New.", "role": ""},
            id="the whole replaces the whole",
        ),
        pytest.param({WHOLE_INSTRUCTIONS}, {}, {"instructions": "", "role": ""}, id="the whole can be cleared"),
        pytest.param(
            {WHOLE_INSTRUCTIONS}, {WHOLE_INSTRUCTIONS: None}, {"instructions": "", "role": ""}, id="and so by null"
        ),
        pytest.param(
            {WHOLE_INSTRUCTIONS, "role"},
            {WHOLE_INSTRUCTIONS: "New.", "role": "A cook."},
            {"instructions": "New.", "role": "A cook."},
            id="a section that is named besides the whole is set",
        ),
    ],
)
def test_an_update_changes_what_it_names(mask: set[str], values: dict[str, Any], expected: dict[str, Any]) -> None:
    assert AgentUpdate(frozenset(mask), values).applied_to(AGENT) == replace(AGENT, **expected)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        pytest.param({}, "name", id="a required field cannot be cleared by leaving it out"),
        pytest.param({"name": None}, "name", id="a required field cannot be cleared by null"),
        pytest.param({"name": " "}, "name", id="a required field cannot be blank"),
    ],
)
def test_a_required_field_cannot_be_cleared(values: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        AgentUpdate(frozenset({"name"}), values).applied_to(AGENT)
    assert caught.value.param == param


def test_a_field_that_no_agent_has_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidFieldError, match="no such field") as caught:
        AgentUpdate(frozenset({"name", "shoe_size"}), {})
    assert caught.value.param == "shoe_size"


def test_an_update_of_values_changes_these_and_nothing_else() -> None:
    assert AgentUpdate.of({"name": "Bea", "paused": False}).applied_to(AGENT) == replace(
        AGENT, name="Bea", paused=False
    )


def test_every_field_but_the_name_can_be_cleared() -> None:
    names = frozenset(each.name for each in fields(AgentDefinition)) - {"name"}
    assert AgentUpdate(names, {}).applied_to(AGENT) == AgentDefinition("Ada")
