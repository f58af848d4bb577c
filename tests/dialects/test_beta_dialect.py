"""OpenAI's beta: its clients get its names and its flat session, valid for OpenAI's own types of the beta."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.beta.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.dialects.test_realtime_output import (
    BEGUN,
    CALL,
    ITEM,
    REPLY,
    SNAPSHOT,
    SPOKEN,
    STEM,
    TOLD,
    WRITTEN,
)
from vivavoce.conversation import notices
from vivavoce.conversation.items import Part, PartKind
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.conversation.settings import Modality, Settings, Tool
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import BETA_SUBPROTOCOL, Asked, asked_by
from vivavoce.dialects.realtime.codec import CallConfigured, RealtimeCodec
from vivavoce.dialects.wire import WireAudio

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
CREATED = "conversation.item.created"

IN_BETA: dict[str, tuple[Notice, list[str]]] = {
    "an item is created, not added": (notices.ItemAdded(WRITTEN, None), [CREATED]),
    "that an item is done is not told": (notices.ItemDone(WRITTEN, None), []),
    "a reply's message begins": (
        notices.ReplyMessageAdded(REPLY, 0, BEGUN, Part(PartKind.OUTPUT_AUDIO, ""), None),
        ["response.output_item.added", CREATED, "response.content_part.added"],
    ),
    "spoken words": (
        notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_AUDIO, None), "Hello"),
        ["response.audio_transcript.delta"],
    ),
    "written words": (
        notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello"),
        ["response.text.delta"],
    ),
    "a spoken message is complete": (
        notices.ReplyMessageDone(REPLY, 0, SPOKEN, None),
        [
            "response.audio.done",
            "response.audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
        ],
    ),
    "a written message is complete": (
        notices.ReplyMessageDone(REPLY, 0, WRITTEN, None),
        ["response.text.done", "response.content_part.done", "response.output_item.done"],
    ),
    "a function is called": (
        notices.ReplyCalledFunction(REPLY, 1, CALL, None),
        [
            "response.output_item.added",
            CREATED,
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
        ],
    ),
    "what the caller said": (notices.TranscriptCompleted(ITEM, "Hello.", 1.25), [f"{STEM}.completed"]),
}


def codec_of(asked: Asked) -> RealtimeCodec:
    return RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="gpt-4o-realtime-preview",
        settings=Settings(instructions="Be brief.", tools=(Tool("clock", "Tells the time.", '{"type":"object"}'),)),
        resolve_voice=lambda name: name,
        asked=asked,
    )


def update(codec: RealtimeCodec, session: dict[str, Any], kind: str = "session.update") -> CallConfigured:
    configured = codec.receive(client_events.decode(json.dumps({"type": kind, "session": session})))
    assert isinstance(configured, CallConfigured)
    return configured


@pytest.fixture
def codec() -> RealtimeCodec:
    codec = codec_of(Asked(beta=True))
    update(codec, {"input_audio_transcription": {"model": "whisper-1"}, "voice": "alloy"})
    return codec


def told(codec: RealtimeCodec, notice: Notice) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in codec.send(notice)]


@pytest.mark.parametrize(("notice", "kinds"), IN_BETA.values(), ids=IN_BETA.keys())
def test_events_have_the_names_of_the_beta(codec: RealtimeCodec, notice: Notice, kinds: list[str]) -> None:
    assert [event["type"] for event in told(codec, notice)] == kinds


@pytest.mark.parametrize(("notice", "kinds"), TOLD.values(), ids=TOLD.keys())
def test_every_event_is_valid_for_the_types_of_the_beta(codec: RealtimeCodec, notice: Notice, kinds: list[str]) -> None:
    for event in told(codec, notice):
        if not event["type"].startswith(("session.ended", "vivavoce.")):
            STRICT.validate_python(event)


def test_content_has_the_types_of_the_beta(codec: RealtimeCodec) -> None:
    assert told(codec, notices.ItemAdded(WRITTEN, None))[0]["item"]["content"][0]["type"] == "text"
    done = ReplySnapshot(REPLY, Modality.AUDIO, "eve", 7, None, (SPOKEN, CALL), EndReason.COMPLETED)
    response = told(codec, notices.ReplyDone(done))[0]["response"]
    assert response["output"][0]["content"][0]["type"] == "audio"


def test_sound_has_the_name_of_the_beta(codec: RealtimeCodec) -> None:
    codec.send(notices.ReplyMessageAdded(REPLY, 0, BEGUN, Part(PartKind.OUTPUT_AUDIO, ""), None))
    event = json.loads(codec.send_audio(REPLY, b"\x01\x02") or "")
    assert (event["type"], event["delta"]) == ("response.audio.delta", "AQI=")
    STRICT.validate_python(event)


def test_the_session_is_flat(codec: RealtimeCodec) -> None:
    update(codec, {"input_audio_format": "g711_ulaw", "tool_choice": {"type": "function", "name": "clock"}})
    event = told(codec, notices.SessionUpdated(Settings()))[0]
    session = event["session"]
    assert session.keys() & {"audio", "type", "output_modalities", "max_output_tokens"} == set()
    assert session["modalities"] == ["text", "audio"]
    assert (session["voice"], session["tool_choice"]) == ("alloy", "clock")
    assert (session["input_audio_format"], session["output_audio_format"]) == ("g711_ulaw", "pcm16")
    assert session["input_audio_transcription"] == {"model": "whisper-1"}
    assert session["max_response_output_tokens"] == "inf"
    STRICT.validate_python(event)


def test_a_reply_is_flat(codec: RealtimeCodec) -> None:
    response = told(codec, notices.ReplyCreated(SNAPSHOT))[0]["response"]
    assert (response["modalities"], response["voice"]) == (["text", "audio"], "eve")
    assert response["output_audio_format"] == "pcm16"
    assert "audio" not in response


def test_a_voice_at_the_top_makes_no_client_of_the_beta_one_of_xai(codec: RealtimeCodec) -> None:
    written = notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello")
    assert [event["type"] for event in told(codec, written)] == ["response.text.delta"]
    forced = {"type": "force_message", "content": [{"type": "text", "text": "One moment."}]}
    codec.receive(client_events.decode(json.dumps({"type": "conversation.item.create", "item": forced})))
    assert [event["type"] for event in told(codec, written)] == ["response.text.delta"]
    assert not codec.wants_pings


def test_a_transcription_session_of_the_beta() -> None:
    codec = codec_of(Asked(beta=True, transcription=True))
    assert told(codec, notices.SessionOpened(Settings()))[0]["type"] == "transcription_session.created"
    configured = update(
        codec,
        {"input_audio_format": "g711_alaw", "input_audio_transcription": {"language": "de"}},
        "transcription_session.update",
    )
    assert configured.input_audio == WireAudio("pcma", 8000)
    assert (configured.command.settings.language, configured.command.settings.only_transcribes) == ("de", True)
    updated = told(codec, notices.SessionUpdated(configured.command.settings))[0]
    assert updated["type"] == "transcription_session.updated"
    assert updated["session"]["input_audio_format"] == "g711_alaw"
    assert "instructions" not in updated["session"]


WAYS_TO_ASK = {
    "the header asks for the beta": ({"openai-beta": "realtime=v1"}, {}, (), Asked(beta=True)),
    "the sub-protocol asks for the beta": ({}, {}, ("realtime", BETA_SUBPROTOCOL), Asked(beta=True)),
    "a secret of xAI's asks for its events": ({}, {}, ("xai-client-secret.s",), Asked(xai=True)),
    "a model of xAI's asks for its events": ({}, {"model": "grok-voice-latest"}, (), Asked(xai=True)),
    "the beta of a model of xAI's is the beta": (
        {"openai-beta": "realtime=v1"},
        {"model": "grok-voice-latest"},
        (),
        Asked(beta=True),
    ),
    "an intent asks for transcription": ({}, {"intent": "transcription"}, (), Asked(transcription=True)),
    "strictness is asked for": ({}, {"strict": "true"}, (), Asked(strict=True)),
    "an effort is asked for": ({}, {"reasoning.effort": "none"}, (), Asked(reasoning_effort="none")),
    "who asks for nothing gets GA": ({"openai-beta": "assistants=v2"}, {"model": "gpt-realtime"}, (), Asked()),
}


@pytest.mark.parametrize(("headers", "query", "subprotocols", "asked"), WAYS_TO_ASK.values(), ids=WAYS_TO_ASK.keys())
def test_how_a_client_asks(
    headers: dict[str, str], query: dict[str, str], subprotocols: tuple[str, ...], asked: Asked
) -> None:
    assert asked_by(headers, query, subprotocols) == asked
