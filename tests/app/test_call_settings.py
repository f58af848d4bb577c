"""An agent's definition as the settings of its calls, and the past that a thread gives them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vivavoce.agents import conduct
from vivavoce.agents.definition import AgentDefinition, TurnDetection
from vivavoce.app.call_settings import PRODUCT_SETTINGS, call_settings, plain_settings
from vivavoce.conversation.settings import (
    CallerSilence,
    Eagerness,
    Fillers,
    Interruption,
    NoiseReduction,
    SemanticTurnDetection,
    ServerVad,
    Settings,
)

AGENT = AgentDefinition("Ada", instructions="Be kind.")
PLAIN = replace(PRODUCT_SETTINGS, instructions="Be kind.", language="en")
"""What calls with `AGENT` begin with."""


def settings_of(agent: AgentDefinition) -> Settings:
    return call_settings(agent, {"eve": "eve", "ara": "ara"}.get)


CHOICES = [
    pytest.param({}, {}, id="an agent of which nothing is said is held as the product holds calls"),
    pytest.param({"voice": "ara"}, {"voice": "ara"}, id="a voice that is here"),
    pytest.param({"voice": "nobody"}, {}, id="a voice that is not here is replaced"),
    pytest.param({"language": "pt-BR"}, {"language": "pt"}, id="a language without its region"),
    pytest.param(
        {"greeting": "Hello.", "welcome_allow_interruptions": False},
        {"greeting": "Hello.", "greeting_interruptible": False},
        id="a greeting that is spoken to its end",
    ),
    pytest.param({"interruption": "at_once"}, {"interruption": Interruption.AT_ONCE}, id="any speech stops it"),
    pytest.param({"speculation": False}, {"speculation": None}, id="nothing is begun in advance"),
    pytest.param(
        {"caller_silence": conduct.CallerSilence(8000, 1, "Bye.")},
        {"caller_silence": CallerSilence(8000, 1, "Bye.")},
        id="silent callers are said goodbye to",
    ),
    pytest.param(
        {"fillers": conduct.Fillers(700, 3000)}, {"fillers": Fillers(700, 3000)}, id="fillers in the server's own words"
    ),
    pytest.param(
        {"fillers": conduct.Fillers(700, None, ("Hm.",), ())},
        {"fillers": Fillers(700, None, ("Hm.",), ())},
        id="fillers in the agent's words, or in none",
    ),
    pytest.param(
        {"noise_reduction": "far_field"}, {"noise_reduction": NoiseReduction.FAR_FIELD}, id="a room's noise is reduced"
    ),
    pytest.param(
        {"endpointing": conduct.Endpointing(100, 3000)},
        {"turn_detection": SemanticTurnDetection(shortest_pause_ms=100, longest_pause_ms=3000)},
        id="pauses that are judged have limits",
    ),
    pytest.param(
        {"endpointing": conduct.Endpointing(100, 3000), "turn_detection": TurnDetection("server_vad")},
        {"turn_detection": ServerVad()},
        id="pauses of a fixed length have none",
    ),
    pytest.param(
        {"turn_detection": TurnDetection(eagerness="low", threshold=0.7)},
        {"turn_detection": SemanticTurnDetection(Eagerness.LOW, 0.7)},
        id="a caller who thinks is given time",
    ),
    pytest.param({"turn_detection": TurnDetection("none")}, {"turn_detection": None}, id="the client marks the turns"),
]


@pytest.mark.parametrize(("chosen", "settings"), CHOICES)
def test_a_call_is_held_as_its_agent_says(chosen: dict[str, Any], settings: dict[str, Any]) -> None:
    assert settings_of(replace(AGENT, **chosen)) == replace(PLAIN, **settings)


def test_a_call_without_an_agent_is_held_as_the_product_holds_calls() -> None:
    assert plain_settings() == replace(PRODUCT_SETTINGS, instructions=plain_settings().instructions)
    assert plain_settings().interruption is Interruption.CONFIRMED
    assert plain_settings().speculation is not None
