"""The agents to begin with: each is a whole agent, and knows how to use what it is given."""

from __future__ import annotations

import json

import jsonschema
import pytest

from vivavoce.agents.templates import AgentTemplate, agent_templates
from vivavoce.agents.tools import functions_of

ALL = agent_templates()


def test_there_are_the_six_of_the_seed_in_its_order() -> None:
    assert [template.name for template in ALL] == [
        "Healthcare",
        "Restaurant",
        "Customer Support",
        "Real Estate",
        "Appointment Booking",
        "Concierge",
    ]


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.name)
def test_a_template_is_an_agent_that_can_be_made(template: AgentTemplate) -> None:
    agent = template.definition()
    assert agent.greeting
    assert agent.instructions.count("\n") >= 4
    assert any(tool.get("type") == "file_search" for tool in agent.tools)


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.name)
def test_every_function_is_named_in_the_instructions_or_speaks_for_itself(template: AgentTemplate) -> None:
    functions = functions_of(template.definition().tools)
    assert len(functions) >= 2
    for function in functions:
        assert function.description
        jsonschema.Draft202012Validator.check_schema(dict(function.parameters))
        required = function.parameters["required"]
        assert set(required) <= set(function.parameters["properties"])


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.name)
def test_every_function_has_a_sample_result_to_try_it_with(template: AgentTemplate) -> None:
    functions = [tool for tool in template.agent.tools if tool["type"] == "function"]
    assert all(json.dumps(tool["sample_result"]) for tool in functions)


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.name)
def test_there_is_something_to_know_under_headings(template: AgentTemplate) -> None:
    assert len(template.knowledge) >= 2
    assert all(document.name and document.text.startswith("# ") for document in template.knowledge)
    assert "knowledge base" in template.agent.instructions
