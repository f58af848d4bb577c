"""The `session` object of the realtime protocol: its shapes, how a partial update merges, what it means for a call.

Shapes follow OpenAI's GA schema (RealtimeSessionCreateRequest) with xAI's sample rates, `transport` and
`language_hint`; `session_spellings` brings other spellings into this shape. Unknown fields are ignored, as clients of
other versions send them. Fields that this server has no use for (tracing, truncation, …) are kept and echoed.
`vivavoce` is this server's own extension and is only echoed to clients that sent it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vivavoce.conversation.settings import (
    Eagerness,
    Modality,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    TurnDetection,
)
from vivavoce.dialects.realtime.refusals import InvalidFieldError, explained
from vivavoce.dialects.realtime.session_spellings import respelled
from vivavoce.dialects.realtime.tool_shapes import (
    NamedToolChoice,
    ToolObject,
    core_tool_choice,
    core_tools,
    tool_object,
)
from vivavoce.dialects.wire import WireAudio

G711_RATE_HZ = 8_000

Transport = Literal["json", "binary"]
"""How audio travels: as base64 in events, or as binary frames (xAI, "Binary transport")."""


class PcmFormat(Struct, frozen=True, tag_field="type", tag="audio/pcm"):
    rate: Literal[8000, 16000, 22050, 24000, 32000, 44100, 48000] = 24000


class PcmuFormat(Struct, frozen=True, tag_field="type", tag="audio/pcmu"):
    pass


class PcmaFormat(Struct, frozen=True, tag_field="type", tag="audio/pcma"):
    pass


Format = PcmFormat | PcmuFormat | PcmaFormat


class ServerVadShape(Struct, frozen=True, tag_field="type", tag="server_vad"):
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = None


class SemanticVadShape(Struct, frozen=True, tag_field="type", tag="semantic_vad"):
    eagerness: Eagerness = Eagerness.AUTO
    create_response: bool = True
    interrupt_response: bool = True


class NoiseReduction(Struct, frozen=True):
    type: Literal["near_field", "far_field"]


class Transcription(Struct, frozen=True, omit_defaults=True):
    model: str | None = None
    language: str | None = None
    language_hint: str | None = None
    prompt: str | None = None
    keyterms: list[str] | None = None


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
    speed: float = 1.0
    transport: Transport | UnsetType = UNSET


class Audio(Struct, frozen=True):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class Extension(Struct, frozen=True):
    timings: bool = False


class SessionShape(Struct, frozen=True):
    """The whole effective configuration."""

    type: Literal["realtime"] = "realtime"
    model: str = "vivavoce"
    output_modalities: list[Literal["audio", "text"]] = msgspec.field(default_factory=lambda: ["audio"])
    instructions: str = ""
    tools: list[ToolObject] = msgspec.field(default_factory=list)
    tool_choice: str | NamedToolChoice = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    audio: Audio = Audio()
    tracing: Any = None
    truncation: Any = "auto"
    prompt: Any = None
    include: list[str] | None = None
    temperature: float | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: dict[str, Any] | UnsetType | None = UNSET
    vivavoce: Extension | UnsetType = UNSET


_REPLACED_WHOLE = frozenset({"tools", "tool_choice", "prompt", "reasoning", "tracing", "truncation", "format", "voice"})
_KEPT_FROM_CONNECTING = frozenset({"model", "id", "object", "expires_at"})


def merged(current: SessionShape, update: dict[str, Any]) -> SessionShape:
    """The session after a partial update: what is absent stays, null clears.

    Raises `WireError` naming the field; the current session is untouched then.
    """
    changes = {key: value for key, value in respelled(update).items() if key not in _KEPT_FROM_CONNECTING}
    for cleared, value in (("instructions", ""), ("tools", []), ("max_output_tokens", "inf"), ("tool_choice", "auto")):
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


def core_settings(shape: SessionShape, begun: Settings, voice: str) -> Settings:
    """What the conversation needs to know of a session that began with `begun`. `voice` is the resolved name.

    Raises `WireError`.
    """
    if not 0.25 <= shape.audio.output.speed <= 1.5:
        raise InvalidFieldError("session.audio.output.speed", "must be between 0.25 and 1.5")
    tools = core_tools(shape.tools)
    tool_choice = core_tool_choice(shape.tool_choice)
    if tool_choice not in {"auto", "none", "required", *(tool.name for tool in tools)}:
        raise InvalidFieldError("session.tool_choice", f"'{tool_choice}' is not auto, none, required or a tool's name")
    if isinstance(shape.max_output_tokens, int) and shape.max_output_tokens < 1:
        raise InvalidFieldError("session.max_output_tokens", "must be 1 or more, or 'inf'")
    return replace(
        begun,
        instructions=shape.instructions,
        turn_detection=_core_turn_detection(shape.audio.input.turn_detection, begun.turn_detection),
        modality=Modality.TEXT if shape.output_modalities == ["text"] else Modality.AUDIO,
        voice=voice,
        speed=shape.audio.output.speed,
        language=_core_language(shape.audio.input.transcription) or begun.language,
        tools=tools,
        tool_choice=tool_choice,
        maximum_output_tokens=shape.max_output_tokens if isinstance(shape.max_output_tokens, int) else None,
    )


def _core_language(transcription: Transcription | None) -> str | None:
    if transcription is None:
        return None
    if transcription.language:
        return transcription.language
    return (transcription.language_hint or "").partition("-")[0].lower() or None


def _core_turn_detection(
    shape: ServerVadShape | SemanticVadShape | None, begun: TurnDetection | None
) -> TurnDetection | None:
    where = "session.audio.input.turn_detection"
    match shape:
        case None:
            return None
        case SemanticVadShape():
            # the wire cannot say these of a semantic turn; an agent can
            own = begun if isinstance(begun, SemanticTurnDetection) else SemanticTurnDetection()
            return replace(
                own,
                eagerness=shape.eagerness,
                create_response=shape.create_response,
                interrupt_response=shape.interrupt_response,
            )
        case ServerVadShape():
            if not 0.0 <= shape.threshold <= 1.0:
                raise InvalidFieldError(f"{where}.threshold", "must be between 0.0 and 1.0")
            for name in ("prefix_padding_ms", "silence_duration_ms"):
                if not 0 <= getattr(shape, name) <= 10_000:
                    raise InvalidFieldError(f"{where}.{name}", "must be between 0 and 10000")
            return ServerVad(
                threshold=shape.threshold,
                prefix_padding_ms=shape.prefix_padding_ms,
                silence_duration_ms=shape.silence_duration_ms,
                create_response=shape.create_response,
                interrupt_response=shape.interrupt_response,
            )


def shape_of(settings: Settings, model: str) -> SessionShape:
    """The session as it is before the client changes anything."""
    detection: ServerVadShape | SemanticVadShape | None
    match settings.turn_detection:
        case None:
            detection = None
        case SemanticTurnDetection() as semantic:
            detection = SemanticVadShape(semantic.eagerness, semantic.create_response, semantic.interrupt_response)
        case ServerVad() as vad:
            detection = ServerVadShape(
                vad.threshold,
                vad.prefix_padding_ms,
                vad.silence_duration_ms,
                vad.create_response,
                vad.interrupt_response,
            )
    return SessionShape(
        model=model,
        instructions=settings.instructions,
        output_modalities=[settings.modality.value],
        tools=[tool_object(tool) for tool in settings.tools],
        max_output_tokens=settings.maximum_output_tokens if settings.maximum_output_tokens is not None else "inf",
        audio=Audio(AudioInput(turn_detection=detection), AudioOutput(voice=settings.voice, speed=settings.speed)),
    )
