"""Conversation items on the wire, in and out (OpenAI GA: RealtimeConversationItem…)."""

from __future__ import annotations

from typing import Any, assert_never

from msgspec import Struct

from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind, Role
from vivavoce.dialects.wire import WireError

_PART_KINDS = {
    "input_text": PartKind.INPUT_TEXT,
    "input_audio": PartKind.INPUT_AUDIO,
    "output_text": PartKind.OUTPUT_TEXT,
    "output_audio": PartKind.OUTPUT_AUDIO,
    # names of the older dialect and of xAI's
    "text": PartKind.OUTPUT_TEXT,
    "audio": PartKind.OUTPUT_AUDIO,
}


class ContentShape(Struct, frozen=True):
    type: str
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None


class ItemShape(Struct, frozen=True):
    """Any item that a client may create."""

    type: str
    id: str | None = None
    role: str | None = None
    content: list[ContentShape] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None


def core_item(shape: ItemShape) -> Item:
    """Raises `WireError` naming the field that is missing or wrong."""
    item_id = ItemId(shape.id or "")
    match shape.type:
        case "message":
            return Message(item_id, _role(shape), tuple(_parts(shape)))
        case "function_call":
            call_id = CallId(shape.call_id or _missing("item.call_id"))
            return FunctionCall(item_id, call_id, shape.name or _missing("item.name"), shape.arguments or "{}")
        case "function_call_output":
            if shape.output is None:
                _missing("item.output")
            return FunctionCallOutput(item_id, CallId(shape.call_id or _missing("item.call_id")), shape.output or "")
        case other:
            raise WireError(
                "invalid_value",
                f"items of type '{other}' cannot be created; use 'message', 'function_call' or 'function_call_output'",
                param="item.type",
            )


def item_object(item: Item) -> dict[str, Any]:
    """An item as the client sees it."""
    shown: dict[str, Any] = {"id": item.item_id, "object": "realtime.item", "status": item.status.value}
    match item:
        case Message():
            content = [part_object(part) for part in item.parts if not _is_unsaid(item, part)]
            return {**shown, "type": "message", "role": item.role.value, "content": content}
        case FunctionCall():
            call = {"type": "function_call", "call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return {**shown, **call}
        case FunctionCallOutput():
            return {**shown, "type": "function_call_output", "call_id": item.call_id, "output": item.output}
        case _:
            assert_never(item)


def part_object(part: Part) -> dict[str, Any]:
    """A content part inside an item; audio is never repeated here, its transcript is."""
    match part.kind:
        case PartKind.INPUT_TEXT | PartKind.OUTPUT_TEXT:
            return {"type": part.kind.value, "text": part.text or ""}
        case PartKind.INPUT_AUDIO | PartKind.OUTPUT_AUDIO:
            return {"type": part.kind.value, "transcript": part.text}
        case _:
            assert_never(part.kind)


def response_part_object(part: Part) -> dict[str, Any]:
    """A content part inside `response.content_part.*`, where the types are 'text' and 'audio'."""
    if part.kind is PartKind.OUTPUT_AUDIO:
        return {"type": "audio", "transcript": part.text or ""}
    return {"type": "text", "text": part.text or ""}


def _is_unsaid(message: Message, part: Part) -> bool:
    return message.role is Role.ASSISTANT and message.status == "in_progress" and not part.text


def _role(shape: ItemShape) -> Role:
    try:
        return Role(shape.role or _missing("item.role"))
    except ValueError:
        raise WireError(
            "invalid_value", f"role '{shape.role}' is not 'system', 'user' or 'assistant'", param="item.role"
        ) from None


def _parts(shape: ItemShape) -> list[Part]:
    if shape.content is None:
        _missing("item.content")
    parts: list[Part] = []
    for index, content in enumerate(shape.content or ()):
        param = f"item.content[{index}]"
        kind = _PART_KINDS.get(content.type)
        if kind is None:
            raise WireError(
                "invalid_value", f"content of type '{content.type}' is not supported here", param=f"{param}.type"
            )
        text = content.text if content.text is not None else content.transcript
        if text is None:
            if content.audio is not None:
                raise WireError(
                    "unsupported_content",
                    "audio inside an item needs its transcript; send audio with input_audio_buffer.append",
                    param=f"{param}.audio",
                )
            _missing(f"{param}.text")
        if shape.role == "user" and kind is PartKind.OUTPUT_TEXT:
            kind = PartKind.INPUT_TEXT
        parts.append(Part(kind, text))
    return parts


def _missing(param: str) -> str:
    raise WireError("missing_required_parameter", f"missing required parameter: '{param}'", param=param)
