"""What `vivavoce talk` makes of the server's events, and when it thinks that the server still owes something."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.cli.talk_happenings import (
    STAGES as EVERY_STAGE,
)
from vivavoce.cli.talk_happenings import (
    AgentAnswered,
    AgentSaid,
    AgentVoiced,
    CallerBegan,
    CallerEnded,
    CallerHeard,
    CallOpened,
    Happening,
    ServerComplained,
    ToolRequested,
    TurnTimed,
    as_json_object,
)
from vivavoce.cli.talk_listening import _HANDLERS, OUR_NOTES, Listener

Event = dict[str, Any]
TRANSCRIPTION = "conversation.item.input_audio_transcription"
STAGES = dict.fromkeys(EVERY_STAGE) | {
    "speech_end": 0,
    "soft_end": 80,
    "endpoint": 300,
    "transcript": 350,
    "first_token": 500,
    "first_sentence": 600,
    "first_speech": 780,
}


def _event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": "event_1", **fields}


STARTED = _event("input_audio_buffer.speech_started", item_id="i1", audio_start_ms=0)
STOPPED = _event("input_audio_buffer.speech_stopped", item_id="i1", audio_end_ms=9)
COMMITTED = _event("input_audio_buffer.committed", item_id="i1")
CREATED = _event("response.created", response={"id": "r1", "status": "in_progress"})
DONE = _event("response.done", response={"id": "r1", "status": "completed"})
TIMED = _event("vivavoce.turn.timings", response_id="r1", item_id="i2", stages=STAGES | {"first_audio": 800.5})
COMPLETE = TIMED | {"complete": True, "stages": TIMED["stages"] | {"interrupted": 1200}}


def _words(text: str) -> Event:
    return _event("response.output_audio_transcript.delta", response_id="r1", item_id="i2", delta=text)


def _heard(text: str) -> Event:
    return _event(f"{TRANSCRIPTION}.completed", item_id="i1", transcript=text)


def _session(kind: str, turn_detection: object) -> Event:
    return _event(kind, session={"id": "s1", "audio": {"input": {"turn_detection": turn_detection}}})


def _after(*events: Event) -> Listener:
    listener = Listener()
    for moment, event in enumerate(events):
        listener.handle(event, float(moment))
    return listener


def _told(*events: Event) -> list[Happening]:
    listener = Listener()
    return [happening for event in events for happening in listener.handle(event, 0.0)]


@pytest.mark.parametrize(
    ("events", "happenings"),
    [
        pytest.param(
            [_event("session.created", session={"id": "s1", "audio": {"output": {"voice": "eve"}}})],
            [CallOpened("s1", "eve")],
            id="a session that opens",
        ),
        pytest.param([_event("session.created", session={"id": "s1"})], [CallOpened("s1", None)], id="a bare session"),
        pytest.param([STARTED, STOPPED, COMMITTED], [CallerBegan("i1"), CallerEnded("i1")], id="a turn of the caller"),
        pytest.param(
            [
                _event(f"{TRANSCRIPTION}.delta", item_id="i1", delta="hello"),
                _event(f"{TRANSCRIPTION}.delta", item_id="i1", delta=" the"),
                _heard(" Hello there. "),
            ],
            [
                CallerHeard("i1", "hello", final=False),
                CallerHeard("i1", "hello the", final=False),
                CallerHeard("i1", "Hello there.", final=True),
            ],
            id="the caller's words grow and are then final",
        ),
        pytest.param(
            [CREATED, _words("Hi"), _words(" you."), DONE],
            [AgentSaid("r1", "Hi"), AgentSaid("r1", " you."), AgentAnswered("r1", "Hi you.", "completed", 0)],
            id="the agent's words as they come and whole at the end",
        ),
        pytest.param(
            [CREATED, _event("response.output_text.delta", response_id="r1", item_id="i2", delta="Hi"), DONE],
            [AgentSaid("r1", "Hi"), AgentAnswered("r1", "Hi", "completed", 0)],
            id="written words count like spoken ones",
        ),
        pytest.param(
            [
                CREATED,
                _event(
                    "response.output_audio.delta",
                    response_id="r1",
                    item_id="i2",
                    delta=base64.b64encode(bytes(4800)).decode(),
                ),
                DONE,
            ],
            [AgentVoiced("i2", bytes(4800)), AgentAnswered("r1", "", "completed", 100)],
            id="the agent's voice and how long it was",
        ),
        pytest.param(
            [CREATED, TIMED, _words("Hi."), DONE],
            [
                AgentSaid("r1", "Hi."),
                AgentAnswered("r1", "Hi.", "completed", 0),
                TurnTimed("r1", STAGES | {"first_audio": 800.5}),
            ],
            id="timings wait for the end of their answer",
        ),
        pytest.param(
            [CREATED, TIMED, _words("Hi."), COMPLETE, DONE],
            [
                AgentSaid("r1", "Hi."),
                AgentAnswered("r1", "Hi.", "completed", 0),
                TurnTimed("r1", STAGES | {"first_audio": 800.5, "interrupted": 1200}),
            ],
            id="timings that come twice are told once, as they are in the end",
        ),
        pytest.param(
            [CREATED, DONE, TIMED],
            [AgentAnswered("r1", "", "completed", 0), TurnTimed("r1", STAGES | {"first_audio": 800.5})],
            id="timings that come late are told at once",
        ),
        pytest.param(
            [_event("vivavoce.turn.timings", response_id=None, stages={"endpoint": 5})],
            [TurnTimed(None, dict.fromkeys(EVERY_STAGE) | {"endpoint": 5})],
            id="stages that did not happen are none",
        ),
        pytest.param(
            [_event("response.function_call_arguments.done", name="look_up", arguments="{}")],
            [ToolRequested("look_up", "{}")],
            id="a function that nobody can run",
        ),
        pytest.param(
            [_event("error", error={"type": "x", "code": "bad", "message": "No.", "param": "session"})],
            [ServerComplained("bad", "No.", "session")],
            id="an error",
        ),
        pytest.param(
            [_event("error", error={"code": "bad", "message": "No.", "event_id": f"{OUR_NOTES}3"})],
            [],
            id="an error about a mere note is of no interest",
        ),
        pytest.param(
            [
                CREATED,
                _event(
                    "response.done",
                    response={
                        "id": "r1",
                        "status": "failed",
                        "status_details": {"error": {"code": "oom", "message": "No memory."}},
                    },
                ),
            ],
            [AgentAnswered("r1", "", "failed", 0), ServerComplained("oom", "No memory.", None)],
            id="an answer that failed says why",
        ),
        pytest.param(
            [_event("response.output_audio.delta", response_id="r1", item_id="i2", delta="%%%")],
            [ServerComplained("bad_audio", "the server sent audio that is not 16-bit PCM in base64", None)],
            id="audio that is none",
        ),
        pytest.param(
            [_event("response.output_audio.delta", response_id="r1", item_id="i2", delta="AAAA")],
            [ServerComplained("bad_audio", "the server sent audio that is not 16-bit PCM in base64", None)],
            id="half a sample",
        ),
        pytest.param([_event("rate_limits.updated", rate_limits=[])], [], id="what only matters to programs"),
    ],
)
def test_what_the_events_tell(events: list[Event], happenings: list[Happening]) -> None:
    assert _told(*events) == happenings


@pytest.mark.parametrize(
    ("events", "owes"),
    [
        pytest.param([], False, id="nothing at the beginning"),
        pytest.param([STARTED], True, id="the end of the turn, while the caller speaks"),
        pytest.param([STARTED, STOPPED], True, id="an answer, once the caller has stopped"),
        pytest.param([STARTED, STOPPED, COMMITTED], True, id="an answer, once the turn is taken"),
        pytest.param([STARTED, STOPPED, COMMITTED, CREATED], True, id="the rest of an answer that began"),
        pytest.param([STARTED, STOPPED, COMMITTED, CREATED, DONE], False, id="nothing after the answer"),
        pytest.param([STARTED, STOPPED, COMMITTED, _heard("")], False, id="nothing where nothing was said"),
        pytest.param([STARTED, STOPPED, COMMITTED, _heard("hello")], True, id="an answer where something was said"),
        pytest.param([STARTED, STOPPED, COMMITTED, STARTED, _heard("")], True, id="the turn that has begun since"),
        pytest.param([CREATED], True, id="the rest of a greeting"),
        pytest.param([CREATED, STARTED, DONE], True, id="a turn that cut an answer off"),
        pytest.param(
            [CREATED, _event("response.done", response={"id": "r0"})], True, id="an answer other than that done"
        ),
    ],
)
def test_what_the_server_owes(events: list[Event], owes: bool) -> None:
    assert _after(*events).server_owes_nothing is not owes


def test_an_answer_that_was_asked_for_is_owed() -> None:
    listener = Listener()
    listener.expect_answer()
    assert not listener.server_owes_nothing


@pytest.mark.parametrize(
    ("turn_detection", "by_hand", "by_itself", "gives_way"),
    [
        pytest.param(None, True, False, True, id="without turn detection the client does everything"),
        pytest.param({"type": "semantic_vad"}, False, True, True, id="by default the server does everything"),
        pytest.param({"type": "server_vad", "create_response": False}, False, False, True, id="answers on request"),
        pytest.param(
            {"type": "server_vad", "interrupt_response": False}, False, True, False, id="an agent that talks on"
        ),
    ],
)
def test_how_turns_are_taken_is_read_from_the_session(
    turn_detection: object, by_hand: bool, by_itself: bool, gives_way: bool
) -> None:
    session = _after(_session("session.created", {"type": "x"}), _session("session.updated", turn_detection)).session
    assert (session.opened, session.configured) == (True, True)
    assert (session.turns_by_hand, session.answers_by_itself, session.gives_way) == (by_hand, by_itself, gives_way)


def test_a_call_with_an_error_has_failed_and_one_with_a_note_has_not() -> None:
    assert _after(_event("error", error={"code": "x", "message": "y"})).failed
    assert not _after(_event("error", error={"code": "x", "event_id": f"{OUR_NOTES}1"})).failed


def test_time_stands_still_for_events_that_change_nothing() -> None:
    assert _after(STARTED, _event("rate_limits.updated")).last_change_at == 0.0


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELD_NAMES = ["item_id", "delta", "response", "response_id", "session", "error", "transcript", "stages"]


@given(st.sampled_from(sorted(_HANDLERS)), st.dictionaries(st.sampled_from(FIELD_NAMES), JUNK, max_size=6))
def test_no_event_of_a_strange_server_breaks_the_call(kind: str, fields: dict[str, Any]) -> None:
    for happening in _told({**fields, "type": kind}):
        if not isinstance(happening, AgentVoiced):
            assert as_json_object(happening, 7)["at_ms"] == 7


def test_a_happening_as_json_says_what_and_when_and_holds_its_fields() -> None:
    assert as_json_object(CallerHeard("i1", "hello", final=True), 1200) == {
        "type": "caller.heard",
        "at_ms": 1200,
        "item_id": "i1",
        "text": "hello",
        "final": True,
    }
