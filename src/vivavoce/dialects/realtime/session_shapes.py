"""The `session` object of the realtime protocol: its shapes, how a partial update merges, what it means for a call.

Shapes follow OpenAI's GA schema (RealtimeSessionCreateRequest). Unknown fields are ignored, as clients of other
versions send them. Fields that this server has no use for (tracing, truncation, …) are kept and echoed.
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
    Tool,
    TurnDetection,
)
from vivavoce.dialects.wire import WireAudio, WireError

G711_RATE_HZ = 8_000


class PcmFormat(Struct, frozen=True, tag_field="type", tag="audio/pcm"):
    rate: Literal[24000] = 24000


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
    prompt: str | None = None


class AudioInput(Struct, frozen=True):
    format: Format = PcmFormat()
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: ServerVadShape | SemanticVadShape | None = SemanticVadShape()


class VoiceId(Struct, frozen=True):
    id: str


class AudioOutput(Struct, frozen=True):
    format: Format = PcmFormat()
    voice: str | VoiceId = "eve"
    speed: float = 1.0


class Audio(Struct, frozen=True):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class FunctionShape(Struct, frozen=True):
    name: str
    description: str = ""
    parameters: dict[str, Any] | None = None


class ToolShape(Struct, frozen=True):
    """A function tool, flat (OpenAI) or nested under `function` (xAI's agents)."""

    type: str = "function"
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET
    function: FunctionShape | UnsetType = UNSET


class NamedToolChoice(Struct, frozen=True):
    type: str
    name: str = ""


class Extension(Struct, frozen=True):
    timings: bool = False


class SessionShape(Struct, frozen=True):
    """The whole effective configuration."""

    type: Literal["realtime"] = "realtime"
    model: str = "vivavoce"
    output_modalities: list[Literal["audio", "text"]] = msgspec.field(default_factory=lambda: ["audio"])
    instructions: str = ""
    tools: list[ToolShape] = msgspec.field(default_factory=list)
    tool_choice: str | NamedToolChoice = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    audio: Audio = Audio()
    tracing: Any = None
    truncation: Any = "auto"
    prompt: Any = None
    include: list[str] | None = None
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: dict[str, Any] | UnsetType | None = UNSET
    vivavoce: Extension | UnsetType = UNSET


_REPLACED_WHOLE = frozenset({"tools", "tool_choice", "prompt", "reasoning", "tracing", "truncation", "format", "voice"})
_KEPT_FROM_CONNECTING = frozenset({"model", "id", "object", "expires_at"})


def merged(current: SessionShape, update: dict[str, Any]) -> SessionShape:
    """The session after a partial update: what is absent stays, null clears.

    Raises `WireError` naming the field; the current session is untouched then.
    """
    changes = {key: value for key, value in update.items() if key not in _KEPT_FROM_CONNECTING}
    for cleared, value in (("instructions", ""), ("tools", []), ("max_output_tokens", "inf"), ("tool_choice", "auto")):
        if cleared in changes and changes[cleared] is None:
            changes[cleared] = value
    before: dict[str, Any] = msgspec.to_builtins(current)
    try:
        return msgspec.convert(_merge(before, changes), SessionShape)
    except msgspec.ValidationError as error:
        raise _explained(error) from error


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


def _explained(error: msgspec.ValidationError) -> WireError:
    text, _, path = str(error).partition(" - at `$")
    param = "session" + path.rstrip("`")
    return WireError("invalid_value", f"{param}: {text}", param=param)


class InvalidFieldError(WireError):
    """One field of the session has a value that cannot be used."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__("invalid_value", f"{param}: {message}", param=param)


def wire_audio(chosen: Format) -> WireAudio:
    match chosen:
        case PcmFormat(rate=rate):
            return WireAudio("pcm16", rate)
        case PcmuFormat():
            return WireAudio("pcmu", G711_RATE_HZ)
        case PcmaFormat():
            return WireAudio("pcma", G711_RATE_HZ)


def core_tools(tools: list[ToolShape], param: str = "session.tools") -> tuple[Tool, ...]:
    """Raises `WireError` for anything that is not a function with a name."""
    found: list[Tool] = []
    for index, tool in enumerate(tools):
        if tool.type != "function":
            raise InvalidFieldError(f"{param}[{index}].type", f"'{tool.type}' tools are not supported; use 'function'")
        if not isinstance(tool.function, UnsetType):
            name, description, parameters = tool.function.name, tool.function.description, tool.function.parameters
        else:
            name = tool.name or ""
            description = tool.description or ""
            parameters = tool.parameters or None
        if not name:
            raise InvalidFieldError(f"{param}[{index}].name", "a function tool needs a name")
        schema = parameters if parameters is not None else {"type": "object", "properties": {}}
        found.append(Tool(name, description, msgspec.json.encode(schema).decode()))
    return tuple(found)


def core_tool_choice(choice: str | NamedToolChoice) -> str:
    return choice if isinstance(choice, str) else choice.name or "auto"


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
    transcription = shape.audio.input.transcription
    return Settings(
        instructions=shape.instructions,
        greeting=begun.greeting,
        turn_detection=_core_turn_detection(shape.audio.input.turn_detection, begun.turn_detection),
        modality=Modality.TEXT if shape.output_modalities == ["text"] else Modality.AUDIO,
        voice=voice,
        speed=shape.audio.output.speed,
        language=transcription.language if transcription is not None and transcription.language else begun.language,
        tools=tools,
        tool_choice=tool_choice,
        maximum_output_tokens=shape.max_output_tokens if isinstance(shape.max_output_tokens, int) else None,
    )


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
        tools=[
            ToolShape(name=tool.name, description=tool.description, parameters=msgspec.json.decode(tool.parameters))
            for tool in settings.tools
        ],
        max_output_tokens=settings.maximum_output_tokens if settings.maximum_output_tokens is not None else "inf",
        audio=Audio(AudioInput(turn_detection=detection), AudioOutput(voice=settings.voice, speed=settings.speed)),
    )
