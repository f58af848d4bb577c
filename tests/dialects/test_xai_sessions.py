"""Sessions as xAI's documents and clients spell them, and as OpenAI's beta did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import ItemStatus, Message, Part, PartKind, Role
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Modality, SemanticTurnDetection, ServerVad, Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.client_events import MAXIMUM_APPEND_BYTES
from vivavoce.dialects.realtime.codec import AudioReceived, CallConfigured, RealtimeCodec
from vivavoce.dialects.wire import WireAudio, WireError

ITEM, REPLY = ItemId("item_1"), ReplyId("resp_1")
LOOKUP: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Look up the status of a customer order",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    },
}
BUILT_IN: list[dict[str, Any]] = [
    {"type": "web_search", "allowed_domains": ["example.org"]},
    {"type": "x_search", "from_date": "2026-01-01"},
    {"type": "file_search", "vector_store_ids": ["collection_1"], "max_num_results": 3},
    {"type": "mcp", "server_url": "https://example.org/mcp", "server_label": "shop"},
]


@pytest.fixture
def codec() -> RealtimeCodec:
    return RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(instructions="Be brief.", language="en"),
        resolve_voice={"eve": "eve", "ara": "ara"}.get,
    )


def update(codec: RealtimeCodec, session: dict[str, Any]) -> CallConfigured:
    configured = codec.receive(client_events.decode(json.dumps({"type": "session.update", "session": session})))
    assert isinstance(configured, CallConfigured)
    return configured


def echoed(codec: RealtimeCodec) -> dict[str, Any]:
    session: dict[str, Any] = json.loads(codec.send(notices.SessionUpdated(Settings()))[0])["session"]
    return session


def told(codec: RealtimeCodec, notice: Notice) -> list[str]:
    return [json.loads(frame)["type"] for frame in codec.send(notice)]


def speak(codec: RealtimeCodec, reply_id: ReplyId = REPLY) -> None:
    begun = Message(ITEM, Role.ASSISTANT, (Part(PartKind.OUTPUT_AUDIO, ""),), ItemStatus.IN_PROGRESS)
    codec.send(notices.ReplyMessageAdded(reply_id, 0, begun, Part(PartKind.OUTPUT_AUDIO, ""), None))


def test_an_agent_of_xai_is_taken_as_its_guide_sends_it(codec: RealtimeCodec) -> None:
    configured = update(
        codec,
        {
            "voice": "ara",
            "instructions": "You are a friendly order support agent for Acme Corp.",
            "tools": [LOOKUP, {"type": "web_search"}],
            "turn_detection": {"type": "server_vad", "threshold": 0.4, "silence_duration_ms": 300},
        },
    )
    settings = configured.command.settings
    assert (settings.voice, settings.instructions[:7]) == ("ara", "You are")
    assert settings.turn_detection == ServerVad(threshold=0.4, silence_duration_ms=300)
    assert [tool.name for tool in settings.tools] == ["lookup_order"]
    session = echoed(codec)
    assert (session["voice"], session["audio"]["output"]["voice"]) == ("ara", "ara")
    assert session["turn_detection"] == session["audio"]["input"]["turn_detection"]
    assert session["turn_detection"]["silence_duration_ms"] == 300
    assert session["tools"] == [LOOKUP, {"type": "web_search"}]


def test_a_browser_session_of_acp_is_taken(codec: RealtimeCodec) -> None:
    pcm = {"format": {"type": "audio/pcm", "rate": 16000}}
    configured = update(
        codec,
        {
            "voice": "eve",
            "turn_detection": {"type": "server_vad"},
            "audio": {
                "input": {**pcm, "transcription": {"model": "grok-transcribe", "language_hint": "de-CH"}},
                "output": {"format": {"rate": 48000}},
            },
        },
    )
    assert configured.input_audio == WireAudio("pcm16", 16_000)
    assert configured.output_audio == WireAudio("pcm16", 48_000)
    assert configured.command.settings.language == "de"
    assert echoed(codec)["audio"]["input"]["transcription"]["language_hint"] == "de-CH"


def test_built_in_tools_are_shown_and_not_offered_to_the_model(codec: RealtimeCodec) -> None:
    assert update(codec, {"tools": [*BUILT_IN, LOOKUP]}).command.settings.tools[0].name == "lookup_order"
    assert echoed(codec)["tools"] == [*BUILT_IN, LOOKUP]


def test_what_lets_the_server_in_elsewhere_is_not_shown(codec: RealtimeCodec) -> None:
    update(codec, {"tools": [{**BUILT_IN[3], "authorization": "Bearer s3cret", "headers": {"x-key": "s3cret"}}]})
    assert echoed(codec)["tools"] == [BUILT_IN[3]]


SPELLINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a voice at the top": ({"voice": "ara"}, {"audio": {"output": {"voice": "ara"}}}),
    "a voice of null says nothing": ({"voice": None}, {}),
    "a speed at the top": ({"speed": 1.2}, {"audio": {"output": {"speed": 1.2}}}),
    "no turn detection at the top": ({"turn_detection": None}, {"audio": {"input": {"turn_detection": None}}}),
    "a turn detection of type null is none": (
        {"turn_detection": {"type": None}},
        {"audio": {"input": {"turn_detection": None}}},
    ),
    "a threshold of null says nothing": (
        {"turn_detection": {"type": "server_vad", "threshold": None}},
        {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}},
    ),
    "the beta's format of PCM": ({"input_audio_format": "pcm16"}, {"audio": {"input": {"format": {"rate": 24000}}}}),
    "the beta's format of a telephone": (
        {"output_audio_format": "g711_ulaw"},
        {"audio": {"output": {"format": {"type": "audio/pcmu"}}}},
    ),
    "the beta's transcription": (
        {"input_audio_transcription": {"language": "de"}},
        {"audio": {"input": {"transcription": {"language": "de"}}}},
    ),
    "the beta's text only": ({"modalities": ["text"]}, {"output_modalities": ["text"]}),
    "the beta's sound with its text": ({"modalities": ["text", "audio"]}, {"output_modalities": ["audio"]}),
    "the beta's limit": ({"max_response_output_tokens": 7}, {"max_output_tokens": 7}),
    "a type of null says nothing": ({"type": None}, {}),
    "the top counts more than the inside": (
        {"voice": "ara", "audio": {"output": {"voice": "eve"}}},
        {"audio": {"output": {"voice": "ara"}}},
    ),
}


@pytest.mark.parametrize(("spelled", "ga"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_other_spellings_mean_the_same(codec: RealtimeCodec, spelled: dict[str, Any], ga: dict[str, Any]) -> None:
    plain = RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(instructions="Be brief.", language="en"),
        resolve_voice={"eve": "eve", "ara": "ara"}.get,
    )
    assert update(codec, spelled) == update(plain, ga)
    assert codec.configuration == plain.configuration


WRONG = {
    "a voice that nobody has": ({"voice": "nobody"}, "session.voice"),
    "a voice that is a number": ({"voice": 7}, "session.voice"),
    "a threshold that is text": (
        {"turn_detection": {"type": "server_vad", "threshold": "high"}},
        "session.turn_detection.threshold",
    ),
    "a silence beyond ten seconds": (
        {"turn_detection": {"type": "server_vad", "silence_duration_ms": 10001}},
        "session.turn_detection.silence_duration_ms",
    ),
    "a turn detection of a kind that is not known": (
        {"turn_detection": {"type": "clairvoyance"}},
        "session.turn_detection.type",
    ),
    "a format of the beta that is not known": ({"input_audio_format": "mp3"}, "session.input_audio_format"),
    "a limit of no tokens": ({"max_response_output_tokens": 0}, "session.max_response_output_tokens"),
    "a modality that is not known": ({"modalities": ["smell"]}, "session.modalities[0]"),
    "a tool that is no object": ({"tools": ["web_search"]}, "session.tools[0]"),
    "a nested function without a name": ({"tools": [{"function": {}}]}, "session.tools[0].function"),
    "a nested function with an empty name": (
        {"tools": [{"function": {"name": ""}}]},
        "session.tools[0].function.name",
    ),
    "domains that are no list": (
        {"tools": [{"type": "web_search", "allowed_domains": 7}]},
        "session.tools[0].allowed_domains",
    ),
    "a transport by pigeon": ({"audio": {"output": {"transport": "pigeon"}}}, "session.audio.output.transport"),
}


@pytest.mark.parametrize(("session", "param"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_used_is_refused_with_the_path_that_the_client_wrote(
    codec: RealtimeCodec, session: dict[str, Any], param: str
) -> None:
    before = codec.configuration
    with pytest.raises(WireError) as refused:
        update(codec, {**session, "instructions": "Changed."})
    assert (refused.value.code, refused.value.param) == ("invalid_value", param)
    assert param in refused.value.message
    assert codec.configuration == before


def test_a_turn_detection_of_xai_replaces_a_semantic_one_and_is_kept_by_a_partial_update(codec: RealtimeCodec) -> None:
    assert isinstance(codec.configuration.command.settings.turn_detection, SemanticTurnDetection)
    update(codec, {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}})
    partial = update(codec, {"turn_detection": {"threshold": 0.9}})
    assert partial.command.settings.turn_detection == ServerVad(threshold=0.9, silence_duration_ms=700)


def test_what_an_agent_has_beyond_the_wire_stays_through_updates() -> None:
    begun = Settings(greeting="Hello.", language="fr")
    codec = RealtimeCodec(
        session_id="s", conversation_id="c", model="m", settings=begun, resolve_voice=lambda name: name
    )
    settings = update(codec, {"voice": "eve", "modalities": ["text"]}).command.settings
    assert (settings.greeting, settings.language, settings.modality) == ("Hello.", "fr", Modality.TEXT)


def test_clients_of_xai_hear_transcripts_unasked_and_written_words_under_both_names(codec: RealtimeCodec) -> None:
    written = notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello")
    heard = notices.TranscriptCompleted(ITEM, "Hello.", 1.0)
    assert (told(codec, written), told(codec, heard)) == (["response.output_text.delta"], [])
    update(codec, {"voice": "eve"})
    assert told(codec, written) == ["response.output_text.delta", "response.text.delta"]
    assert told(codec, heard) == ["conversation.item.input_audio_transcription.completed"]
    assert told(codec, notices.TranscriptGrew(ITEM, "Hel")) == []


# --- binary frames --------------------------------------------------------------------------------------------------


def test_half_a_sample_waits_for_the_frame_that_completes_it(codec: RealtimeCodec) -> None:
    assert codec.receive_binary(b"\x01\x02\x03") == AudioReceived(b"\x01\x02")
    assert codec.receive_binary(b"") is None
    assert codec.receive_binary(b"\x04\x05\x06") == AudioReceived(b"\x03\x04\x05\x06")


def test_half_a_sample_is_forgotten_when_the_format_changes(codec: RealtimeCodec) -> None:
    assert codec.receive_binary(b"\x01") is None
    update(codec, {"input_audio_format": "g711_ulaw"})
    assert codec.receive_binary(b"\x02\x03\x04") == AudioReceived(b"\x02\x03\x04")
    update(codec, {"input_audio_format": "pcm16"})
    assert codec.receive_binary(b"\x05\x06") == AudioReceived(b"\x05\x06")


@given(st.lists(st.binary(max_size=9), max_size=12))
def test_binary_frames_of_any_lengths_are_one_stream_of_samples(frames: list[bytes]) -> None:
    codec = RealtimeCodec(session_id="s", conversation_id="c", model="m", settings=Settings(), resolve_voice=str)
    received = [heard.audio for frame in frames if (heard := codec.receive_binary(frame)) is not None]
    sent = b"".join(frames)
    assert all(audio and len(audio) % 2 == 0 for audio in received)
    assert b"".join(received) == sent[: len(sent) - len(sent) % 2]


def test_a_binary_frame_beyond_the_limit_of_an_append_is_refused(codec: RealtimeCodec) -> None:
    with pytest.raises(WireError, match="one frame may carry"):
        codec.receive_binary(bytes(MAXIMUM_APPEND_BYTES + 2))


def test_a_change_of_transport_holds_from_the_next_reply_on(codec: RealtimeCodec) -> None:
    speak(codec)
    update(codec, {"audio": {"output": {"transport": "binary"}}})
    assert isinstance(codec.send_audio(REPLY, b"\x01\x02"), str)
    speak(codec, ReplyId("resp_2"))
    assert codec.send_audio(ReplyId("resp_2"), b"\x01\x02") == b"\x01\x02"
    update(codec, {"audio": {"output": {"transport": "json"}}})
    speak(codec, ReplyId("resp_3"))
    assert isinstance(codec.send_audio(ReplyId("resp_3"), b"\x01\x02"), str)


def test_a_stream_that_turns_binary_does_so_in_the_middle_of_a_reply(codec: RealtimeCodec) -> None:
    speak(codec)
    codec.stream_binary()
    assert codec.send_audio(REPLY, b"\x01\x02") == b"\x01\x02"
    assert echoed(codec)["audio"]["output"]["transport"] == "binary"
