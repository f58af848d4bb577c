"""Agents as the Agntix API writes them. Values of one request or answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from vivavoce.agents.definition import (
    DESCRIPTION_LENGTH_MAXIMUM,
    GREETING_LENGTH_MAXIMUM,
    INSTRUCTIONS_LENGTH_MAXIMUM,
    LABEL_LENGTH_MAXIMUM,
    NAME_LENGTH_MAXIMUM,
)
from vivavoce.agents.tools import TOOLS_MAXIMUM
from vivavoce.api.agntix.paging import CAMEL, STRICT, AgntixPagination, strict_with

TOOL_DESCRIPTION_LENGTH_MAXIMUM = 4_000

PipelineMode = Literal["pipeline", "sts", "hybrid"]

_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
_CREATE_EXAMPLE: dict[str, Any] = {
    "fullName": "Inbound Receptionist",
    "description": "Answers inbound calls and routes to the correct department",
    "role": "You are a professional phone receptionist for Acme Inc.",
    "language": "en",
    "voiceEnabled": True,
    "voicePipelineMode": "pipeline",
}

Name = Annotated[
    str, Field(max_length=NAME_LENGTH_MAXIMUM, description="What the agent is called.", examples=["Support Bot"])
]
Description = Annotated[
    str,
    Field(max_length=DESCRIPTION_LENGTH_MAXIMUM, description="What it is for.", examples=["Answers inbound calls"]),
]
Role = Annotated[
    str,
    Field(
        max_length=INSTRUCTIONS_LENGTH_MAXIMUM,
        description="Who the agent is: the first section of what it is told.",
        examples=["You are a helpful, concise support agent for Acme Inc."],
    ),
]
Section = Annotated[str, Field(max_length=INSTRUCTIONS_LENGTH_MAXIMUM)]
Label = Annotated[str, Field(max_length=LABEL_LENGTH_MAXIMUM)]


class ToolAttachment(BaseModel):
    """A tool that the agent is to have."""

    model_config = STRICT

    tool_id: str = Field(
        min_length=1,
        max_length=LABEL_LENGTH_MAXIMUM,
        description="The tool's id; the name of a function that the agent has already keeps that function.",
        examples=["550e8400-e29b-41d4-a716-446655440000"],
    )
    tool_description: str | None = Field(
        default=None, max_length=TOOL_DESCRIPTION_LENGTH_MAXIMUM, description="What the agent is to know about it."
    )


_OPTIONAL_FIELDS = {
    "language": Field(default=None, description="BCP-47, such as `en` or `pt-BR`; `en` unless given.", examples=["en"]),
    "system_prompt": Field(default=None, description="How the agent is to behave: the second section."),
    "special_instructions": Field(default=None, description="What else it must mind: the third section."),
    "model_id": Field(default=None, description="A language model; every name means the server's own."),
    "stt_model_id": Field(default=None, description="A speech-to-text model: see `/v1/voice/models`."),
    "tts_model_id": Field(default=None, description="A text-to-speech model: see `/v1/voice/models`."),
    "tts_voice_id": Field(default=None, description="A voice: see `/v1/voice/voices`.", examples=["eve"]),
    "voice_enabled": Field(default=None, description="Whether it may hold voice sessions; false unless given."),
    "voice_pipeline_mode": Field(
        default=None,
        description="How it hears and speaks; voice sessions need one. All three run the same pipeline here.",
        examples=["pipeline"],
    ),
    "knowledge_store_id": Field(default=None, description="Documents that it may search; kept as a record."),
    "tools": Field(
        default=None,
        max_length=TOOLS_MAXIMUM,
        description="What it may call. In an update the list replaces the former one; `[]` takes all away.",
    ),
    "welcome_message": Field(
        default=None, max_length=GREETING_LENGTH_MAXIMUM, description="What it says first; null: the caller begins."
    ),
    "welcome_allow_interruptions": Field(
        default=None, description="Whether callers may break in on the welcome message; true unless given."
    ),
    "is_active": Field(default=None, description="False pauses it: no new sessions; true unless given."),
    "is_public": Field(default=None, description="Kept as a record; false unless given."),
    "metadata": Field(default=None, description="The client's own words about it: at most 50 keys and 16 KiB."),
}


class CreateAgntixAgent(BaseModel):
    """An agent to be made. Null is the same as absent; unknown fields are ignored."""

    model_config = strict_with(_CREATE_EXAMPLE)

    full_name: Name
    description: Description
    role: Role
    language: Label | None = _OPTIONAL_FIELDS["language"]
    system_prompt: Section | None = _OPTIONAL_FIELDS["system_prompt"]
    special_instructions: Section | None = _OPTIONAL_FIELDS["special_instructions"]
    model_id: Label | None = _OPTIONAL_FIELDS["model_id"]
    stt_model_id: Label | None = _OPTIONAL_FIELDS["stt_model_id"]
    tts_model_id: Label | None = _OPTIONAL_FIELDS["tts_model_id"]
    tts_voice_id: Label | None = _OPTIONAL_FIELDS["tts_voice_id"]
    voice_enabled: bool | None = _OPTIONAL_FIELDS["voice_enabled"]
    voice_pipeline_mode: PipelineMode | None = _OPTIONAL_FIELDS["voice_pipeline_mode"]
    knowledge_store_id: Label | None = _OPTIONAL_FIELDS["knowledge_store_id"]
    tools: list[ToolAttachment] | None = _OPTIONAL_FIELDS["tools"]
    welcome_message: str | None = _OPTIONAL_FIELDS["welcome_message"]
    welcome_allow_interruptions: bool | None = _OPTIONAL_FIELDS["welcome_allow_interruptions"]
    is_active: bool | None = _OPTIONAL_FIELDS["is_active"]
    is_public: bool | None = _OPTIONAL_FIELDS["is_public"]
    metadata: dict[str, Any] | None = _OPTIONAL_FIELDS["metadata"]


class UpdateAgntixAgent(BaseModel):
    """What to change; what is not given stays, null puts a field back to what a new agent has."""

    model_config = strict_with({"fullName": "Tier-1 Support", "isActive": True})

    full_name: Name = ""
    description: Description = ""
    role: Role = ""
    language: Label | None = _OPTIONAL_FIELDS["language"]
    system_prompt: Section | None = _OPTIONAL_FIELDS["system_prompt"]
    special_instructions: Section | None = _OPTIONAL_FIELDS["special_instructions"]
    model_id: Label | None = _OPTIONAL_FIELDS["model_id"]
    stt_model_id: Label | None = _OPTIONAL_FIELDS["stt_model_id"]
    tts_model_id: Label | None = _OPTIONAL_FIELDS["tts_model_id"]
    tts_voice_id: Label | None = _OPTIONAL_FIELDS["tts_voice_id"]
    voice_enabled: bool | None = _OPTIONAL_FIELDS["voice_enabled"]
    voice_pipeline_mode: PipelineMode | None = _OPTIONAL_FIELDS["voice_pipeline_mode"]
    knowledge_store_id: Label | None = _OPTIONAL_FIELDS["knowledge_store_id"]
    tools: list[ToolAttachment] | None = _OPTIONAL_FIELDS["tools"]
    welcome_message: str | None = _OPTIONAL_FIELDS["welcome_message"]
    welcome_allow_interruptions: bool | None = _OPTIONAL_FIELDS["welcome_allow_interruptions"]
    is_active: bool | None = _OPTIONAL_FIELDS["is_active"]
    is_public: bool | None = _OPTIONAL_FIELDS["is_public"]
    metadata: dict[str, Any] | None = _OPTIONAL_FIELDS["metadata"]


class AgntixModel(BaseModel):
    """The language model of an agent."""

    model_config = CAMEL

    id: str = Field(description="The model's id.", examples=["vivavoce"])
    name: str = Field(description="What it is called.", examples=["vivavoce"])
    provider: str = Field(description="Who runs it.", examples=["vivavoce"])


class AgntixTool(BaseModel):
    """A tool, as an agent shows it."""

    model_config = CAMEL

    id: str = Field(
        description="The tool's id: what `toolId` takes.", examples=["550e8400-e29b-41d4-a716-446655440000"]
    )
    name: str = Field(description="What it is called.", examples=["GET_ACCOUNT_BALANCE"])
    description: str | None = Field(description="What the agent knows about it.")
    type: str = Field(description="`FUNCTION_TOOL`, `API_TOOL`, or a tool of the house such as `WEB_SEARCH`.")


class AgntixAgentTool(BaseModel):
    """A tool that an agent has."""

    model_config = CAMEL

    tool: AgntixTool = Field(description="The tool.")


class AgntixKnowledgeStore(BaseModel):
    """The documents of an agent."""

    model_config = CAMEL

    knowledge_store_id: str = Field(description="The id of the store.")


class AgntixAgent(BaseModel):
    """An agent."""

    model_config = CAMEL

    id: str = Field(description="The agent's id, as a UUID.", examples=[_ID])
    full_name: str = Field(description="What it is called.")
    description: str = Field(description="What it is for.")
    role: str = Field(description="Who it is: the first section of what it is told.")
    language: str = Field(description="BCP-47.", examples=["en"])
    system_prompt: str = Field(description="How it is to behave: the second section.")
    special_instructions: str = Field(description="What else it must mind: the third section.")
    voice_enabled: bool = Field(description="Whether it may hold voice sessions.")
    voice_pipeline_mode: PipelineMode | None = Field(description="How it hears and speaks; voice sessions need one.")
    model_id: str | None = Field(description="The language model that was chosen; null: the server's own.")
    stt_model_id: str | None = Field(description="The speech-to-text model that was chosen.")
    tts_model_id: str | None = Field(description="The text-to-speech model that was chosen.")
    tts_voice_id: str = Field(description="Its voice.", examples=["eve"])
    knowledge_store_id: str | None = Field(description="The documents that it may search.")
    welcome_message: str | None = Field(description="What it says first; null: the caller begins.")
    welcome_allow_interruptions: bool = Field(description="Whether callers may break in on the welcome message.")
    is_active: bool = Field(description="False: it takes no new sessions.")
    is_public: bool = Field(description="Kept as a record.")
    org_id: str = Field(description="Whose it is.", examples=["org_00000000000000000000000001"])
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.", examples=["2026-04-29T08:00:00Z"])
    updated_at: datetime = Field(description="When it was last changed.", examples=["2026-04-29T08:00:00Z"])
    model: AgntixModel = Field(description="The language model that answers.")
    agent_tools: list[AgntixAgentTool] = Field(description="What it may call.")
    agent_knowledge_store: AgntixKnowledgeStore | None = Field(description="Its documents.")


class AgntixAgentPage(BaseModel):
    """A page of agents, the newest first."""

    model_config = CAMEL

    data: list[AgntixAgent] = Field(description="The agents of this page.")
    pagination: AgntixPagination = Field(description="Which page this is.")
