"""The agent as both APIs are shown it: one object with the fields of each, and a page of such objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from vivavoce.agents.conduct import Fillers, InterruptionPolicy, NoiseReduction, RecordingFormat
from vivavoce.agents.definition import AgentDefinition, Eagerness
from vivavoce.agents.identifiers import with_prefix
from vivavoce.api.agents.examples import AGENT_ID, LOOKUP_ORDER, NURI_AGENT_ID, PHONE_NUMBER_ID, VOICE
from vivavoce.api.dependencies import pagination_token
from vivavoce.store.records import AgentRecord, Page, PageRequest
from vivavoce.tools.shown import without_secrets

NURI_PREFIX = "agt"


class VoiceObject(BaseModel):
    """How an agent sounds and when it notices speech."""

    voice_id: str = Field(description="Which voice it speaks with.")
    vad_threshold: float = Field(description="How probable speech must be to count, 0.0 to 1.0.")
    vad_silence_duration_ms: int = Field(
        default_factory=int,  # never shown: what is not given is left out, so that clients' own defaults apply
        description="How long a pause ends the caller's turn; left out where the agent judges by the pause's sound.",
    )


class EndpointingObject(BaseModel):
    """How long a pause of the caller's may last, where the agent judges it by its sound."""

    shortest_pause_ms: int | None = Field(description="No turn ends before so much silence; null: the server's choice.")
    longest_pause_ms: int | None = Field(description="Every turn ends after so much; null: the server's choice.")


class CallerSilenceObject(BaseModel):
    """What a caller who says nothing hears."""

    after_ms: int = Field(description="How long the caller may be silent.")
    reengagements: int = Field(description="How often the agent speaks up before it says goodbye and ends the call.")
    goodbye: str | None = Field(description="Its last words; null: the model finds them.")


class FillersObject(BaseModel):
    """Words for the while that the caller has to wait."""

    late_reply_ms: int | None = Field(description="How long an answer may take before a word is said; null: for ever.")
    late_tool_ms: int | None = Field(description="How long a function may take before a word is said; null: for ever.")
    reply_words: list[str] | None = Field(description="What is said for a late answer; null: the server's own words.")
    tool_words: list[str] | None = Field(description="What is said while a function runs; null: the server's own.")


class RecordingObject(BaseModel):
    """Whether calls are recorded, where the server records at all."""

    enabled: bool = Field(description="Whether calls are recorded.")
    format: RecordingFormat | None = Field(description="`opus` or `wav`; null: the server's choice.")
    consent: str | None = Field(description="What is said before anything else; null: nothing.")


class AgentObject(BaseModel):
    """An agent, in the words of the xAI API and of the Nuri API at once."""

    agent_id: str = Field(description="Its id, as the xAI API writes it.", examples=[AGENT_ID])
    id: str = Field(description="The same id, as the Nuri API writes it.", examples=[NURI_AGENT_ID])
    name: str = Field(description="What people call it.", examples=["Order Support"])
    instructions: str = Field(
        description="All that it is told.", examples=["You are a friendly order support agent for Acme Corp."]
    )
    system_prompt: str = Field(description="The same as `instructions`, as the Nuri API calls it.")
    voice: VoiceObject = Field(description="How it sounds and listens.", examples=[VOICE])
    voice_id: str = Field(description="The same as `voice.voice_id`.", examples=["eve"])
    tools: list[dict[str, Any]] = Field(
        description="What it may call, as it was declared.", examples=[[LOOKUP_ORDER, {"type": "web_search"}]]
    )
    collection_ids: list[str] = Field(description="Collections that `file_search` looks through.")
    description: str = Field(description="What it is for; the agent is not told.")
    greeting: str | None = Field(description="What it says first; null: the caller begins.")
    language: str = Field(description="A BCP-47 tag.", examples=["en"])
    max_turns: int | None = Field(description="How many turns a session may have; null: no limit.", examples=[50])
    speed: float = Field(description="How fast it speaks; 1.0 is the voice's own pace.")
    pronunciations: dict[str, str] = Field(description="Words and what is spoken in their place.")
    model: str | None = Field(description="A language model's name; null: the server's own.")
    interruption: InterruptionPolicy = Field(description="What stops it: speech that means to, or any speech.")
    eagerness: Eagerness = Field(description="How soon a pause ends the caller's turn, where the agent judges it.")
    endpointing: EndpointingObject = Field(description="Limits for the pause that ends a turn.")
    speculation: bool = Field(description="Whether answers may be begun before the turn is surely over.")
    caller_silence: CallerSilenceObject | None = Field(description="What a silent caller hears; null: nothing.")
    fillers: FillersObject = Field(description="Words for the while that the caller has to wait.")
    noise_reduction: NoiseReduction | None = Field(description="Whose noise is taken out: a headset's, or a room's.")
    recording: RecordingObject | None = Field(description="Whether calls are recorded; null: they are not.")
    phone_number_id: str | None = Field(description="The number that it calls with.", examples=[PHONE_NUMBER_ID])
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    status: Literal["active", "paused", "deleted"] = Field(description="Whether sessions can be opened with it.")
    version: int = Field(description="Counts its definitions from 1; every change makes another.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class AgentAnswer(AgentObject):
    """An agent for both APIs: flat for the one, under `agent` for the other."""

    agent: AgentObject = Field(description="The same object once more, where the xAI API has it.")


class AgentList(BaseModel):
    """A page of agents, the newest first."""

    agents: list[AgentObject] = Field(description="The agents of this page.")
    has_more: bool = Field(description="Whether there are more behind this page.")
    limit: int = Field(description="How many were asked for.")
    offset: int = Field(description="How many were skipped.")
    pagination_token: str | None = Field(description="Send it back as `pagination_token` for the next page.")
    next_page_token: str | None = Field(description="The same as `pagination_token`.")


class DeletedAgent(BaseModel):
    """An agent that is gone."""

    agent_id: str = Field(description="Its id, as the xAI API writes it.", examples=[AGENT_ID])
    id: str = Field(description="The same id, as the Nuri API writes it.", examples=[NURI_AGENT_ID])
    deleted: Literal[True] = Field(description="Always true.")
    status: Literal["deleted"] = Field(description="Always `deleted`.")


def agent_fields(definition: AgentDefinition) -> dict[str, Any]:
    """What an `AgentObject` says of a definition: all but the ids, the number, the version and the times."""
    return {
        "name": definition.name,
        "instructions": definition.whole_instructions,
        "system_prompt": definition.whole_instructions,
        "voice": _voice(definition),
        "voice_id": definition.voice,
        "tools": [without_secrets(tool) for tool in definition.tools],
        "collection_ids": list(definition.collection_ids),
        "description": definition.description,
        "greeting": definition.greeting,
        "language": definition.language,
        "max_turns": definition.max_turns,
        "speed": definition.speed,
        "pronunciations": dict(definition.pronunciations),
        "model": definition.model,
        "interruption": definition.interruption,
        "eagerness": definition.turn_detection.eagerness,
        "endpointing": asdict(definition.endpointing),
        "speculation": definition.speculation,
        "caller_silence": None if definition.caller_silence is None else asdict(definition.caller_silence),
        "fillers": _fillers(definition.fillers),
        "noise_reduction": definition.noise_reduction,
        "recording": None if definition.recording is None else asdict(definition.recording),
        "metadata": dict(definition.metadata),
    }


def agent_object(agent: AgentRecord, phone_number_id: str | None) -> AgentObject:
    """Serialize it with `response_model_exclude_unset`."""
    return AgentObject(
        agent_id=agent.agent_id,
        id=with_prefix(agent.agent_id, NURI_PREFIX),
        phone_number_id=phone_number_id,
        status=agent.status,
        version=agent.version,
        created_at=agent.created_at,
        updated_at=agent.updated_at,
        **agent_fields(agent.definition),
    )


def agent_answer(agent: AgentRecord, phone_number_id: str | None) -> AgentAnswer:
    """Serialize it with `response_model_exclude_unset`."""
    shown = agent_object(agent, phone_number_id)
    fields = {name: getattr(shown, name) for name in AgentObject.model_fields}
    return AgentAnswer(**fields, agent=shown)


def agent_list(page: Page[AgentRecord], asked: PageRequest, numbers: Mapping[str, str]) -> AgentList:
    """`numbers`: the agents' phone number ids by the agents' ids."""
    token = pagination_token(page.next_seq)
    return AgentList(
        agents=[agent_object(agent, numbers.get(agent.agent_id)) for agent in page.items],
        has_more=page.next_seq is not None,
        limit=asked.limit,
        offset=asked.offset,
        pagination_token=token,
        next_page_token=token,
    )


def deleted_agent(agent: AgentRecord) -> DeletedAgent:
    shown = with_prefix(agent.agent_id, NURI_PREFIX)
    return DeletedAgent(agent_id=agent.agent_id, id=shown, deleted=True, status="deleted")


def _fillers(fillers: Fillers) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(fillers).items()}


def _voice(definition: AgentDefinition) -> VoiceObject:
    chosen = definition.turn_detection
    if chosen.kind == "server_vad":
        return VoiceObject(
            voice_id=definition.voice,
            vad_threshold=chosen.threshold,
            vad_silence_duration_ms=chosen.silence_duration_ms,
        )
    return VoiceObject(voice_id=definition.voice, vad_threshold=chosen.threshold)
