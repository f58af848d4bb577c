"""What clients of the AgentHuman API send."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, WithJsonSchema

from vivavoce.agents.definition import (
    DESCRIPTION_LENGTH_MAXIMUM,
    GREETING_LENGTH_MAXIMUM,
    INSTRUCTIONS_LENGTH_MAXIMUM,
    LABEL_LENGTH_MAXIMUM,
    NAME_LENGTH_MAXIMUM,
)
from vivavoce.agents.resources import URL_LENGTH_MAXIMUM
from vivavoce.api.agenthuman.shapes import AspectRatio
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM


def _as_text(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise ValueError("must be an integer, or an id of another API as a string")


Identifier = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
]
"""A number of this API, or an id as another API writes it."""


class NewSession(BaseModel):
    """A session to start."""

    agent_id: Identifier = Field(
        description="The ID of the agent to start a session in; ids of the other APIs are taken too.", examples=[123]
    )
    session_type: Literal["voice", "agent_voice", "agent_video", "agent_chat", "webrtc_video"] = Field(
        default="voice",
        description="Type of session: 'agent_voice', 'agent_video', 'agent_chat' or 'webrtc_video'; "
        "'voice' is 'agent_voice'.",
        examples=["agent_voice"],
    )
    metadata: dict[str, Any] | None = Field(
        default=None,
        description="Optional metadata for the session",
        examples=[{"source": "web_app", "device": "desktop"}],
    )


class NewMessage(BaseModel):
    """Something to say to the agent."""

    content: str = Field(max_length=MESSAGE_LENGTH_MAXIMUM, description="The words.", examples=["What time is it?"])


class AgentChanges(BaseModel):
    """What to change of an agent; what is not given stays, and null is as on a new agent."""

    name: str | None = Field(
        default=None,
        max_length=NAME_LENGTH_MAXIMUM,
        validation_alias=AliasChoices("name", "agent_name"),
        description="What people call it; also taken as `agent_name`.",
        examples=["Sales Support Agent"],
    )
    description: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH_MAXIMUM, description="What it is for.")
    instructions: str | None = Field(
        default=None,
        max_length=INSTRUCTIONS_LENGTH_MAXIMUM,
        validation_alias=AliasChoices("instructions", "system_prompt"),
        description="What it is told; also taken as `system_prompt`.",
    )
    voice_id: str | None = Field(
        default=None, max_length=LABEL_LENGTH_MAXIMUM, description="Its voice.", examples=["21m00Tcm4TlvDq8ikWAM"]
    )
    language: str | None = Field(default=None, description="The language of its callers, as a BCP-47 tag.")
    greeting: str | None = Field(
        default=None, max_length=GREETING_LENGTH_MAXIMUM, description="What it says first; null: nothing."
    )
    avatar_id: Identifier | None = Field(default=None, description="The avatar that it is to have.", examples=[1])
    metadata: dict[str, Any] | None = Field(default=None, description="Your own words about it.")


class NewAgent(AgentChanges):
    """An agent to make."""

    name: str = Field(
        max_length=NAME_LENGTH_MAXIMUM,
        validation_alias=AliasChoices("name", "agent_name"),
        description="What people call it; also taken as `agent_name`.",
        examples=["Sales Support Agent"],
    )


class NewAvatar(BaseModel):
    """An avatar to make."""

    name: str = Field(
        max_length=NAME_LENGTH_MAXIMUM,
        validation_alias=AliasChoices("name", "avatar_name"),
        description="What it is called; also taken as `avatar_name`.",
        examples=["Professional Avatar"],
    )
    url: str = Field(
        max_length=URL_LENGTH_MAXIMUM,
        validation_alias=AliasChoices("url", "avatar_url"),
        description="Where its picture is, http or https; also taken as `avatar_url`.",
        examples=["https://example.com/avatar.jpg"],
    )
    aspect_ratio: AspectRatio = Field(default="1:1", description="Width to height.")
    metadata: dict[str, Any] | None = Field(default=None, description="Your own words about it.")
