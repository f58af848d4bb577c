"""What clients of the xAI and Nuri APIs say of an agent: the fields of a new one, and changes with a field mask."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from vivavoce.agents.conduct import (
    CONSENT_LENGTH_MAXIMUM,
    FILLER_LENGTH_MAXIMUM,
    FILLERS_MAXIMUM,
    GOODBYE_LENGTH_MAXIMUM,
    REENGAGEMENTS_RANGE,
    SILENCE_MS_RANGE,
    WAIT_MS_RANGE,
    InterruptionPolicy,
    NoiseReduction,
    RecordingFormat,
)
from vivavoce.agents.definition import (
    COLLECTIONS_MAXIMUM,
    DESCRIPTION_LENGTH_MAXIMUM,
    DURATION_MS_RANGE,
    GREETING_LENGTH_MAXIMUM,
    INSTRUCTIONS_LENGTH_MAXIMUM,
    LABEL_LENGTH_MAXIMUM,
    NAME_LENGTH_MAXIMUM,
    SPEED_RANGE,
    THRESHOLD_RANGE,
    TURNS_RANGE,
    Eagerness,
)
from vivavoce.agents.tools import TOOLS_MAXIMUM
from vivavoce.api.agents.examples import ASSIGNMENT, LOOKUP_ORDER, NEW_AGENT, NEW_VOICE, VOICE
from vivavoce.api.agents.spellings import Spelled, told_as

PHONE_NUMBER_ID_LENGTH_MAXIMUM = 128

NOT_BLANK = told_as(r"\S")

PhoneNumberChoice = Annotated[str | None, Field(max_length=PHONE_NUMBER_ID_LENGTH_MAXIMUM)]


class VoiceFields(Spelled):
    """How the agent sounds and when it notices speech. Given whole: what is left out is as on a new agent."""

    voice_id: str | None = Field(
        default=None,
        max_length=LABEL_LENGTH_MAXIMUM,
        description="Which voice: `eve`, `ara`, `rex`, `sal`, `leo` or another of `GET /v1/voices`.",
    )
    vad_threshold: float | None = Field(
        default=None,
        ge=THRESHOLD_RANGE[0],
        le=THRESHOLD_RANGE[1],
        description="How probable speech must be to count: 0.3 hears quieter speech, 0.8 wants it louder.",
    )
    vad_silence_duration_ms: int | None = Field(
        default=None,
        ge=DURATION_MS_RANGE[0],
        le=DURATION_MS_RANGE[1],
        description="How long a pause ends the caller's turn. Left out, the agent judges each pause: see `eagerness`.",
    )


Wait = Annotated[int, Field(ge=WAIT_MS_RANGE[0], le=WAIT_MS_RANGE[1])]
FillerWords = Annotated[
    list[Annotated[str, Field(max_length=FILLER_LENGTH_MAXIMUM, json_schema_extra=NOT_BLANK)]],
    Field(max_length=FILLERS_MAXIMUM),
]


class EndpointingFields(Spelled):
    """How long a pause of the caller's may last. Given whole: what is left out is left to the server."""

    shortest_pause_ms: Wait | None = Field(default=None, description="No turn ends before so much silence.")
    longest_pause_ms: Wait | None = Field(
        default=None, description="Every turn ends after so much silence; not less than `shortest_pause_ms`."
    )


class CallerSilenceFields(Spelled):
    """What a caller who says nothing hears. Given whole: what is left out is as on a new agent."""

    after_ms: int = Field(
        ge=SILENCE_MS_RANGE[0],
        le=SILENCE_MS_RANGE[1],
        description="How long the caller may be silent.",
        examples=[8000],
    )
    reengagements: int = Field(
        default=2,
        ge=REENGAGEMENTS_RANGE[0],
        le=REENGAGEMENTS_RANGE[1],
        description="How often the agent speaks up before it says goodbye and ends the call.",
    )
    goodbye: str | None = Field(
        default=None,
        max_length=GOODBYE_LENGTH_MAXIMUM,
        description="Its last words. Null: the model finds them.",
        json_schema_extra=NOT_BLANK,
    )


class FillerFields(Spelled):
    """Words for the while that the caller has to wait. Given whole: what is left out is as on a new agent."""

    late_reply_ms: Wait | None = Field(
        default=None, description="How long an answer may take before a word is said; null: for ever.", examples=[700]
    )
    late_tool_ms: Wait | None = Field(
        default=None, description="How long a function may take before a word is said; null: for ever.", examples=[3000]
    )
    reply_words: FillerWords | None = Field(
        default=None, description="What is said for a late answer, in turn. Null: the server's own words."
    )
    tool_words: FillerWords | None = Field(
        default=None, description="What is said while a function runs, each once. Null: the server's own words."
    )


class RecordingFields(Spelled):
    """Whether calls are recorded, where the server records at all. Given whole: what is left out is as told here."""

    enabled: bool = Field(default=True, description="Whether calls are recorded.")
    format: RecordingFormat | None = Field(
        default=None, description="`opus` (small) or `wav`. Null: the server's choice."
    )
    consent: str | None = Field(
        default=None,
        max_length=CONSENT_LENGTH_MAXIMUM,
        description="What is said before anything else; nothing stops it. Null: nothing.",
        examples=["This call is recorded."],
        json_schema_extra=NOT_BLANK,
    )


class AgentFields(Spelled):
    """What can be set of an agent. camelCase names are taken as well."""

    name: str | None = Field(
        default=None, max_length=NAME_LENGTH_MAXIMUM, description="What people call it.", examples=["Order Support"]
    )
    instructions: str | None = Field(
        default=None,
        max_length=INSTRUCTIONS_LENGTH_MAXIMUM,
        description="All that the agent is told.",
        examples=["You are a friendly order support agent for Acme Corp."],
    )
    system_prompt: str | None = Field(
        default=None,
        max_length=INSTRUCTIONS_LENGTH_MAXIMUM,
        description="The Nuri API's word for `instructions`; send one of the two.",
    )
    tools: list[dict[str, Any]] | None = Field(
        default=None,
        max_length=TOOLS_MAXIMUM,
        description="What it may call: `function` (nested or flat), `web_search`, `x_search`, `file_search`, `mcp`.",
        examples=[[LOOKUP_ORDER, {"type": "web_search"}]],
    )
    voice: VoiceFields | None = Field(default=None, description="How it sounds and listens.", examples=[VOICE])
    voice_id: str | None = Field(
        default=None, max_length=LABEL_LENGTH_MAXIMUM, description="The same as `voice.voice_id`, by itself."
    )
    collection_ids: list[Annotated[str, Field(max_length=LABEL_LENGTH_MAXIMUM)]] | None = Field(
        default=None, max_length=COLLECTIONS_MAXIMUM, description="Collections that `file_search` looks through."
    )
    description: str | None = Field(
        default=None, max_length=DESCRIPTION_LENGTH_MAXIMUM, description="What it is for; the agent is not told."
    )
    greeting: str | None = Field(
        default=None, max_length=GREETING_LENGTH_MAXIMUM, description="What it says first; null: the caller begins."
    )
    language: str | None = Field(default=None, description="A BCP-47 tag. Defaults to `en`.", examples=["en"])
    max_turns: int | None = Field(
        default=None,
        ge=TURNS_RANGE[0],
        le=TURNS_RANGE[1],
        description="How many turns a session may have; in the last one the agent says goodbye. Null: no limit.",
    )
    speed: float | None = Field(
        default=None, ge=SPEED_RANGE[0], le=SPEED_RANGE[1], description="How fast it speaks; 1.0 is the voice's pace."
    )
    pronunciations: dict[str, str] | None = Field(
        default=None, description="Words and what is spoken in their place.", examples=[{"ACME": "ack mee"}]
    )
    model: str | None = Field(
        default=None, max_length=LABEL_LENGTH_MAXIMUM, description="A language model's name. Null: the server's own."
    )
    metadata: dict[str, Any] | None = Field(
        default=None, description="The client's own words about it: at most 50 keys and 16 KiB of JSON."
    )
    interruption: InterruptionPolicy | None = Field(
        default=None,
        description="What stops the agent: `confirmed` (the default), speech that means to; `at_once`, any speech.",
    )
    eagerness: Eagerness | None = Field(
        default=None,
        description="How soon a pause ends the caller's turn, where the agent judges it: `low` lets callers think, "
        "`high` answers quickly, `medium` lies between; `auto` (the default) suits most.",
    )
    endpointing: EndpointingFields | None = Field(
        default=None, description="Limits for the pause that ends a turn, where its sound is judged."
    )
    speculation: bool | None = Field(
        default=None, description="Whether answers may be begun before the turn is surely over. Defaults to true."
    )
    caller_silence: CallerSilenceFields | None = Field(
        default=None, description="What becomes of a caller who says nothing. Null: the agent waits for ever."
    )
    fillers: FillerFields | None = Field(default=None, description="Words for the while that the caller has to wait.")
    noise_reduction: NoiseReduction | None = Field(
        default=None, description="Takes noise out of what callers send: of a headset, or of a room. Null: none."
    )
    recording: RecordingFields | None = Field(
        default=None, description="Whether calls are recorded, and what is said of it. Null: they are not."
    )
    status: Literal["active", "paused"] | None = Field(
        default=None, description="`paused`: no session can be opened with it until it is `active` again."
    )


SETTABLE = tuple(AgentFields.model_fields)
"""What a field mask may name."""


class AgentDraft(AgentFields):
    """An agent to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_AGENT]})

    name: str = Field(
        max_length=NAME_LENGTH_MAXIMUM,
        description="What people call it.",
        examples=["Order Support"],
        json_schema_extra=NOT_BLANK,
    )
    phone_number_id: PhoneNumberChoice = Field(
        default=None, description="A phone number to call with, from `POST /v1/phone-numbers`."
    )


def _as_mask(value: Any) -> Any:
    return {"paths": [path for path in value.split(",") if path]} if isinstance(value, str) else value


class FieldMask(Spelled):
    """Which fields are changed. proto-JSON's text `"name,voice"` is taken as well."""

    paths: list[str] = Field(
        default_factory=list,
        description=f"Any of {', '.join(f'`{name}`' for name in SETTABLE)}. None named: those that are given.",
        examples=[["voice"]],
    )


class AgentPatch(AgentFields):
    """A change: the fields within `agent`, or beside each other without it. What is not named stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_VOICE, ASSIGNMENT]})

    agent: AgentFields | None = Field(
        default=None,
        description="The new values. A field that the mask names and that is not here is cleared.",
        examples=[{"voice": {"voice_id": "leo", "vad_threshold": 0.7}}],
    )
    field_mask: Annotated[FieldMask | None, BeforeValidator(_as_mask)] = Field(
        default=None, description="Which fields are changed. Left out: those that are given."
    )
    phone_number_id: PhoneNumberChoice = Field(
        default=None,
        description='A phone number to assign; "" takes it away. With an empty `agent` nothing else is changed.',
    )
