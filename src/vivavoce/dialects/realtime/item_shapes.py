"""Conversation items on the wire, in and out (OpenAI GA: RealtimeConversationItem…)."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, assert_never

from msgspec import Struct

from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    Message,
    Part,
    PartKind,
    Role,
    ServerCall,
)
from vivavoce.dialects.realtime.refusals import InvalidFieldError
from vivavoce.dialects.realtime.tool_events import call_object
from vivavoce.dialects.wire import WireError

_IS_AUDIO = {
    "input_text": False,
    "output_text": False,
    "input_audio": True,
    "output_audio": True,
    # names of the older dialect and of xAI's
    "text": False,
    "audio": True,
}
_PART_KINDS = {
    (Role.SYSTEM, False): PartKind.INPUT_TEXT,
    (Role.SYSTEM, True): PartKind.INPUT_TEXT,
    (Role.USER, False): PartKind.INPUT_TEXT,
    (Role.USER, True): PartKind.INPUT_AUDIO,
    (Role.ASSISTANT, False): PartKind.OUTPUT_TEXT,
    (Role.ASSISTANT, True): PartKind.OUTPUT_AUDIO,
}
"""Which content types a role's messages have in GA's schema, whatever the client called them."""


class ContentShape(Struct, frozen=True):
    type: str
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None
    image_url: str | None = None
    detail: str | None = None


class ItemShape(Struct, frozen=True):
    """Any item that a client may create. `object` and `status` are what the server would say of it: passed over."""

    type: str
    id: str | None = None
    object: str | None = None
    status: str | None = None
    role: str | None = None
    content: list[ContentShape] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None
    interruptible: bool = True
    voice: str | None = None
    approval_request_id: str | None = None
    approve: bool | None = None
    reason: str | None = None


def core_item(shape: ItemShape, at: str = "item") -> Item:
    """Raises `WireError` naming the field that is missing or wrong; `at` is the path of the item.

    A part with sound and without words has the text None: see `sound_of`.
    """
    item_id = ItemId(shape.id or "")
    match shape.type:
        case "message":
            role = _role(shape, at)
            return Message(item_id, role, tuple(_parts(shape, role, at)))
        case "function_call":
            call_id = CallId(shape.call_id or _missing(f"{at}.call_id"))
            return FunctionCall(item_id, call_id, shape.name or _missing(f"{at}.name"), shape.arguments or "{}")
        case "function_call_output":
            if shape.output is None:
                _missing(f"{at}.output")
            return FunctionCallOutput(item_id, CallId(shape.call_id or _missing(f"{at}.call_id")), shape.output or "")
        case other:
            known = "'message', 'function_call', 'function_call_output' or 'mcp_approval_response'"
            message = f"items of type '{other[:100]}' cannot be created; use {known}"
            raise WireError("invalid_value", message, param=f"{at}.type")


def sound_of(shape: ItemShape) -> bytes | None:
    """The sound of the caller's that an item brings instead of words. Raises `WireError`."""
    found: bytes | None = None
    for index, content in enumerate(shape.content or ()):
        if content.audio is None or _words(content) is not None:
            continue
        param = f"item.content[{index}].audio"
        if shape.role != Role.USER or found is not None:
            message = "only one part of a user's message may be sound without its transcript"
            raise WireError("unsupported_content", message, param=param)
        try:
            found = b64decode(content.audio, validate=True)
        except ValueError:
            raise InvalidFieldError(param, "is not base64") from None
        if not found:
            raise InvalidFieldError(param, "is empty")
    return found


def approval_of(shape: ItemShape) -> tuple[ItemId, bool, str | None]:
    """What an `mcp_approval_response` answers, whether it may run, and why. Raises `WireError`."""
    answered = ItemId(shape.approval_request_id or _missing("item.approval_request_id"))
    if shape.approve is None:
        _missing("item.approve")
    return answered, bool(shape.approve), shape.reason


def forced_text(shape: ItemShape) -> str:
    """The words of xAI's `force_message`. Raises `WireError`."""
    words = " ".join(text for content in shape.content or () if (text := _words(content)))
    return words or _missing("item.content")


def item_object(item: Item, sound: bytes | None = None) -> dict[str, Any]:
    """An item as the client sees it; with `sound` the first part of what the caller said has it, too."""
    shown: dict[str, Any] = {"id": item.item_id, "object": "realtime.item", "status": item.status.value}
    match item:
        case Message():
            content = [part_object(part) for part in item.parts if not _is_unsaid(item, part)]
            if sound is not None:
                spoken = next((part for part in content if part["type"] == "input_audio"), {})
                spoken["audio"] = sound
            return {**shown, "type": "message", "role": item.role.value, "content": content}
        case FunctionCall():
            call = {"type": "function_call", "call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return {**shown, **call}
        case FunctionCallOutput():
            return {**shown, "type": "function_call_output", "call_id": item.call_id, "output": item.output}
        case ServerCall():
            return call_object(item)
        case _:
            assert_never(item)


def part_object(part: Part) -> dict[str, Any]:
    """A content part inside an item; of audio its transcript."""
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


def _role(shape: ItemShape, at: str) -> Role:
    role = shape.role or _missing(f"{at}.role")
    try:
        return Role(role)
    except ValueError:
        message = f"role '{role[:100]}' is not 'system', 'user' or 'assistant'"
        raise WireError("invalid_value", message, param=f"{at}.role") from None


def _parts(shape: ItemShape, role: Role, at: str) -> list[Part]:
    if shape.content is None:
        _missing(f"{at}.content")
    parts: list[Part] = []
    for index, content in enumerate(shape.content or ()):
        param = f"{at}.content[{index}]"
        if content.type == "input_image":
            message = "images are not understood here; describe the picture in an 'input_text' instead"
            raise WireError("unsupported_content", message, param=f"{param}.type")
        if content.type not in _IS_AUDIO:
            message = f"content of type '{content.type[:100]}' is not supported here"
            raise WireError("invalid_value", message, param=f"{param}.type")
        words = _words(content)
        if words is None and content.audio is None:
            _missing(f"{param}.text")
        parts.append(Part(_PART_KINDS[role, words is None or _IS_AUDIO[content.type]], words))
    return parts


def _words(content: ContentShape) -> str | None:
    return content.text if content.text is not None else content.transcript


def _missing(param: str) -> str:
    raise WireError("missing_required_parameter", f"missing required parameter: '{param}'", param=param)
