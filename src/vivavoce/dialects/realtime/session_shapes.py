"""The `session` object of the realtime protocol: its shapes, and how a partial update merges.

Shapes follow OpenAI's GA schema (RealtimeSessionCreateRequest, RealtimeTranscriptionSessionCreateRequest) with what
xAI's has besides: sample rates, `transport`, `language_hint`, `keyterms`, `replace`, `resumption`. `session_spellings`
brings other spellings into this shape, `session_settings` says what it means for a call. Unknown fields are ignored,
as clients of other versions send them. `vivavoce` is this server's own extension and is only echoed to clients that
sent it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.conversation.settings import Eagerness
from vivavoce.dialects.realtime.refusals import explained
from vivavoce.dialects.realtime.session_spellings import respelled
from vivavoce.dialects.realtime.tool_shapes import NamedToolChoice, ToolObject
from vivavoce.dialects.wire import WireAudio

G711_RATE_HZ = 8_000
OPUS_RATE_HZ = 24_000

Transport = Literal["json", "binary"]
"""How audio travels: as base64 in events, or as binary frames (xAI, "Binary transport")."""

Modalities = Annotated[list[Literal["audio", "text"]], Meta(min_length=1, max_length=2)]
TokenLimit = Annotated[int, Meta(ge=1)] | Literal["inf"]
Temperature = Annotated[float, Meta(ge=0.0, le=2.0)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
"""At most 16 pairs (OpenAI, `Metadata`)."""


class PcmFormat(Struct, frozen=True, tag_field="type", tag="audio/pcm"):
    rate: Literal[8000, 16000, 22050, 24000, 32000, 44100, 48000] = 24000


class PcmuFormat(Struct, frozen=True, tag_field="type", tag="audio/pcmu"):
    pass


class PcmaFormat(Struct, frozen=True, tag_field="type", tag="audio/pcma"):
    pass


class OpusFormat(Struct, frozen=True, tag_field="type", tag="audio/opus"):
    """xAI's, whose rate is 24000. Any rate of Opus's own may be named: packets are the same for all."""

    rate: Literal[8000, 12000, 16000, 24000, 48000] | UnsetType = UNSET


Format = PcmFormat | PcmuFormat | PcmaFormat | OpusFormat


class ServerVadShape(Struct, frozen=True, tag_field="type", tag="server_vad"):
    threshold: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=10_000)] = 300
    silence_duration_ms: Annotated[int, Meta(ge=0, le=10_000)] = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: Annotated[int, Meta(ge=1, le=3_600_000)] | None = None


class SemanticVadShape(Struct, frozen=True, tag_field="type", tag="semantic_vad"):
    eagerness: Eagerness = Eagerness.AUTO
    create_response: bool = True
    interrupt_response: bool = True


class NoiseReduction(Struct, frozen=True, omit_defaults=True):
    type: Literal["near_field", "far_field"] | None = None
    strength: float | None = None


class Transcription(Struct, frozen=True, omit_defaults=True):
    model: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    language_hint: str | None = None
    prompt: str | None = None
    keywords: list[str] | None = None
    keyterms: Annotated[list[Annotated[str, Meta(max_length=50)]], Meta(max_length=100)] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class AudioInput(Struct, frozen=True):
    format: Format = PcmFormat()
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: ServerVadShape | SemanticVadShape | None = SemanticVadShape()
    transport: Transport | UnsetType = UNSET


class VoiceId(Struct, frozen=True):
    id: str


class AudioOutput(Struct, frozen=True):
    format: Format = PcmFormat()
    voice: str | VoiceId = "eve"
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] = 1.0
    transport: Transport | UnsetType = UNSET


class Audio(Struct, frozen=True):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class InputTextShape(Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class PromptShape(Struct, frozen=True, omit_defaults=True):
    """`id` names a stored prompt (`prompts`), whose `{{name}}` `variables` stand for."""

    id: str
    version: str | None = None
    variables: dict[str, str | InputTextShape] | None = None


class TracingShape(Struct, frozen=True, omit_defaults=True):
    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Any] | None = None


class TokenLimitsShape(Struct, frozen=True, omit_defaults=True):
    post_instructions: Annotated[int, Meta(ge=0)] | None = None


class RetentionShape(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="retention_ratio"):
    retention_ratio: Annotated[float, Meta(ge=0.0, le=1.0)]
    token_limits: TokenLimitsShape | None = None


class ReasoningShape(Struct, frozen=True, omit_defaults=True):
    effort: Effort | None = None


class Resumption(Struct, frozen=True):
    enabled: bool = False


Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
SpokenWords = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=16)]


class SpeculationShape(Struct, frozen=True):
    tries_per_turn: Annotated[int, Meta(ge=0, le=16)] = 4
    wasted_tokens_per_turn: Annotated[int, Meta(ge=0, le=10_000)] = 160


class EndpointingShape(Struct, frozen=True):
    shortest_pause_ms: Milliseconds | None = None
    longest_pause_ms: Milliseconds | None = None


class CallerSilenceShape(Struct, frozen=True):
    after_ms: Annotated[int, Meta(ge=1000, le=600_000)]
    reengagements: Annotated[int, Meta(ge=0, le=10)] = 2
    goodbye: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class FillersShape(Struct, frozen=True, omit_defaults=True):
    late_reply_ms: Milliseconds | None = None
    late_tool_ms: Milliseconds | None = None
    reply_words: SpokenWords | UnsetType = UNSET
    tool_words: SpokenWords | UnsetType = UNSET


class Extension(Struct, frozen=True):
    """What this server adds to the protocol. What is left out is as the session began."""

    timings: bool = False
    overlaps: bool = False
    output_audio_buffer: bool = False
    tool_calls: bool = False
    interruption: Literal["confirmed", "at_once"] | UnsetType = UNSET
    speculation: SpeculationShape | UnsetType | None = UNSET
    endpointing: EndpointingShape | UnsetType = UNSET
    caller_silence: CallerSilenceShape | UnsetType | None = UNSET
    fillers: FillersShape | UnsetType = UNSET
    greeting: Annotated[str, Meta(min_length=1, max_length=4000)] | UnsetType | None = UNSET
    max_turns: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType | None = UNSET
    vad_threshold: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = UNSET


Include = Literal["item.input_audio_transcription.logprobs"]
Replacements = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=100)], Annotated[str, Meta(max_length=128)]],
    Meta(max_length=200),
]
"""What is said instead of a word or phrase (xAI, `replace`)."""


class SessionShape(Struct, frozen=True):
    """The whole effective configuration."""

    type: Literal["realtime", "transcription"] = "realtime"
    model: str = "vivavoce"
    output_modalities: Modalities = msgspec.field(default_factory=lambda: ["audio"])
    instructions: str = ""
    tools: list[ToolObject] = msgspec.field(default_factory=list)
    tool_choice: str | NamedToolChoice = "auto"
    max_output_tokens: TokenLimit = "inf"
    audio: Audio = Audio()
    tracing: Literal["auto"] | TracingShape | None = None
    truncation: Literal["auto", "disabled"] | RetentionShape = "auto"
    prompt: PromptShape | None = None
    include: list[Include] | None = None
    temperature: Temperature | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: ReasoningShape | UnsetType | None = UNSET
    replace: Replacements | UnsetType = UNSET
    resumption: Resumption | UnsetType = UNSET
    vivavoce: Extension | UnsetType = UNSET


_REPLACED_WHOLE = frozenset(
    {"tools", "tool_choice", "prompt", "reasoning", "tracing", "truncation", "format", "voice", "replace"}
)
_KEPT_FROM_CONNECTING = frozenset({"model", "id", "object", "expires_at", "client_secret"})
_CLEARED: dict[str, Any] = {
    "instructions": "",
    "tools": [],
    "max_output_tokens": "inf",
    "tool_choice": "auto",
    "truncation": "auto",
    "replace": {},
    "resumption": {},
}
"""What `null` means where it is no value of its own."""


def merged(current: SessionShape, update: dict[str, Any]) -> SessionShape:
    """The session after a partial update: what is absent stays, null clears.

    Raises `WireError` naming the field; the current session is untouched then.
    """
    changes = {key: value for key, value in respelled(update).items() if key not in _KEPT_FROM_CONNECTING}
    for cleared, value in _CLEARED.items():
        if cleared in changes and changes[cleared] is None:
            changes[cleared] = value
    before: dict[str, Any] = msgspec.to_builtins(current)
    try:
        return msgspec.convert(_merge(before, changes), SessionShape)
    except msgspec.ValidationError as error:
        raise explained(error, "session") from error


def _merge(current: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    result = dict(current)
    for key, value in update.items():
        former: Any = current.get(key)
        mergeable = isinstance(value, dict) and isinstance(former, dict) and key not in _REPLACED_WHOLE
        if mergeable and value.get("type", former.get("type")) == former.get("type"):
            result[key] = _merge(former, value)
        else:
            result[key] = value
    return result


def wire_audio(chosen: Format) -> WireAudio:
    match chosen:
        case PcmFormat(rate=rate):
            return WireAudio("pcm16", rate)
        case PcmuFormat():
            return WireAudio("pcmu", G711_RATE_HZ)
        case PcmaFormat():
            return WireAudio("pcma", G711_RATE_HZ)
        case OpusFormat(rate=rate):
            return WireAudio("opus", OPUS_RATE_HZ if isinstance(rate, UnsetType) else rate)
