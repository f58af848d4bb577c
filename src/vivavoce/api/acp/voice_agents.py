"""The agents of the ACP API: listed, made, read, changed, and given a phone number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path

from vivavoce.api.acp import phone_numbers, shapes
from vivavoce.api.acp.definitions import clients_words, new_definition, update_of
from vivavoce.api.acp.rendering import pagination, voice_agent
from vivavoce.api.acp.requests import AcpNewPhoneNumber, NewVoiceAgent, VoiceAgentChanges
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.records import AgentRecord, PageRequest
from vivavoce.store.sessions import SessionFilter

RECENT_SESSIONS = 5
NEWEST_SESSIONS = 100
"""Among so many of the organisation's sessions a list looks for those of its agents."""

NUMBERS_AT_ONCE = 200

AgentIdPath = Annotated[str, Path(alias="agentId", description="Agent ID, in any rendering.")]

router = APIRouter(
    prefix="/v1/voice-agents",
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.ACP),
    tags=["ACP: voice agents"],
)


@router.get("", summary="List voice agents")
async def list_voice_agents(platform: PlatformOf, caller: Reader, page: PageOf) -> shapes.VoiceAgents:
    found = await platform.agents.list(caller, replace(page, with_total=True))
    return shapes.VoiceAgents(data=await _all_shown(platform, caller, found.items), pagination=pagination(page, found))


@router.post("/agents", status_code=201, summary="Create a voice agent")
async def create_voice_agent(platform: PlatformOf, caller: Writer, body: NewVoiceAgent) -> shapes.VoiceAgent:
    with clients_words():
        agent = await platform.agents.create(caller, new_definition(body))
    return await _shown(platform, caller, agent)


@router.get("/agents/{agentId}", summary="Get a voice agent")
async def get_voice_agent(platform: PlatformOf, caller: Reader, agent_id: AgentIdPath) -> shapes.VoiceAgent:
    return await _shown(platform, caller, await platform.agents.get(caller, agent_id))


@router.patch("/agents/{agentId}", summary="Change a voice agent")
async def change_voice_agent(
    platform: PlatformOf, caller: Writer, agent_id: AgentIdPath, body: VoiceAgentChanges
) -> shapes.VoiceAgent:
    agent = await platform.agents.get(caller, agent_id)
    with clients_words():
        changed = await platform.agents.update(caller, agent.agent_id, update_of(body, agent.definition))
    return await _shown(platform, caller, changed)


@router.post("/agents/{agentId}/phone-number", status_code=201, summary="Give a phone number to a voice agent")
async def give_phone_number(
    platform: PlatformOf, caller: Writer, agent_id: AgentIdPath, body: AcpNewPhoneNumber
) -> shapes.VoiceAgent:
    agent = await platform.agents.get(caller, agent_id)
    with clients_words():
        given = await phone_numbers.give(platform, caller, agent, body)
    shown = await _shown(platform, caller, given.agent)
    if shown.phone_number is not None:
        shown.phone_number.signing_secret = given.signing_secret
    return shown


@router.delete("/agents/{agentId}/phone-number", summary="Release the phone number of a voice agent")
async def release_phone_number(platform: PlatformOf, caller: Writer, agent_id: AgentIdPath) -> shapes.VoiceAgent:
    agent = await platform.agents.get(caller, agent_id)
    return await _shown(platform, caller, await phone_numbers.release(platform, caller, agent))


async def _all_shown(platform: Platform, caller: Caller, agents: Sequence[AgentRecord]) -> list[shapes.VoiceAgent]:
    """A page of agents costs a few questions to the store, not a few for each agent."""
    newest = await platform.sessions.list(caller, PageRequest(limit=NEWEST_SESSIONS))
    numbers = await platform.store.phone_numbers.list(caller.organisation_id, PageRequest(limit=NUMBERS_AT_ONCE))
    by_agent = {number.body.agent_id: number for number in reversed(numbers.items)}
    shown = []
    for agent in agents:
        number = by_agent.get(agent.agent_id)
        if number is None and numbers.next_seq is not None:
            number = await platform.agents.phone_number_of(caller, agent)
        recent = [session for session in newest.items if session.agent_id == agent.agent_id]
        shown.append(voice_agent(agent, number, recent[:RECENT_SESSIONS]))
    return shown


async def _shown(platform: Platform, caller: Caller, agent: AgentRecord) -> shapes.VoiceAgent:
    recent = await platform.sessions.list(
        caller, PageRequest(limit=RECENT_SESSIONS), SessionFilter(agent_id=agent.agent_id)
    )
    return voice_agent(agent, await platform.agents.phone_number_of(caller, agent), recent.items)
