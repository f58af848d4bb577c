"""What clients send: what is understood, and what is refused with which reason."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation import events
from vivavoce.conversation.items import FunctionCallOutput, Message, Role
from vivavoce.conversation.settings import Modality, SemanticTurnDetection, ServerVad, Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.client_events import CLIENT_EVENT_TYPES, MAXIMUM_APPEND_BYTES
from vivavoce.dialects.realtime.codec import AudioReceived, CallConfigured, Inbound, RealtimeCodec
from vivavoce.dialects.wire import WireAudio, WireError

VOICES = {"eve": "eve", "ara": "ara", "alloy": "eve"}


@pytest.fixture
def codec() -> RealtimeCodec:
    return RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(instructions="Be brief.", greeting="Hello.", language="en"),
        resolve_voice=lambda name: VOICES.get(name.lower()),
    )


def receive(codec: RealtimeCodec, event: dict[str, Any]) -> Inbound:
    return codec.receive(client_events.decode(json.dumps(event)))


def update(codec: RealtimeCodec, session: dict[str, Any]) -> CallConfigured:
    configured = receive(codec, {"type": "session.update", "session": session})
    assert isinstance(configured, CallConfigured)
    return configured


def append(audio: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}


BAD_FRAMES = {
    "an empty frame is no JSON": ("", "invalid_json", None, None),
    "a cut frame is no JSON": ('{"type": "response.cr', "invalid_json", None, None),
    "bytes that are no UTF-8 are no JSON": (b'\xff\xfe{"type": 1}', "invalid_json", None, None),
    "deep nesting is no event": ("[" * 100_000, "invalid_json", None, None),
    "a list is no event": ("[]", "invalid_value", "type", None),
    "an event without a type": ('{"event_id": "e"}', "missing_required_parameter", "type", "e"),
    "a type nobody knows": ('{"type": "response.explode", "event_id": "e"}', "invalid_value", "type", "e"),
    "a type that is a number": ('{"type": 7}', "invalid_value", "type", None),
    "audio that is no base64": (
        '{"type": "input_audio_buffer.append", "audio": "%%%%", "event_id": "e"}',
        "invalid_value",
        "audio",
        "e",
    ),
    "audio that is empty": (
        '{"type": "input_audio_buffer.append", "audio": "", "event_id": "e"}',
        "invalid_value",
        "audio",
        "e",
    ),
    "audio that is missing": (
        '{"type": "input_audio_buffer.append", "event_id": "e"}',
        "missing_required_parameter",
        "audio",
        "e",
    ),
    "a truncation without its item": (
        '{"type": "conversation.item.truncate", "content_index": 0, "audio_end_ms": 1}',
        "missing_required_parameter",
        "item_id",
        None,
    ),
    "a truncation at a position that is text": (
        '{"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": "1"}',
        "invalid_value",
        "audio_end_ms",
        None,
    ),
}


@pytest.mark.parametrize(("frame", "code", "param", "event_id"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_frame_that_cannot_be_read_is_refused(
    frame: str | bytes, code: str, param: str | None, event_id: str | None
) -> None:
    with pytest.raises(WireError) as refused:
        client_events.decode(frame)
    assert (refused.value.code, refused.value.param, refused.value.event_id) == (code, param, event_id)
    assert refused.value.message


BAD_EVENTS = {
    "an odd number of bytes is no 16-bit audio": (append(b"abc"), "invalid_value", "audio"),
    "a voice that nobody has": (
        {"type": "session.update", "session": {"audio": {"output": {"voice": "nobody"}}}},
        "invalid_value",
        "session.audio.output.voice",
    ),
    "a voice that nobody has, by id": (
        {"type": "session.update", "session": {"audio": {"output": {"voice": {"id": "nobody"}}}}},
        "invalid_value",
        "session.audio.output.voice",
    ),
    "a sample rate that nobody uses": (
        {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 12345}}}}},
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    "a format that is not known": (
        {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/mp3"}}}}},
        "invalid_value",
        "session.audio.input.format.type",
    ),
    "a threshold above one": (
        {
            "type": "session.update",
            "session": {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 1.5}}}},
        },
        "invalid_value",
        "session.audio.input.turn_detection.threshold",
    ),
    "a silence below zero": (
        {
            "type": "session.update",
            "session": {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": -1}}}},
        },
        "invalid_value",
        "session.audio.input.turn_detection.silence_duration_ms",
    ),
    "a speed that no voice has": (
        {"type": "session.update", "session": {"audio": {"output": {"speed": 9}}}},
        "invalid_value",
        "session.audio.output.speed",
    ),
    "a tool without a name": (
        {"type": "session.update", "session": {"tools": [{"type": "function"}]}},
        "invalid_value",
        "session.tools[0].name",
    ),
    "a tool of a kind that is not supported": (
        {"type": "session.update", "session": {"tools": [{"type": "teleport", "name": "x"}]}},
        "invalid_value",
        "session.tools[0].type",
    ),
    "a limit of no tokens": (
        {"type": "session.update", "session": {"max_output_tokens": 0}},
        "invalid_value",
        "session.max_output_tokens",
    ),
    "a choice of a tool that is not there": (
        {"type": "session.update", "session": {"tool_choice": "nonsense"}},
        "invalid_value",
        "session.tool_choice",
    ),
    "instructions that are a number": (
        {"type": "session.update", "session": {"instructions": 7}},
        "invalid_value",
        "session.instructions",
    ),
    "an item of a kind that cannot be created": (
        {"type": "conversation.item.create", "item": {"type": "mcp_call"}},
        "invalid_value",
        "item.type",
    ),
    "a message without a role": (
        {"type": "conversation.item.create", "item": {"type": "message", "content": []}},
        "missing_required_parameter",
        "item.role",
    ),
    "a message without content": (
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user"}},
        "missing_required_parameter",
        "item.content",
    ),
    "an image": (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_image"}]},
        },
        "unsupported_content",
        "item.content[0].type",
    ),
    "an answer to no call": (
        {"type": "conversation.item.create", "item": {"type": "function_call_output", "output": "x"}},
        "missing_required_parameter",
        "item.call_id",
    ),
    "a response in some other conversation": (
        {"type": "response.create", "response": {"conversation": "conv_7"}},
        "invalid_value",
        "response.conversation",
    ),
    "a response to a reference to nothing": (
        {"type": "response.create", "response": {"input": [{"type": "item_reference"}]}},
        "missing_required_parameter",
        "response.input[0].id",
    ),
    "a response to sound": (
        {
            "type": "response.create",
            "response": {
                "input": [{"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AQI="}]}]
            },
        },
        "unsupported_content",
        "response.input[0].content",
    ),
    "sound in an item that is no base64": (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "%"}]},
        },
        "invalid_value",
        "item.content[0].audio",
    ),
    "sound of the agent's": (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": "AQI="}]},
        },
        "unsupported_content",
        "item.content[0].audio",
    ),
    "an odd number of bytes in an item": (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AQID"}]},
        },
        "invalid_value",
        "item.content",
    ),
    "a forced message without words": (
        {"type": "conversation.item.create", "item": {"type": "force_message", "content": []}},
        "missing_required_parameter",
        "item.content",
    ),
    "more metadata than there may be": (
        {"type": "response.create", "response": {"metadata": {str(at): "v" for at in range(17)}}},
        "invalid_value",
        "response.metadata",
    ),
    "a temperature of fever": (
        {"type": "session.update", "session": {"temperature": 39}},
        "invalid_value",
        "session.temperature",
    ),
    "a truncation that keeps more than all": (
        {
            "type": "session.update",
            "session": {"truncation": {"type": "retention_ratio", "retention_ratio": 2}},
        },
        "invalid_value",
        "session.truncation.retention_ratio",
    ),
    "a noise reduction of no known kind": (
        {"type": "session.update", "session": {"audio": {"input": {"noise_reduction": {"type": "far"}}}}},
        "invalid_value",
        "session.audio.input.noise_reduction.type",
    ),
    "a tool server without a label": (
        {"type": "session.update", "session": {"tools": [{"type": "mcp", "server_url": "https://example.org"}]}},
        "invalid_value",
        "session.tools[0].server_label",
    ),
    "a choice of a function without a name": (
        {"type": "session.update", "session": {"tool_choice": {"type": "function"}}},
        "invalid_value",
        "session.tool_choice.name",
    ),
    "too long a keyterm": (
        {"type": "session.update", "session": {"audio": {"input": {"transcription": {"keyterms": ["k" * 51]}}}}},
        "invalid_value",
        "session.audio.input.transcription.keyterms[0]",
    ),
    "a pronunciation with a sound that the voices do not have": (
        {"type": "session.update", "session": {"replace": {"loch": "/lɔx/"}}},
        "invalid_value",
        "session.replace.loch",
    ),
    "a response of no tokens": (
        {"type": "response.create", "response": {"max_output_tokens": 0}},
        "invalid_value",
        "response.max_output_tokens",
    ),
}


@pytest.mark.parametrize(("event", "code", "param"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_an_event_that_cannot_be_followed_is_refused_and_changes_nothing(
    codec: RealtimeCodec, event: dict[str, Any], code: str, param: str
) -> None:
    before = codec.configuration
    with pytest.raises(WireError) as refused:
        receive(codec, {**event, "event_id": "mine"})
    assert (refused.value.code, refused.value.param, refused.value.event_id) == (code, param, "mine")
    assert codec.configuration == before


def test_an_append_of_15_mib_is_taken_and_one_byte_pair_more_is_refused() -> None:
    taken = client_events.decode(json.dumps(append(bytes(MAXIMUM_APPEND_BYTES))))
    assert isinstance(taken, client_events.AudioAppend)
    with pytest.raises(WireError, match="one append may carry"):
        client_events.decode(json.dumps(append(bytes(MAXIMUM_APPEND_BYTES + 2))))


def test_audio_comes_out_as_it_was_sent(codec: RealtimeCodec) -> None:
    assert receive(codec, append(b"\x01\x02\x03\x04")) == AudioReceived(b"\x01\x02\x03\x04")


def test_g711_may_have_any_number_of_bytes(codec: RealtimeCodec) -> None:
    configured = update(codec, {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}})
    assert configured.input_audio == WireAudio("pcmu", 8000)
    assert receive(codec, append(b"abc")) == AudioReceived(b"abc")


def test_an_update_changes_only_what_it_names(codec: RealtimeCodec) -> None:
    update(codec, {"instructions": "Be long.", "audio": {"output": {"voice": "Ara"}}})
    settings = update(codec, {"audio": {"output": {"speed": 1.2}}}).command.settings
    assert (settings.instructions, settings.voice, settings.speed) == ("Be long.", "ara", 1.2)
    assert settings.greeting == "Hello."


def test_null_and_empty_values_clear(codec: RealtimeCodec) -> None:
    tool = {"type": "function", "name": "clock", "parameters": {"type": "object"}}
    assert update(codec, {"tools": [tool]}).command.settings.tools
    cleared = update(codec, {"tools": [], "instructions": "", "audio": {"input": {"turn_detection": None}}})
    settings = cleared.command.settings
    assert (settings.tools, settings.instructions, settings.turn_detection) == ((), "", None)


def test_a_turn_detection_of_another_kind_begins_with_its_own_defaults(codec: RealtimeCodec) -> None:
    vad = {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}}}
    assert update(codec, vad).command.settings.turn_detection == ServerVad(silence_duration_ms=700)
    partial = {"audio": {"input": {"turn_detection": {"threshold": 0.7}}}}
    changed = ServerVad(threshold=0.7, silence_duration_ms=700)
    assert update(codec, partial).command.settings.turn_detection == changed
    semantic = {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
    assert update(codec, semantic).command.settings.turn_detection == SemanticTurnDetection()


def test_tools_are_understood_flat_and_nested(codec: RealtimeCodec) -> None:
    flat = {"type": "function", "name": "clock", "description": "Tells the time.", "parameters": {"type": "object"}}
    nested = {"type": "function", "function": {key: flat[key] for key in ("name", "description", "parameters")}}
    assert (
        update(codec, {"tools": [flat]}).command.settings.tools
        == update(codec, {"tools": [nested]}).command.settings.tools
    )


def test_the_agents_language_stays_unless_the_transcription_names_another(codec: RealtimeCodec) -> None:
    named = update(codec, {"audio": {"input": {"transcription": {"language": "de"}}}})
    assert named.command.settings.language == "de"
    unnamed = update(codec, {"audio": {"input": {"transcription": {"language": None}}}})
    assert unnamed.command.settings.language == "en"


def test_fields_that_nobody_knows_are_ignored(codec: RealtimeCodec) -> None:
    assert update(codec, {"type": "realtime", "colour": "blue", "tracing": None}).command.settings.instructions


def test_items_of_every_kind_are_understood(codec: RealtimeCodec) -> None:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
    created = receive(codec, {"type": "conversation.item.create", "item": message, "previous_item_id": "root"})
    assert isinstance(created, events.ItemCreateRequested)
    assert isinstance(created.item, Message)
    assert (created.item.role, created.item.text, created.after) == (Role.USER, "Hello.", "root")
    output = {"type": "function_call_output", "call_id": "c", "output": ""}
    created = receive(codec, {"type": "conversation.item.create", "item": output})
    assert isinstance(created, events.ItemCreateRequested)
    assert isinstance(created.item, FunctionCallOutput)


def test_a_response_may_differ_from_the_session(codec: RealtimeCodec) -> None:
    response = {
        "instructions": "Say goodbye.",
        "output_modalities": ["text"],
        "metadata": {"k": "v"},
        "max_output_tokens": 5,
        "audio": {"output": {"voice": "alloy"}},
    }
    asked = receive(codec, {"type": "response.create", "response": response, "event_id": "e"})
    assert isinstance(asked, events.ResponseRequested)
    options = asked.options
    assert (options.instructions, options.modality, options.metadata) == ("Say goodbye.", Modality.TEXT, (("k", "v"),))
    assert (options.maximum_output_tokens, options.voice, asked.event_id) == (5, "eve", "e")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "session",
        "audio",
        "item",
        "item_id",
        "content_index",
        "audio_end_ms",
        "response",
        "response_id",
        "played_ms",
        "event_id",
    ]
)
ALMOST_EVENTS = st.builds(
    lambda kind, fields: {**fields, "type": kind}, st.sampled_from(CLIENT_EVENT_TYPES), st.dictionaries(FIELDS, JSON)
)
SESSION_FIELDS = st.sampled_from(
    [
        "audio",
        "instructions",
        "tools",
        "output_modalities",
        "input",
        "output",
        "format",
        "voice",
        "turn_detection",
        "type",
        "input_audio_format",
        "modalities",
        "rate",
        "threshold",
        "speculation",
        "endpointing",
        "caller_silence",
        "after_ms",
        "fillers",
        "reply_words",
    ]
)
ALMOST_SESSIONS = st.recursive(
    JSON, lambda inner: st.dictionaries(SESSION_FIELDS, inner, max_size=4) | st.lists(inner, max_size=2), max_leaves=10
)


def _codec() -> RealtimeCodec:
    return RealtimeCodec(session_id="s", conversation_id="c", model="m", settings=Settings(), resolve_voice=VOICES.get)


@given(st.binary(max_size=64) | st.text(max_size=64))
def test_any_frame_is_read_or_refused(frame: str | bytes) -> None:
    with suppress(WireError):
        client_events.decode(frame)


@given(ALMOST_EVENTS)
def test_anything_with_the_type_of_an_event_is_followed_or_refused(event: dict[str, Any]) -> None:
    with suppress(WireError):
        _codec().receive(client_events.decode(json.dumps(event)))


@given(ALMOST_SESSIONS)
def test_any_session_object_is_followed_or_refused(session: Any) -> None:
    codec = _codec()
    for update in ({"audio": session}, {"vivavoce": session}, session):
        with suppress(WireError):
            codec.receive(client_events.decode(json.dumps({"type": "session.update", "session": update})))
