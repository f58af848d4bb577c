"""The `response` of `response.create`: what a client wishes of one reply (OpenAI GA, RealtimeResponseCreateParams).

Spellings of the beta (`modalities`, `voice`, `max_response_output_tokens`, …) are understood beside GA's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Item, ItemReference, Message
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality
from vivavoce.dialects.realtime.item_shapes import ItemShape, core_item
from vivavoce.dialects.realtime.session_settings import filled_in
from vivavoce.dialects.realtime.session_shapes import (
    Format,
    Metadata,
    Modalities,
    PromptShape,
    ReasoningShape,
    Temperature,
    TokenLimit,
    VoiceId,
)
from vivavoce.dialects.realtime.tool_shapes import NamedToolChoice, ToolObject, core_tool_choice, declared_tools
from vivavoce.dialects.wire import WireError

VoiceNamed = Callable[[str | VoiceId, str], str]
"""The name of one of our voices for what a client wrote at a path; raises `WireError`."""


class ResponseOutputShape(Struct, frozen=True):
    voice: str | VoiceId | None = None
    format: Format | None = None


class ResponseAudioShape(Struct, frozen=True):
    output: ResponseOutputShape | None = None


class ResponseShape(Struct, frozen=True):
    instructions: str | None = None
    output_modalities: Modalities | None = None
    modalities: Modalities | None = None
    audio: ResponseAudioShape | None = None
    voice: str | VoiceId | None = None
    output_audio_format: str | None = None
    tools: list[ToolObject] | None = None
    tool_choice: str | NamedToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: TokenLimit | None = None
    max_response_output_tokens: TokenLimit | None = None
    temperature: Temperature | None = None
    reasoning: ReasoningShape | None = None
    prompt: PromptShape | None = None
    metadata: Metadata | None = None
    conversation: Literal["auto", "none"] | None = None
    input: list[ItemShape] | None = None


def core_options(wanted: ResponseShape, voice_named: VoiceNamed) -> ReplyOptions:
    """What the conversation needs to know of a wished reply. Raises `WireError`."""
    modalities = wanted.output_modalities or wanted.modalities
    limit = wanted.max_output_tokens if wanted.max_output_tokens is not None else wanted.max_response_output_tokens
    instructions, choice = wanted.instructions, wanted.tool_choice
    if instructions is not None:
        instructions = filled_in(instructions, wanted.prompt)
    return ReplyOptions(
        instructions=instructions,
        modality=None if modalities is None else Modality.TEXT if modalities == ["text"] else Modality.AUDIO,
        voice=_voice(wanted, voice_named),
        tools=declared_tools(wanted.tools, "response.tools").functions if wanted.tools is not None else None,
        tool_choice=None if choice is None else core_tool_choice(choice, "response.tool_choice"),
        maximum_output_tokens=limit if isinstance(limit, int) else None,
        metadata=tuple(wanted.metadata.items()) if wanted.metadata is not None else None,
        temperature=wanted.temperature,
        parallel_tool_calls=wanted.parallel_tool_calls,
        in_conversation=wanted.conversation != "none",
        input=_input(wanted.input) if wanted.input is not None else None,
    )


def _input(wanted: list[ItemShape]) -> tuple[Item | ItemReference, ...]:
    found: list[Item | ItemReference] = []
    for index, shape in enumerate(wanted):
        at = f"response.input[{index}]"
        if shape.type == "item_reference":
            if not shape.id:
                message = f"missing required parameter: '{at}.id'"
                raise WireError("missing_required_parameter", message, param=f"{at}.id")
            found.append(ItemReference(ItemId(shape.id)))
            continue
        item = core_item(shape, at)
        if isinstance(item, Message) and any(part.text is None for part in item.parts):
            message = "sound inside the input of a response needs its transcript"
            raise WireError("unsupported_content", message, param=f"{at}.content")
        found.append(item)
    return tuple(found)


def _voice(wanted: ResponseShape, voice_named: VoiceNamed) -> str | None:
    output = wanted.audio.output if wanted.audio is not None else None
    if output is not None and output.voice is not None:
        return voice_named(output.voice, "response.audio.output.voice")
    return voice_named(wanted.voice, "response.voice") if wanted.voice is not None else None
