"""What only sessions get that asked for it: xAI's events, strictness, transcription alone, resumption."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, ItemReference, Message, Part, PartKind, Role
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import ReplySnapshot
from vivavoce.conversation.settings import (
    Modality,
    ServerVad,
    Settings,
    Truncation,
    TruncationKind,
)
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import CallConfigured, Inbound, ItemWithSound, RealtimeCodec
from vivavoce.dialects.wire import WireError

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
ITEM, REPLY = ItemId("item_1"), ReplyId("resp_1")
STEM = "conversation.item.input_audio_transcription"
WRITTEN = notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello")
SAID = (
    Message(ItemId("item_8"), Role.USER, (Part(PartKind.INPUT_AUDIO, "Hello?"),)),
    FunctionCall(ItemId("item_9"), CallId("call_1"), "clock", "{}"),
)


def codec_of(asked: Asked = NOTHING_ASKED, **options: Any) -> RealtimeCodec:
    return RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(instructions="Be brief."),
        resolve_voice={"eve": "eve", "ara": "ara"}.get,
        asked=asked,
        **options,
    )


def receive(codec: RealtimeCodec, event: dict[str, Any]) -> Inbound:
    return codec.receive(client_events.decode(json.dumps(event), strict=codec.strict))


def update(codec: RealtimeCodec, session: dict[str, Any]) -> CallConfigured:
    configured = receive(codec, {"type": "session.update", "session": session})
    assert isinstance(configured, CallConfigured)
    return configured


def told(codec: RealtimeCodec, notice: Notice) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in codec.send(notice)]


def kinds(codec: RealtimeCodec, notice: Notice) -> list[str]:
    return [event["type"] for event in told(codec, notice)]


# --- xAI ------------------------------------------------------------------------------------------------------------

MARKS_OF_XAI: dict[str, dict[str, Any]] = {
    "a voice at the top": {"voice": "eve"},
    "a turn detection at the top": {"turn_detection": {"type": "server_vad"}},
    "no turn detection, at the top": {"turn_detection": None},
    "its transcription model": {"audio": {"input": {"transcription": {"model": "grok-transcribe"}}}},
    "replacements": {"replace": {"SQL": "sequel"}},
    "resumption": {"resumption": {"enabled": True}},
}


@pytest.mark.parametrize("session", MARKS_OF_XAI.values(), ids=MARKS_OF_XAI.keys())
def test_a_session_that_writes_as_xai_does_is_told_its_events(session: dict[str, Any]) -> None:
    codec = codec_of()
    assert (kinds(codec, WRITTEN), codec.wants_pings) == (["response.output_text.delta"], False)
    update(codec, session)
    assert kinds(codec, WRITTEN) == ["response.output_text.delta", "response.text.delta"]
    assert codec.wants_pings


def test_a_connection_that_asked_for_xais_events_is_told_them_from_the_start() -> None:
    assert kinds(codec_of(Asked(xai=True)), WRITTEN) == ["response.output_text.delta", "response.text.delta"]


def test_the_growing_words_are_told_whole_to_who_chose_xais_transcription() -> None:
    codec = codec_of()
    update(codec, {"audio": {"input": {"transcription": {"model": "grok-transcribe"}}}})
    codec.send(notices.TranscriptGrew(ITEM, "Hel"))
    updated = told(codec, notices.TranscriptGrew(ITEM, "lo"))
    assert [(event["type"], event["transcript"]) for event in updated] == [(f"{STEM}.updated", "Hello")]
    assert kinds(codec, notices.TranscriptCompleted(ITEM, "Hello.", 1.0)) == [f"{STEM}.completed"]
    assert told(codec, notices.TranscriptGrew(ITEM, "Next"))[0]["transcript"] == "Next"
    codec.send(notices.AudioCleared())
    assert told(codec, notices.TranscriptGrew(ITEM, "Again"))[0]["transcript"] == "Again"


def test_replacements_are_kept_whole_and_cleared_by_null() -> None:
    codec = codec_of()
    assert update(codec, {"replace": {"SQL": "sequel"}}).command.settings.pronunciations == (("SQL", "sequel"),)
    assert update(codec, {"instructions": "x"}).command.settings.pronunciations == (("SQL", "sequel"),)
    assert update(codec, {"replace": {"Ng": "Ing"}}).command.settings.pronunciations == (("Ng", "Ing"),)
    assert update(codec, {"replace": None}).command.settings.pronunciations == ()
    assert told(codec, notices.SessionUpdated(Settings()))[0]["session"]["replace"] == {}


def test_a_forced_message_is_an_order_to_say_its_words() -> None:
    codec = codec_of()
    item: dict[str, Any] = {"type": "force_message"}
    item |= {"role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]}
    forced = receive(codec, {"type": "conversation.item.create", "item": item, "event_id": "e"})
    assert forced == events.ForceMessageRequested("One moment.", event_id=EventId("e"))
    item = {**item, "content": [{"type": "text", "text": "Wait."}], "interruptible": False, "voice": "ara", "id": "i"}
    forced = receive(codec, {"type": "conversation.item.create", "item": item})
    assert forced == events.ForceMessageRequested("Wait.", interruptible=False, voice="ara", item_id=ItemId("i"))


def test_a_client_that_resumes_is_told_what_was_said_once() -> None:
    codec = codec_of(replay=SAID)
    opened = update(codec, {"instructions": "x"})
    assert kinds(codec, notices.SessionUpdated(opened.command.settings)) == ["session.updated"]
    resumed = update(codec, {"resumption": {"enabled": True}})
    events_told = told(codec, notices.SessionUpdated(resumed.command.settings))
    assert [event["type"] for event in events_told] == ["session.updated", *["conversation.item.created"] * 2]
    assert [event["previous_item_id"] for event in events_told[1:]] == [None, "item_8"]
    assert kinds(codec, notices.SessionUpdated(resumed.command.settings)) == ["session.updated"]


def test_a_ping_has_the_time() -> None:
    ping = json.loads(codec_of().ping(1_700_000_000_123))
    assert (ping["type"], ping["timestamp"]) == ("ping", 1_700_000_000_123)


# --- strictness -----------------------------------------------------------------------------------------------------

UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "a field of an event": ({"type": "response.cancel", "colour": 1}, "colour"),
    "a field of a response": ({"type": "response.create", "response": {"colour": 1}}, "response.colour"),
    "a field of an item's content": (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x", "colour": 1}]},
        },
        "item.content[0].colour",
    ),
    "a field of the session": ({"type": "session.update", "session": {"colour": 1}}, "session.colour"),
    "a field deep in the session": (
        {"type": "session.update", "session": {"audio": {"input": {"turn_detection": {"type": "server_vad", "x": 1}}}}},
        "session.audio.input.turn_detection.x",
    ),
    "a field that the client spelled its own way": (
        {"type": "session.update", "session": {"turn_detection": {"type": "server_vad", "x": 1}}},
        "session.turn_detection.x",
    ),
}


@pytest.mark.parametrize(("event", "param"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_unknown_fields_are_errors_for_strict_sessions_alone(event: dict[str, Any], param: str) -> None:
    receive(codec_of(), event)
    with pytest.raises(WireError) as refused:
        receive(codec_of(Asked(strict=True)), {**event, "event_id": "mine"})
    assert (refused.value.code, refused.value.param) == ("unknown_parameter", param)
    assert refused.value.event_id == "mine"


def test_a_strict_session_takes_its_own_echo_back() -> None:
    codec = codec_of(Asked(strict=True))
    session = told(codec, notices.SessionOpened(Settings()))[0]["session"]
    assert update(codec, session).command.settings == codec.configuration.command.settings


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_of_the_intent_only_transcribes() -> None:
    codec = codec_of(Asked(transcription=True))
    assert codec.configuration.command.settings.only_transcribes
    created = told(codec, notices.SessionOpened(Settings()))[0]
    STRICT.validate_python(created)
    assert (created["session"]["type"], created["session"]["object"]) == (
        "transcription",
        "realtime.transcription_session",
    )
    assert created["session"].keys() == {"id", "object", "type", "audio", "include"}
    assert kinds(codec, notices.TranscriptGrew(ITEM, "Hel")) == [f"{STEM}.delta"]


def test_a_session_becomes_one_that_only_transcribes_by_its_type() -> None:
    codec = codec_of()
    session = {"type": "transcription", "audio": {"input": {"transcription": {"keywords": ["Nuri"]}}}}
    settings = update(codec, session).command.settings
    assert (settings.only_transcribes, settings.keyterms) == (True, ("Nuri",))


def test_the_variables_of_a_prompt_stand_in_the_instructions() -> None:
    prompt = {"id": "pmpt_1", "variables": {"name": "Ada", "city": {"type": "input_text", "text": "Turin"}}}
    instructions = "Greet {{name}} of {{ city }}, not {{nobody}}."
    codec = codec_of()
    settings = update(codec, {"instructions": instructions, "prompt": prompt}).command.settings
    assert settings.instructions == "Greet Ada of Turin, not {{nobody}}."
    assert told(codec, notices.SessionUpdated(Settings()))[0]["session"]["instructions"] == instructions


def test_the_variables_of_a_prompt_stand_in_the_greeting_too() -> None:
    own = {"greeting": "Good day, {{name}} of {{nobody}}."}
    asked = {"prompt": {"id": "pmpt_1", "variables": {"name": "Ada"}}, "instructions": "Greet.", "vivavoce": own}
    assert update(codec_of(), asked).command.settings.greeting == "Good day, Ada of {{nobody}}."


def test_an_update_is_echoed_as_it_was_when_it_took_effect() -> None:
    codec = codec_of()
    first = update(codec, {"instructions": "One."}).command.settings
    second = update(codec, {"instructions": "Two."}).command.settings
    echoes = [told(codec, notices.SessionUpdated(settings))[0]["session"] for settings in (first, second)]
    assert [echo["instructions"] for echo in echoes] == ["One.", "Two."]


def test_a_session_given_with_the_plan_is_in_force_from_the_start() -> None:
    codec = codec_of(session={"type": "realtime", "instructions": "Sing.", "audio": {"output": {"voice": "ara"}}})
    assert codec.configuration.command.settings.instructions == "Sing."
    assert told(codec, notices.SessionOpened(Settings()))[0]["session"]["audio"]["output"]["voice"] == "ara"


MEANT: dict[str, tuple[dict[str, Any], str, Any]] = {
    "an idle time": (
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000}}}},
        "turn_detection",
        ServerVad(idle_timeout_ms=6000),
    ),
    "a truncation that is off": ({"truncation": "disabled"}, "truncation", Truncation(TruncationKind.DISABLED)),
    "a truncation by ratio": (
        {
            "truncation": {
                "type": "retention_ratio",
                "retention_ratio": 0.5,
                "token_limits": {"post_instructions": 2000},
            }
        },
        "truncation",
        Truncation(TruncationKind.RETENTION_RATIO, 0.5, 2000),
    ),
    "a temperature": ({"temperature": 0.6}, "temperature", 0.6),
    "a language with its land": (
        {"audio": {"input": {"transcription": {"language_hint": "pt-BR"}}}},
        "language",
        "pt",
    ),
    "the first of several languages": (
        {"audio": {"input": {"transcription": {"languages": ["fr", "en"]}}}},
        "language",
        "fr",
    ),
    "terms that the caller may use": (
        {"audio": {"input": {"transcription": {"keyterms": ["Acme"]}}}},
        "keyterms",
        ("Acme",),
    ),
    "text alone": ({"output_modalities": ["text"]}, "modality", Modality.TEXT),
}


@pytest.mark.parametrize(("session", "field", "value"), MEANT.values(), ids=MEANT.keys())
def test_a_field_of_the_session_reaches_the_conversation(session: dict[str, Any], field: str, value: Any) -> None:
    codec = codec_of()
    assert getattr(update(codec, session).command.settings, field) == value
    STRICT.validate_python(told(codec, notices.SessionUpdated(Settings()))[0])


# --- items and replies ----------------------------------------------------------------------------------------------


def test_sound_in_an_item_comes_with_it() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AQI="}]}
    created = receive(codec_of(), {"type": "conversation.item.create", "item": item})
    assert isinstance(created, ItemWithSound)
    assert created.audio == b"\x01\x02"
    assert isinstance(created.command.item, Message)
    assert created.command.item.parts == (Part(PartKind.INPUT_AUDIO, None),)


def test_an_item_that_is_asked_for_has_its_sound() -> None:
    item = Message(ITEM, Role.USER, (Part(PartKind.INPUT_AUDIO, "Hello?"),))
    retrieved = told(codec_of(), notices.ItemRetrieved(item, b"\x01\x02"))[0]
    assert retrieved["item"]["content"] == [{"type": "input_audio", "transcript": "Hello?", "audio": "AQI="}]
    STRICT.validate_python(retrieved)


def test_a_reply_beside_the_conversation_is_asked_for_with_its_own_input() -> None:
    words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Sum up."}]}
    wanted = {"conversation": "none", "input": [{"type": "item_reference", "id": "item_7"}, words]}
    asked = receive(codec_of(), {"type": "response.create", "response": wanted})
    assert isinstance(asked, events.ResponseRequested)
    assert not asked.options.in_conversation
    assert asked.options.input is not None
    reference, message = asked.options.input
    assert (reference, getattr(message, "text", None)) == (ItemReference(ItemId("item_7")), "Sum up.")


def test_a_reply_beside_the_conversation_leaves_no_items_in_it() -> None:
    codec = codec_of()
    snapshot = ReplySnapshot(REPLY, Modality.TEXT, "eve", None, (("topic", "sum"),), in_conversation=False)
    created = told(codec, notices.ReplyCreated(snapshot))[0]["response"]
    assert (created["conversation_id"], created["metadata"]) == (None, {"topic": "sum"})
    message = Message(ITEM, Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Hi."),))
    added = notices.ReplyMessageAdded(REPLY, 0, message, message.parts[0], None, in_conversation=False)
    done = notices.ReplyMessageDone(REPLY, 0, message, None, in_conversation=False)
    call = notices.ReplyCalledFunction(REPLY, 1, SAID[1], None, in_conversation=False)
    found = [kind for notice in (added, done, call) for kind in kinds(codec, notice)]
    assert found
    assert not [kind for kind in found if kind.startswith("conversation.")]


def test_what_a_role_says_is_shown_with_the_content_types_of_ga() -> None:
    for role, shown in {"system": "input_text", "user": "input_text", "assistant": "output_text"}.items():
        for kind in ("input_text", "output_text", "text"):
            item = {"type": "message", "role": role, "content": [{"type": kind, "text": "x"}]}
            created = receive(codec_of(), {"type": "conversation.item.create", "item": item})
            assert isinstance(created, events.ItemCreateRequested)
            assert isinstance(created.item, Message)
            assert created.item.parts[0].kind == shown
            STRICT.validate_python(told(codec_of(), notices.ItemAdded(created.item, None))[0])


CHOICES: dict[str, tuple[Any, Any]] = {
    "a mode": ("required", "required"),
    "a function by its bare name": ("clock", {"type": "function", "name": "clock"}),
    "a function": ({"type": "function", "name": "clock"}, {"type": "function", "name": "clock"}),
    "a nested function": ({"type": "function", "function": {"name": "clock"}}, {"type": "function", "name": "clock"}),
}


@pytest.mark.parametrize(("written", "shown"), CHOICES.values(), ids=CHOICES.keys())
def test_a_choice_of_tools_is_shown_as_ga_does(written: Any, shown: Any) -> None:
    codec = codec_of()
    clock = {"type": "function", "name": "clock"}
    settings = update(codec, {"tools": [clock], "tool_choice": written}).command.settings
    assert settings.tool_choice == ("required" if written == "required" else "clock")
    updated = told(codec, notices.SessionUpdated(Settings()))[0]
    assert updated["session"]["tool_choice"] == shown
    STRICT.validate_python(updated)
