"""What clients of the ACP API send."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field

from vivavoce.agents.definition import (
    DESCRIPTION_LENGTH_MAXIMUM,
    INSTRUCTIONS_LENGTH_MAXIMUM,
    LABEL_LENGTH_MAXIMUM,
    NAME_LENGTH_MAXIMUM,
    PRONUNCIATIONS_MAXIMUM,
)
from vivavoce.agents.resources import URL_LENGTH_MAXIMUM
from vivavoce.api.acp.shapes import AcpObject, VoiceMode
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM, TITLE_LENGTH_MAXIMUM

PRONUNCIATION_LENGTH_MAXIMUM = 255

Words = Annotated[str, Field(max_length=PRONUNCIATION_LENGTH_MAXIMUM, pattern="^[^\\x00]+$")]


class NewVoiceSession(AcpObject):
    """A session to open. Everything may be left out."""

    thread_id: str | None = Field(default=None, description="Thread ID: go on in this thread.")
    environment_id: str | None = Field(default=None, description="Computer ID: where the agent's tools run.")
    title: str | None = Field(
        default=None,
        max_length=TITLE_LENGTH_MAXIMUM,
        description="Display title.",
        examples=["Voice session with Ada"],
    )
    communicator_mode: bool = Field(default=False, description="Whether the call is to follow its thread.")


class TranscriptEvent(BaseModel):
    """The realtime event that brought the words; what else it holds is ignored."""

    client_transcript_id: str | None = Field(
        default=None,
        max_length=255,
        validation_alias=AliasChoices("client_transcript_id", "clientTranscriptId"),
        description="The client's own name for this message: sent again, it is the same message.",
    )
    item_id: str | None = Field(default=None, description="The conversation's item, as the realtime event names it.")


class NewTranscriptMessage(BaseModel):
    """Something that was said in a call."""

    role: Literal["user", "assistant"] = Field(description="Who said it.")
    content: str = Field(max_length=MESSAGE_LENGTH_MAXIMUM, description="The words.", examples=["What time is it?"])
    client_transcript_id: str | None = Field(
        default=None,
        max_length=255,
        validation_alias=AliasChoices("client_transcript_id", "clientTranscriptId"),
        description="The client's own name for this message, where the event has none.",
    )
    event: TranscriptEvent | None = Field(default=None, description="The realtime event that brought the words.")


class TurnDetectionChanges(BaseModel):
    """How the agent is to take turns; what is not given stays."""

    type: Literal["server_vad", "semantic_vad", "semantic", "none"] | None = Field(
        default=None, description="By the length of the pause, by the sound of the words, or by the client."
    )
    threshold: float | None = Field(default=None, description="What counts as speech, between 0 and 1.")
    prefix_padding_ms: int | None = Field(
        default=None,
        validation_alias=AliasChoices("prefix_padding_ms", "prefixPaddingMs"),
        description="How much of the time before the speech is heard with it, at most 10000.",
    )
    silence_duration_ms: int | None = Field(
        default=None,
        validation_alias=AliasChoices("silence_duration_ms", "silenceDurationMs"),
        description="With `server_vad`: the pause that ends a turn, at most 10000.",
    )
    eagerness: Literal["low", "medium", "high", "auto"] | None = Field(
        default=None, description="With `semantic_vad`: how soon to answer."
    )
    create_response: bool | None = Field(
        default=None,
        validation_alias=AliasChoices("create_response", "createResponse"),
        description="Whether the end of a turn is answered without being asked.",
    )
    interrupt_response: bool | None = Field(
        default=None,
        validation_alias=AliasChoices("interrupt_response", "interruptResponse"),
        description="Whether the caller may break in.",
    )


class VoiceAgentChanges(AcpObject):
    """What to change of an agent; what is not given stays, and null is as on a new agent."""

    name: str | None = Field(default=None, max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")
    description: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH_MAXIMUM, description="What it is for.")
    instructions: str | None = Field(
        default=None, max_length=INSTRUCTIONS_LENGTH_MAXIMUM, description="What it is told."
    )
    model: str | None = Field(default=None, max_length=LABEL_LENGTH_MAXIMUM, description="The language model.")
    metadata: dict[str, Any] | None = Field(default=None, description="Free-form metadata object.")
    voice_mode: VoiceMode | None = Field(default=None, description="Where it may be called.")
    voice_provider: Literal["xai", "vivavoce"] | None = Field(
        default=None,
        description="`xai`: held at xAI where the server has a key of xAI. `vivavoce`: always held by this server.",
    )
    voice_model: str | None = Field(
        default=None, max_length=LABEL_LENGTH_MAXIMUM, description="The realtime model, for calls that xAI holds."
    )
    voice_id: str | None = Field(
        default=None, max_length=LABEL_LENGTH_MAXIMUM, description="The voice.", examples=["eve"]
    )
    voice_instructions: str | None = Field(
        default=None, max_length=INSTRUCTIONS_LENGTH_MAXIMUM, description="What it is told about speaking."
    )
    voice_language_hint: str | None = Field(
        default=None, description="The language of its callers, as a BCP-47 tag.", examples=["en"]
    )
    voice_turn_detection: TurnDetectionChanges | None = Field(default=None, description="How it takes turns.")
    voice_pronunciation_replacements: dict[Words, Words] | None = Field(
        default=None,
        max_length=PRONUNCIATIONS_MAXIMUM,
        description="How words are to be spoken: replaces the former table.",
    )


class NewVoiceAgent(VoiceAgentChanges):
    """An agent to make."""

    name: str = Field(max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")


class AcpNewPhoneNumber(AcpObject):
    """A number to give to an agent; only recorded: this server has no telephone line."""

    origin: Literal["xai_provisioned", "byo_trunk"] = Field(
        default="xai_provisioned", description="Whether the server chooses a number, or you bring one with a trunk."
    )
    name: str = Field(default="", max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")
    phone_number: str | None = Field(
        default=None, description="E.164; needed for `byo_trunk`.", examples=["+14155550123"]
    )
    area_code: str | None = Field(
        default=None, description="The US area where a number that the server chooses is to be.", examples=["415"]
    )
    webhook_url: str | None = Field(
        default=None, max_length=URL_LENGTH_MAXIMUM, description="Who is to be told of incoming calls."
    )
    webhook_name: str | None = Field(
        default=None, max_length=NAME_LENGTH_MAXIMUM, description="What people call the webhook."
    )
    sip_auth: dict[str, Any] | None = Field(
        default=None, description="How a trunk proves who it is. Kept encrypted, never shown."
    )
