"""What is told only to whom it concerns: what is played, what the caller may still ask, how sure the words are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import EventId, ItemId, ReplyId
from vivavoce.conversation.items import Part, PartKind
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.conversation.settings import Modality, Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import Inbound, RealtimeCodec
from vivavoce.dialects.realtime.server_events import RateLimit

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
ITEM, REPLY = ItemId("item_1"), ReplyId("resp_1")
SNAPSHOT = ReplySnapshot(REPLY, Modality.AUDIO, "eve", None, None)
SPEAKS = notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_AUDIO, None), "Hello")
WRITES = notices.ReplyTextGrew(REPLY, ITEM, 0, Part(PartKind.OUTPUT_TEXT, None), "Hello")
LIMIT = RateLimit("requests", 600, 598, 0.2)
FOLLOWING = {"vivavoce": {"output_audio_buffer": True}}


def codec(
    session: dict[str, Any] | None = None, *, asked: Asked = NOTHING_ASKED, limits: Sequence[RateLimit] | None = None
) -> RealtimeCodec:
    return RealtimeCodec(
        session_id="s",
        conversation_id="c",
        model="m",
        settings=Settings(),
        resolve_voice=lambda name: name,
        asked=asked,
        session=session,
        rate_limits=None if limits is None else lambda: limits,
    )


def told(to: RealtimeCodec, *told_of: Notice) -> list[dict[str, Any]]:
    return [json.loads(frame) for notice in told_of for frame in to.send(notice)]


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in found]


def done(reason: EndReason) -> Notice:
    return notices.ReplyDone(replace(SNAPSHOT, ended=reason))


def receive(by: RealtimeCodec, event: dict[str, Any]) -> Inbound:
    return by.receive(client_events.decode(json.dumps(event)))


# --- what is played -------------------------------------------------------------------------------------------------

ENDINGS = [
    pytest.param(EndReason.COMPLETED, "stopped", id="a reply that was spoken to its end has stopped"),
    pytest.param(EndReason.MAX_OUTPUT_TOKENS, "stopped", id="a reply that was cut at its token limit has stopped"),
    pytest.param(EndReason.TURN_DETECTED, "cleared", id="a reply that the caller interrupted was cleared"),
    pytest.param(EndReason.CLIENT_CANCELLED, "cleared", id="a reply that the client cancelled was cleared"),
    pytest.param(EndReason.FAILED, "cleared", id="a reply that failed was cleared"),
]


@pytest.mark.parametrize(("reason", "last"), ENDINGS)
def test_a_client_that_asked_follows_what_is_played(reason: EndReason, last: str) -> None:
    found = told(codec(FOLLOWING), notices.ReplyCreated(SNAPSHOT), SPEAKS, SPEAKS, done(reason))
    assert kinds(found) == [
        "response.created",
        "output_audio_buffer.started",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.delta",
        "response.done",
        f"output_audio_buffer.{last}",
    ]
    for event in found:
        STRICT.validate_python(event)
    assert {event["response_id"] for event in found if event["type"].startswith("output_audio")} == {REPLY}


QUIET = [
    pytest.param(FOLLOWING, (WRITES, done(EndReason.COMPLETED)), id="nothing is played of a written reply"),
    pytest.param(FOLLOWING, (done(EndReason.CLIENT_CANCELLED),), id="nothing is cleared before it was started"),
    pytest.param(None, (SPEAKS, done(EndReason.COMPLETED)), id="who asked for nothing follows nothing"),
    pytest.param({"vivavoce": {"timings": True}}, (SPEAKS,), id="who asked for something else follows nothing"),
]


@pytest.mark.parametrize(("session", "happened"), QUIET)
def test_what_is_played_is_told_to_nobody_else(session: dict[str, Any] | None, happened: tuple[Notice, ...]) -> None:
    assert not [kind for kind in kinds(told(codec(session), *happened)) if kind.startswith("output_audio_buffer")]


def test_clearing_the_buffer_cuts_the_reply_that_is_heard() -> None:
    playing = codec()
    told(playing, SPEAKS)
    command = receive(playing, {"type": "output_audio_buffer.clear", "event_id": "e"})
    assert isinstance(command, events.ResponseCancelRequested)
    assert command.reply_id == REPLY


@pytest.mark.parametrize(
    "happened", [(), (WRITES,), (SPEAKS, done(EndReason.COMPLETED))], ids=["nothing said", "only written", "all heard"]
)
def test_clearing_a_buffer_that_is_empty_is_no_error_and_cancels_nothing(happened: tuple[Notice, ...]) -> None:
    silent = codec()
    told(silent, *happened)
    command = receive(silent, {"type": "output_audio_buffer.clear", "event_id": "e"})
    assert isinstance(command, events.ResponseCancelRequested)
    assert command.reply_id != REPLY
    assert told(silent, notices.CommandRefused("response_cancel_not_active", "no", event_id=command.event_id)) == []


def test_a_cancel_of_nothing_is_still_an_error() -> None:
    refused = notices.CommandRefused("response_cancel_not_active", "no", event_id=EventId("e"))
    assert kinds(told(codec(), refused)) == ["error"]


# --- what the caller may still ask ----------------------------------------------------------------------------------


def test_the_limits_are_told_behind_the_beginning_of_every_reply() -> None:
    found = told(codec(limits=[LIMIT]), notices.ReplyCreated(SNAPSHOT))
    assert kinds(found) == ["response.created", "rate_limits.updated"]
    assert found[1]["rate_limits"] == [{"name": "requests", "limit": 600, "remaining": 598, "reset_seconds": 0.2}]
    STRICT.validate_python(found[1])


UNTOLD = [
    pytest.param(NOTHING_ASKED, None, id="where nobody counts"),
    pytest.param(NOTHING_ASKED, (), id="where there is no limit"),
    pytest.param(Asked(xai=True), (LIMIT,), id="to xAI's clients, whose protocol has no such event"),
]


@pytest.mark.parametrize(("asked", "limits"), UNTOLD)
def test_no_limits_are_told(asked: Asked, limits: Sequence[RateLimit] | None) -> None:
    assert kinds(told(codec(asked=asked, limits=limits), notices.ReplyCreated(SNAPSHOT))) == ["response.created"]


# --- how sure the words are -----------------------------------------------------------------------------------------

INCLUDE = ["item.input_audio_transcription.logprobs"]
TRANSCRIBED = (notices.TranscriptGrew(ITEM, "Hel"), notices.TranscriptCompleted(ITEM, "Hello.", 1.0))


def test_who_asked_for_logprobs_is_told_that_the_engines_give_none() -> None:
    asked = codec({"include": INCLUDE, "audio": {"input": {"transcription": {}}}})
    for event in told(asked, *TRANSCRIBED):
        STRICT.validate_python(event)
        assert event["logprobs"] is None
    (failed,) = told(asked, notices.TranscriptFailed(ITEM, "no"))
    assert "logprobs" not in failed


def test_nobody_else_is_told_of_logprobs() -> None:
    assert not any(
        "logprobs" in each for each in told(codec({"audio": {"input": {"transcription": {}}}}), *TRANSCRIBED)
    )
