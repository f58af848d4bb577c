"""Who may come in and which call they get: the API's keys and the store's agents behind the transport's port.

Owned by the server; stateless but for the rooms it joins.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from vivavoce.agents.definition import DEFAULT_AGENT, AgentDefinition
from vivavoce.agents.identifiers import new_identifier
from vivavoce.api.auth import authenticate
from vivavoce.api.errors import ApiError, Problem, problem_of
from vivavoce.conversation.settings import (
    Eagerness,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    Tool,
    TurnDetection,
)
from vivavoce.sessions.journal import Journal
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store
from vivavoce.transports.admission import CallPlan, CallRequest, Refusal

PLAIN_MODEL = "vivavoce"
"""The `model` of a session that names none."""

PLAIN_INSTRUCTIONS = (
    "You are a helpful voice assistant. Answer in one or two short sentences of plain spoken English, "
    "without lists, markdown or code."
)
"""What a session without an agent begins with; the client's own instructions replace it."""


class StoreDoorkeeper:
    """Admits by API key, plans by `agent_id`."""

    def __init__(self, store: Store, journals: Path | None) -> None:
        self._store = store
        self._journals = journals

    async def admit(self, request: CallRequest) -> CallPlan:
        try:
            admission = await authenticate(self._store.keys, request.headers, request.subprotocols)
        except (ApiError, StoreError) as error:
            raise _refusal(problem_of(error)) from error
        return await self._plan(request.query, admission.subprotocol)

    async def _plan(self, query: Mapping[str, str], subprotocol: str | None) -> CallPlan:
        wanted = query.get("agent_id")
        settings = Settings(instructions=PLAIN_INSTRUCTIONS)
        model = query.get("model") or PLAIN_MODEL
        if wanted:
            agent = await self._agent(wanted)
            settings = call_settings(agent)
            model = query.get("model") or agent.agent_id
        unix_ms = int(time.time() * 1000)
        session_id = new_identifier("sess", unix_ms)
        return CallPlan(
            session_id,
            new_identifier("conv", unix_ms),
            model,
            settings,
            subprotocol=subprotocol,
            journal=self._journal(session_id),
        )

    def _journal(self, session_id: str) -> Journal | None:
        return Journal(self._journals / f"{session_id}.jsonl") if self._journals is not None else None

    async def _agent(self, wanted: str) -> AgentDefinition:
        try:
            agents = self._store.agents
            record = await agents.first() if wanted == DEFAULT_AGENT else await agents.get(wanted)
        except StoreError as error:
            raise _refusal(problem_of(error)) from error
        if record is None:
            message = f"There is no agent '{wanted[:100]}'. Use agent_id={DEFAULT_AGENT} for the server's first agent."
            raise _refusal(Problem(404, "agent_not_found", message, param="agent_id"))
        return record.definition


def call_settings(agent: AgentDefinition) -> Settings:
    """An agent's definition as a call's settings."""
    return Settings(
        instructions=agent.instructions,
        greeting=agent.greeting,
        turn_detection=_turn_detection(agent),
        voice=agent.voice,
        speed=agent.speed,
        language=agent.language.partition("-")[0].lower(),
        tools=tuple(
            Tool(tool.name, tool.description, msgspec.json.encode(dict(tool.parameters)).decode())
            for tool in agent.tools
        ),
    )


def _turn_detection(agent: AgentDefinition) -> TurnDetection | None:
    chosen = agent.turn_detection
    match chosen.kind:
        case "none":
            return None
        case "server_vad":
            return ServerVad(
                chosen.threshold,
                chosen.prefix_padding_ms,
                chosen.silence_duration_ms,
                chosen.create_response,
                chosen.interrupt_response,
            )
        case "semantic":
            return SemanticTurnDetection(
                Eagerness(chosen.eagerness),
                chosen.threshold,
                chosen.prefix_padding_ms,
                chosen.create_response,
                chosen.interrupt_response,
            )


def _refusal(problem: Problem) -> Refusal:
    return Refusal(problem.status, problem.body, problem.headers)
