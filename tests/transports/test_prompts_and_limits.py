"""Stored prompts and rate limits on the wire, at a real server with scripted engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.sync.client import ClientConnection, connect

from tests.serving import KEY, Served, scripted_settings, serving

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("prompts"))) as running:
        yield running


@contextmanager
def call(served: Served, secret: str = KEY, query: str = "") -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {secret}"}
    with connect(f"{served.websocket_url}{query}", additional_headers=headers, proxy=None) as websocket:
        told(websocket, "conversation.created")
        yield websocket


def told(websocket: ClientConnection, *kinds: str) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = json.loads(websocket.recv(timeout=30))
        if event["type"] in kinds:
            STRICT.validate_python(event)
            return event


def tell(websocket: ClientConnection, kind: str, **fields: Any) -> None:
    websocket.send(json.dumps({"type": kind, **fields}))


def agent(served: Served, key: str = KEY, **definition: Any) -> str:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{served.url}/v1/agents", json={"name": "Ann", **definition}, headers=headers)
    agent_id: str = answer.json()["agent"]["agent_id"]
    return agent_id


def test_a_session_takes_the_instructions_of_a_stored_prompt(served: Served) -> None:
    agent_id = agent(served, instructions="You are Ann. Greet {{name}}.")
    prompt = {"id": agent_id, "variables": {"name": "Ada"}}
    with call(served) as websocket:
        tell(websocket, "session.update", session={"type": "realtime", "prompt": prompt})
        session = told(websocket, "session.updated", "error")["session"]
    assert session["prompt"] == prompt
    assert session["instructions"] == "You are Ann. Greet {{name}}."


@pytest.mark.parametrize(
    ("prompt", "at"),
    [
        pytest.param({"id": "pmpt_of_somebody_else"}, "id", id="an id that is not there"),
        pytest.param({"id": "default", "version": "99"}, "version", id="a version that is not there"),
    ],
)
def test_an_unknown_prompt_is_an_exact_error_and_the_session_goes_on(served: Served, prompt: Any, at: str) -> None:
    with call(served) as websocket:
        for kind, root in (("session.update", "session"), ("response.create", "response")):
            tell(websocket, kind, event_id="e", **{root: {"prompt": prompt}})
            error = told(websocket, "error", "session.updated", "response.created")["error"]
            assert (error["code"], error["param"]) == ("prompt_not_found", f"{root}.prompt.{at}")
            assert (error["type"], error["event_id"]) == ("invalid_request_error", "e")
        tell(websocket, "session.update", session={"instructions": "Go on."})
        assert told(websocket, "session.updated")["session"]["instructions"] == "Go on."


def test_another_organisations_agent_is_no_prompt(served: Served) -> None:
    store = served.server._store
    assert store is not None

    async def another_key() -> str:
        other = await store.organisations.add("Other")
        return (await store.keys.create("theirs", organisation_id=other.organisation_id)).secret

    agent_id = agent(served, instructions="Ours.")
    with call(served, served.inside(another_key)) as websocket:
        tell(websocket, "session.update", session={"prompt": {"id": agent_id}})
        assert told(websocket, "error", "session.updated")["error"]["code"] == "prompt_not_found"


def test_the_key_is_told_what_it_may_still_ask_with_every_reply(served: Served) -> None:
    limit = int(
        httpx.get(f"{served.url}/v1/agents", headers={"authorization": f"Bearer {KEY}"}).headers["x-ratelimit-limit"]
    )
    with call(served) as websocket:
        tell(websocket, "response.create", response={"output_modalities": ["text"]})
        told(websocket, "response.created")
        event = json.loads(websocket.recv(timeout=30))
    STRICT.validate_python(event)
    assert event["type"] == "rate_limits.updated"
    (requests,) = event["rate_limits"]
    assert (requests["name"], requests["limit"]) == ("requests", limit)
    assert 0 <= requests["remaining"] <= limit


def test_xais_clients_are_told_of_no_limits(served: Served) -> None:
    with call(served, query="?model=grok-voice-latest") as websocket:
        tell(websocket, "response.create", response={"output_modalities": ["text"]})
        told(websocket, "response.created")
        event = json.loads(websocket.recv(timeout=30))
    assert event["type"] != "rate_limits.updated"


def test_clearing_the_buffer_cuts_what_is_heard(served: Served) -> None:
    forced = {"type": "force_message", "role": "assistant", "content": [{"type": "output_text", "text": "Well, " * 40}]}
    with call(served) as websocket:
        tell(websocket, "session.update", session={"vivavoce": {"output_audio_buffer": True}})
        tell(websocket, "conversation.item.create", item=forced)
        started = told(websocket, "output_audio_buffer.started")
        tell(websocket, "output_audio_buffer.clear")
        done = told(websocket, "response.done")["response"]
        cleared = told(websocket, "output_audio_buffer.cleared", "error")
    assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert started["response_id"] == cleared["response_id"] == done["id"]
