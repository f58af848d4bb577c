"""The session of the realtime protocol as settings of a call, and back. Pure functions between two frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from msgspec import UnsetType

from vivavoce.conversation.settings import (
    Modality,
    NoiseReduction,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    Truncation,
    TruncationKind,
    TurnDetection,
)
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.dialects.realtime.extension_settings import extended
from vivavoce.dialects.realtime.refusals import InvalidFieldError
from vivavoce.dialects.realtime.session_shapes import (
    Audio,
    AudioInput,
    AudioOutput,
    InputTextShape,
    PromptShape,
    RetentionShape,
    SemanticVadShape,
    ServerVadShape,
    SessionShape,
    Transcription,
    merged,
)
from vivavoce.dialects.realtime.session_shapes import NoiseReduction as NoiseReductionShape
from vivavoce.dialects.realtime.tool_shapes import DeclaredTools, core_tool_choice, tool_object
from vivavoce.media.phonetic_words import fault_of

_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def core_settings(shape: SessionShape, begun: Settings, voice: str, declared: DeclaredTools | None = None) -> Settings:
    """What the conversation needs to know of a session that began with `begun`. `voice` is the resolved name.

    `declared`: the client's tools; None while the session has those that it began with. Raises `WireError`.
    """
    tools = begun.tools if declared is None else declared.functions
    names = frozenset(tool.name for tool in tools) if declared is None else declared.names
    others = bool(begun.tool_sources) if declared is None else declared.may_bring_others
    tool_choice = core_tool_choice(shape.tool_choice)
    # one that never comes is no choice: the conversation then leaves it to the model
    if tool_choice not in {"auto", "none", "required", *names} and not others:
        raise InvalidFieldError("session.tool_choice", f"'{tool_choice}' is not auto, none, required or a tool's name")
    settings = replace(
        begun,
        instructions=filled_in(shape.instructions, shape.prompt),
        turn_detection=_core_turn_detection(shape.audio.input.turn_detection, begun.turn_detection),
        modality=Modality.TEXT if shape.output_modalities == ["text"] else Modality.AUDIO,
        voice=voice,
        speed=shape.audio.output.speed,
        language=_core_language(shape.audio.input.transcription) or begun.language,
        tools=tools,
        tool_sources=begun.tool_sources if declared is None else declared.sources,
        tool_choice=tool_choice,
        maximum_output_tokens=shape.max_output_tokens if isinstance(shape.max_output_tokens, int) else None,
        temperature=begun.temperature if isinstance(shape.temperature, UnsetType) else shape.temperature,
        keyterms=_keyterms(shape.audio.input.transcription) or begun.keyterms,
        pronunciations=begun.pronunciations if isinstance(shape.replace, UnsetType) else _pronunciations(shape.replace),
        truncation=_core_truncation(shape.truncation),
        parallel_tool_calls=shape.parallel_tool_calls is not False,
        only_transcribes=shape.type == "transcription",
        noise_reduction=_core_noise_reduction(shape.audio.input),
    )
    settings = extended(settings, shape.vivavoce)
    greeting = settings.greeting
    return replace(settings, greeting=None if greeting is None else filled_in(greeting, shape.prompt))


def _core_noise_reduction(shape: AudioInput) -> NoiseReduction | None:
    chosen = shape.noise_reduction
    return None if chosen is None or chosen.type is None else NoiseReduction(chosen.type)


def filled_in(instructions: str, prompt: PromptShape | None) -> str:
    """The text with `{{name}}` replaced by the prompt's variables; a name without a value stays as it is."""
    if prompt is None or not prompt.variables:
        return instructions
    values = {
        name: value.text if isinstance(value, InputTextShape) else value for name, value in prompt.variables.items()
    }
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), instructions)


def _core_language(transcription: Transcription | None) -> str | None:
    if transcription is None:
        return None
    chosen = transcription.language or transcription.language_hint
    if not chosen and transcription.languages:
        chosen = transcription.languages[0]
    return (chosen or "").partition("-")[0].lower() or None


def _core_turn_detection(
    shape: ServerVadShape | SemanticVadShape | None, begun: TurnDetection | None
) -> TurnDetection | None:
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
            return ServerVad(
                threshold=shape.threshold,
                prefix_padding_ms=shape.prefix_padding_ms,
                silence_duration_ms=shape.silence_duration_ms,
                create_response=shape.create_response,
                interrupt_response=shape.interrupt_response,
                idle_timeout_ms=shape.idle_timeout_ms,
            )


def _core_truncation(shape: str | RetentionShape) -> Truncation:
    if isinstance(shape, str):
        return Truncation(TruncationKind(shape))
    limits = shape.token_limits
    return Truncation(
        TruncationKind.RETENTION_RATIO,
        shape.retention_ratio,
        limits.post_instructions if limits is not None else None,
    )


def _pronunciations(replacements: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for written, spoken in replacements.items():
        if (fault := fault_of(spoken)) is not None:
            raise InvalidFieldError(f"session.replace.{written}", fault)
    return tuple(replacements.items())


def _keyterms(transcription: Transcription | None) -> tuple[str, ...]:
    return () if transcription is None else tuple(transcription.keyterms or transcription.keywords or ())


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
                vad.idle_timeout_ms,
            )
    return SessionShape(
        model=model,
        instructions=settings.instructions,
        output_modalities=[settings.modality.value],
        tools=[tool_object(tool) for tool in settings.tools],
        max_output_tokens=settings.maximum_output_tokens if settings.maximum_output_tokens is not None else "inf",
        audio=Audio(_input_of(settings, detection), AudioOutput(voice=settings.voice, speed=settings.speed)),
    )


def _input_of(settings: Settings, detection: ServerVadShape | SemanticVadShape | None) -> AudioInput:
    chosen = settings.noise_reduction
    noise_reduction = None if chosen is None else NoiseReductionShape(chosen.value)
    return AudioInput(turn_detection=detection, noise_reduction=noise_reduction)


def begun_shape(settings: Settings, model: str, asked: Asked) -> SessionShape:
    """The session that a connection begins with. Raises `WireError` for a `reasoning.effort` that there is not."""
    shape = shape_of(settings, model)
    if asked.transcription:
        shape = merged(shape, {"type": "transcription", "audio": {"input": {"transcription": {}}}})
    if asked.reasoning_effort is not None:
        shape = merged(shape, {"reasoning": {"effort": asked.reasoning_effort}})
    return shape
