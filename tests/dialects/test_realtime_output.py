"""What clients are told: every notice in the words of the GA protocol, valid for OpenAI's own types."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, ItemStatus, Message, Part, PartKind, Role
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot, Usage
from vivavoce.conversation.settings import Modality, Settings, Tool
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.codec import RealtimeCodec
from vivavoce.dialects.realtime.server_events import SERVER_EVENT_TYPES
from vivavoce.dialects.realtime.tool_events import CALL_ENDED, CALL_STARTED, SENT_TO_WHO_HAS_SERVERS
from vivavoce.dialects.wire import WireError

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
ITEM, REPLY = ItemId("item_1"), ReplyId("resp_1")
SPOKEN = Message(ITEM, Role.ASSISTANT, (Part(PartKind.OUTPUT_AUDIO, "Hello there."),))
BEGUN = Message(ITEM, Role.ASSISTANT, (Part(PartKind.OUTPUT_AUDIO, ""),), ItemStatus.IN_PROGRESS)
WRITTEN = Message(ITEM, Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Hello there."),))
HEARD = Message(ITEM, Role.USER, (Part(PartKind.INPUT_AUDIO, None),))
CALL = FunctionCall(ITEM, CallId("call_1"), "clock", '{"zone":"UTC"}')
SNAPSHOT = ReplySnapshot(REPLY, Modality.AUDIO, "eve", None, (("k", "v"),))
STEM = "conversation.item.input_audio_transcription"
TIMED = notices.TurnTimed(REPLY, ITEM, 4200, 70, 200, "words", 210, 400, 500, 515, 520)
IGNORED = notices.OverlapIgnored("backchannel", "uh-huh", 900, 1250)

TOLD: dict[str, tuple[Notice, list[str]]] = {
    "the session and the conversation are told first": (
        notices.SessionOpened(Settings()),
        ["session.created", "conversation.created"],
    ),
    "a change of the session is told whole": (notices.SessionUpdated(Settings()), ["session.updated"]),
    "speech began": (notices.CallerSpeechStarted(ITEM, 320), ["input_audio_buffer.speech_started"]),
    "speech ended": (notices.CallerSpeechStopped(ITEM, 900), ["input_audio_buffer.speech_stopped"]),
    "a turn was taken in": (notices.AudioCommitted(ITEM, None), ["input_audio_buffer.committed"]),
    "the buffer was cleared": (notices.AudioCleared(), ["input_audio_buffer.cleared"]),
    "the caller has been silent for long": (
        notices.IdleTimeoutTriggered(ITEM, None, 100, 6100),
        ["input_audio_buffer.timeout_triggered"],
    ),
    "a spoken item was added": (notices.ItemAdded(HEARD, None), ["conversation.item.added"]),
    "a tool's answer was added": (
        notices.ItemAdded(FunctionCallOutput(ITEM, CallId("call_1"), "12:00"), ItemId("item_0")),
        ["conversation.item.added"],
    ),
    "an item is complete": (notices.ItemDone(HEARD, None), ["conversation.item.done"]),
    "an item was deleted": (notices.ItemDeleted(ITEM), ["conversation.item.deleted"]),
    "an item was asked for": (notices.ItemRetrieved(SPOKEN), ["conversation.item.retrieved"]),
    "a message was cut": (notices.ItemTruncated(ITEM, 0, 700, "Hello"), ["conversation.item.truncated"]),
    "a transcript grew": (notices.TranscriptGrew(ITEM, "Hel"), [f"{STEM}.delta"]),
    "a transcript is complete": (notices.TranscriptCompleted(ITEM, "Hello.", 1.25), [f"{STEM}.completed"]),
    "a transcription failed": (notices.TranscriptFailed(ITEM, "no"), [f"{STEM}.failed"]),
    "a reply began": (notices.ReplyCreated(SNAPSHOT), ["response.created"]),
    "a reply's message began": (
        notices.ReplyMessageAdded(REPLY, 0, BEGUN, Part(PartKind.OUTPUT_AUDIO, ""), None),
        ["response.output_item.added", "conversation.item.added", "response.content_part.added"],
    ),
    "spoken words": (
        notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_AUDIO, None), "Hello"),
        ["response.output_audio_transcript.delta"],
    ),
    "written words": (
        notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello"),
        ["response.output_text.delta"],
    ),
    "a spoken message is complete": (
        notices.ReplyMessageDone(REPLY, 0, SPOKEN, None),
        [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
        ],
    ),
    "a written message is complete": (
        notices.ReplyMessageDone(REPLY, 0, WRITTEN, None),
        [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
        ],
    ),
    "a function is called": (
        notices.ReplyCalledFunction(REPLY, 1, CALL, None),
        [
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "conversation.item.done",
        ],
    ),
    "a command was refused": (notices.CommandRefused("nope", "No.", "item_id", EventId("e")), ["error"]),
    "the server ends the call": (notices.CallEnded("max_turns"), ["session.ended"]),
    "a turn was timed": (TIMED, ["vivavoce.turn.timings"]),
    "a sound over the agent did not stop it": (IGNORED, ["vivavoce.overlap.ignored"]),
    **{
        f"a reply ended: {reason}": (
            notices.ReplyDone(
                ReplySnapshot(REPLY, Modality.AUDIO, "eve", 7, None, (SPOKEN, CALL), reason, "no", Usage(9, 4, 3))
            ),
            ["response.done"],
        )
        for reason in EndReason
    },
}


@pytest.fixture
def codec() -> RealtimeCodec:
    settings = Settings(instructions="Be brief.", tools=(Tool("clock", "Tells the time.", '{"type":"object"}'),))
    codec = RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=settings,
        resolve_voice=lambda name: name,
    )
    asked = {"audio": {"input": {"transcription": {"model": "any"}}}, "vivavoce": {"timings": True, "overlaps": True}}
    codec.receive(client_events.decode(json.dumps({"type": "session.update", "session": asked})))
    return codec


@pytest.mark.parametrize(("notice", "kinds"), TOLD.values(), ids=TOLD.keys())
def test_a_notice_becomes_its_events(codec: RealtimeCodec, notice: Notice, kinds: list[str]) -> None:
    frames = [json.loads(frame) for frame in codec.send(notice)]
    assert [frame["type"] for frame in frames] == kinds
    for frame in frames:
        assert frame["event_id"]
        if not frame["type"].startswith(("vivavoce.", "session.ended")):
            STRICT.validate_python(frame)


def test_every_event_type_that_is_documented_is_sent_by_some_notice(codec: RealtimeCodec) -> None:
    sent = {kind for _, kinds in TOLD.values() for kind in kinds} | {"response.output_audio.delta"}
    sent |= {"response.text.delta", "response.text.done"}  # for xAI's clients: test_asked_for
    sent |= {"conversation.item.created", f"{STEM}.updated", "ping"}
    sent |= {CALL_STARTED, CALL_ENDED, *SENT_TO_WHO_HAS_SERVERS}  # for who declared a server: test_hosted_tools
    sent |= {"rate_limits.updated"} | {f"output_audio_buffer.{what}" for what in ("started", "stopped", "cleared")}
    assert sent == set(SERVER_EVENT_TYPES)


def test_audio_names_the_message_that_it_belongs_to(codec: RealtimeCodec) -> None:
    codec.send(notices.ReplyMessageAdded(REPLY, 2, BEGUN, Part(PartKind.OUTPUT_AUDIO, ""), None))
    frame = json.loads(codec.send_audio(REPLY, b"\x01\x02") or "")
    STRICT.validate_python(frame)
    assert (frame["item_id"], frame["output_index"], frame["delta"]) == (ITEM, 2, "AQI=")


def test_sound_of_a_reply_that_has_ended_is_not_sent(codec: RealtimeCodec) -> None:
    codec.send(notices.ReplyMessageAdded(REPLY, 0, BEGUN, Part(PartKind.OUTPUT_AUDIO, ""), None))
    codec.send(notices.ReplyDone(SNAPSHOT))
    assert codec.send_audio(REPLY, b"\x01\x02") is None


def test_event_ids_never_repeat(codec: RealtimeCodec) -> None:
    frames = [json.loads(frame) for notice, _ in TOLD.values() for frame in codec.send(notice)]
    assert len({frame["event_id"] for frame in frames}) == len(frames)


def test_the_timings_say_every_stage_on_one_clock_and_what_the_turn_cost(codec: RealtimeCodec) -> None:
    complete = replace(
        TIMED, first_played_ms=560, interrupted_ms=1900, heard_ms=1380, speculated=True, wasted_tokens=12, complete=True
    )
    event = json.loads(codec.send(complete)[0])
    del event["event_id"]
    assert event == {
        "type": "vivavoce.turn.timings",
        "response_id": REPLY,
        "item_id": ITEM,
        "complete": True,
        "audio_end_ms": 4200,
        "endpoint_reason": "words",
        "stages": {
            "speech_end": 0,
            "soft_end": 70,
            "endpoint": 200,
            "transcript": 210,
            "first_token": 400,
            "first_sentence": 500,
            "first_speech": 515,
            "first_audio": 520,
            "first_played": 560,
            "interrupted": 1900,
        },
        "heard_ms": 1380,
        "speculated": True,
        "wasted_tokens": 12,
        "filler": False,
    }


def test_who_asks_is_told_which_sounds_did_not_stop_the_agent(codec: RealtimeCodec) -> None:
    event = json.loads(codec.send(IGNORED)[0])
    del event["event_id"]
    assert event == {
        "type": "vivavoce.overlap.ignored",
        "verdict": "backchannel",
        "transcript": "uh-huh",
        "audio_start_ms": 900,
        "audio_end_ms": 1250,
    }


def test_a_client_that_did_not_ask_hears_no_transcripts_and_no_timings() -> None:
    codec = RealtimeCodec(
        session_id="s", conversation_id="c", model="m", settings=Settings(), resolve_voice=lambda name: name
    )
    assert codec.send(notices.TranscriptCompleted(ITEM, "Hello.", 1.0)) == []
    assert codec.send(TIMED) == []
    assert codec.send(IGNORED) == []
    session = json.loads(codec.send(notices.SessionOpened(Settings()))[0])["session"]
    assert "vivavoce" not in session


def test_the_session_is_echoed_with_everything_in_force(codec: RealtimeCodec) -> None:
    session = json.loads(codec.send(notices.SessionUpdated(Settings()))[0])["session"]
    assert (session["type"], session["object"], session["id"]) == ("realtime", "realtime.session", "sess_1")
    assert session["instructions"] == "Be brief."
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    assert session["tools"][0]["name"] == "clock"


def test_an_error_carries_all_five_fields(codec: RealtimeCodec) -> None:
    frame = json.loads(codec.refuse(WireError("code", "message", param="param", event_id="event")))
    assert frame["error"] == {
        "type": "invalid_request_error",
        "code": "code",
        "message": "message",
        "param": "param",
        "event_id": "event",
    }
