"""Stored prompts: the name that a client writes, and what becomes of the instructions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vivavoce.conversation import events
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.codec import CallConfigured, Inbound, RealtimeCodec
from vivavoce.dialects.realtime.prompts import REMEMBERED_PROMPTS, PromptName, StoredPrompt, prompt_named_by
from vivavoce.dialects.wire import WireError

ANN = PromptName("agent_ann")
TEMPLATE = StoredPrompt("You are Ann. Greet {{name}}.")
ADA = {"id": "agent_ann", "variables": {"name": "Ada"}}


@pytest.fixture
def codec() -> RealtimeCodec:
    made = RealtimeCodec(
        session_id="s",
        conversation_id="c",
        model="m",
        settings=Settings(instructions="Be brief with {{name}}."),
        resolve_voice=lambda name: name,
    )
    made.learn_prompt(ANN, TEMPLATE)
    return made


def receive(codec: RealtimeCodec, kind: str, **fields: Any) -> Inbound:
    return codec.receive(client_events.decode(json.dumps({"type": kind, **fields})))


def instructions(codec: RealtimeCodec, session: dict[str, Any]) -> str:
    configured = receive(codec, "session.update", session=session)
    assert isinstance(configured, CallConfigured)
    return configured.command.settings.instructions


SESSIONS = [
    pytest.param({"prompt": ADA}, "You are Ann. Greet Ada.", id="a prompt's template is the instructions, filled in"),
    pytest.param({"prompt": {"id": "agent_ann"}}, "You are Ann. Greet {{name}}.", id="without variables it stays open"),
    pytest.param({"prompt": ADA, "instructions": "Obey {{name}}."}, "Obey Ada.", id="own words count more"),
    pytest.param({"prompt": None}, "Be brief with {{name}}.", id="no prompt changes no instructions"),
    pytest.param(
        {"prompt": {"id": "pmpt_1", "variables": {"name": "Ada"}}},
        "Be brief with Ada.",
        id="a prompt that nobody looked up only fills in",
    ),
]


@pytest.mark.parametrize(("session", "said"), SESSIONS)
def test_the_instructions_of_a_session_that_names_a_prompt(
    codec: RealtimeCodec, session: dict[str, Any], said: str
) -> None:
    assert instructions(codec, session) == said


def test_the_template_stays_when_only_its_variables_change(codec: RealtimeCodec) -> None:
    instructions(codec, {"prompt": ADA})
    assert instructions(codec, {"prompt": {**ADA, "variables": {"name": "Bob"}}}) == "You are Ann. Greet Bob."


def test_one_response_may_have_a_prompt_of_its_own(codec: RealtimeCodec) -> None:
    asked = receive(codec, "response.create", response={"prompt": ADA})
    assert isinstance(asked, events.ResponseRequested)
    assert asked.options.instructions == "You are Ann. Greet Ada."
    own = receive(codec, "response.create", response={"prompt": ADA, "instructions": "Obey {{name}}."})
    assert isinstance(own, events.ResponseRequested)
    assert own.options.instructions == "Obey Ada."


UNKNOWN = [
    pytest.param(StoredPrompt(None), None, "id", id="an id that is not there"),
    pytest.param(StoredPrompt(None, "version"), "9", "version", id="a version that is not there"),
]


@pytest.mark.parametrize(("found", "version", "at"), UNKNOWN)
def test_an_unknown_prompt_is_an_exact_error_and_changes_nothing(
    codec: RealtimeCodec, found: StoredPrompt, version: str | None, at: str
) -> None:
    codec.learn_prompt(PromptName("agent_bob", version), found)
    prompt = {"id": "agent_bob", "version": version}
    for kind, root in (("session.update", "session"), ("response.create", "response")):
        with pytest.raises(WireError) as refused:
            receive(codec, kind, event_id="e", **{root: {"prompt": prompt}})
        error = refused.value
        assert (error.code, error.param, error.event_id) == ("prompt_not_found", f"{root}.prompt.{at}", "e")
        assert "agent_bob" in error.message
    assert codec.configuration.command.settings.instructions == "Be brief with {{name}}."


NAMES = [
    pytest.param(
        "session.update", {"session": {"prompt": {"id": "p", "version": "2"}}}, PromptName("p", "2"), id="both"
    ),
    pytest.param("response.create", {"response": {"prompt": {"id": "p"}}}, PromptName("p"), id="of one response"),
    pytest.param("session.update", {"session": {"prompt": {"id": 7}}}, None, id="an id that is a number"),
    pytest.param("session.update", {"session": {"prompt": None}}, None, id="no prompt"),
    pytest.param("response.create", {}, None, id="a response without wishes"),
    pytest.param("response.cancel", {}, None, id="another event"),
]


@pytest.mark.parametrize(("kind", "fields", "name"), NAMES)
def test_the_prompt_that_an_event_names(kind: str, fields: dict[str, Any], name: PromptName | None) -> None:
    assert prompt_named_by(client_events.decode(json.dumps({"type": kind, **fields}))) == name


def test_only_the_last_prompts_are_remembered(codec: RealtimeCodec) -> None:
    for count in range(REMEMBERED_PROMPTS):
        codec.learn_prompt(PromptName(f"agent_{count}"), TEMPLATE)
    assert instructions(codec, {"prompt": ADA}) == "Be brief with Ada."
