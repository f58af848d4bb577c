"""One call through the shell, with scripted engines and virtual time."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.sessions.scripted_calls import PCM, RATE_HZ, OpenCall, opened_call, scripted_engines
from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplyOptions
from vivavoce.conversation.settings import Modality, SemanticTurnDetection, ServerVad, Settings
from vivavoce.engines.ports import ToolCall
from vivavoce.engines.scripted.ears import ScriptedTurnDetector
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.sessions.journal import Journal, JournalError, replay
from vivavoce.sessions.session import CALLER_LEFT
from vivavoce.sessions.transcript import TranscriptBuilder, TranscriptEntry

pytestmark = pytest.mark.looptime


@pytest.fixture
def open_call() -> OpenCall:
    return opened_call


async def test_a_spoken_question_is_answered_in_spoken_words(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        done = await call.outlet.until(notices.ReplyDone)
    assert [notice.text for notice in call.outlet.told(notices.TranscriptCompleted)] == ["what time is it"]
    assert done.reply.ended is EndReason.COMPLETED
    message = done.reply.output[0]
    assert isinstance(message, Message)
    assert message.text == "It is noon. The sun is high."
    sent = b"".join(audio for _, _, audio in call.outlet.audio)
    assert np.abs(PCM.decode(sent)).max() > 0.01


async def test_audio_is_sent_no_further_ahead_than_the_lead(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
    first = call.outlet.audio[0][0]
    sent_seconds = 0.0
    for at, _, audio in call.outlet.audio:
        sent_seconds += len(audio) / 2 / RATE_HZ
        assert sent_seconds - (at - first) <= 0.2 + 0.021


async def test_barge_in_stops_the_voice_and_keeps_only_what_was_heard(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until_audio(frames=30)
        await call.speak(0.6)
        done = await call.outlet.until(notices.ReplyDone)
        sent_before = len(call.outlet.audio)
        await call.be_silent(0.2)
        assert len(call.outlet.audio) == sent_before
    assert done.reply.ended is EndReason.TURN_DETECTED
    message = done.reply.output[0]
    assert isinstance(message, Message)
    assert "It is noon. The sun is high.".startswith(message.text)
    assert message.text != "It is noon. The sun is high."
    assert call.model.active == 0


async def test_server_vad_waits_exactly_its_silence(open_call: OpenCall) -> None:
    settings = Settings(turn_detection=ServerVad(silence_duration_ms=700))
    async with open_call(settings) as call:
        await call.speak(1.0)
        spoken = asyncio.get_running_loop().time()
        await call.be_silent(1.0)
        await call.outlet.until(notices.AudioCommitted)
    waited = call.outlet.told_at(notices.AudioCommitted)[0] - spoken
    assert 0.66 <= waited <= 0.74


async def test_a_turn_that_is_surely_over_is_answered_sooner_than_a_doubtful_one(open_call: OpenCall) -> None:
    waited: list[float] = []
    for probability in (0.9, 0.3):
        engines = scripted_engines(turn_detector=ScriptedTurnDetector(probability))
        async with open_call(Settings(turn_detection=SemanticTurnDetection()), engines=engines) as call:
            await call.speak(1.0)
            spoken = asyncio.get_running_loop().time()
            await call.be_silent(2.0)
            waited.append(call.outlet.told_at(notices.AudioCommitted)[0] - spoken)
    assert waited[0] < 0.3 < waited[1] < 0.8


async def test_interim_transcripts_come_while_the_caller_speaks_and_only_grow(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.speak(4.0)
        grown_while_speaking = "".join(notice.delta for notice in call.outlet.told(notices.TranscriptGrew))
        await call.be_silent(1.0)
        await call.outlet.until(notices.TranscriptCompleted)
    assert grown_while_speaking
    assert "".join(notice.delta for notice in call.outlet.told(notices.TranscriptGrew)) == "what time is it"


async def test_marked_turns_are_committed_and_answered_when_asked(open_call: OpenCall) -> None:
    async with open_call(Settings(turn_detection=None)) as call:
        await call.speak(0.06)
        await call.session.receive(events.AudioCommitRequested())
        refused = await call.outlet.until(notices.CommandRefused)
        assert refused.code == "input_audio_buffer_commit_empty"
        await call.speak(1.0)
        await call.session.receive(events.AudioCommitRequested())
        await call.session.receive(events.ResponseRequested())
        await call.outlet.until(notices.AudioCommitted)
        await call.session.receive(events.ResponseRequested())
        await call.outlet.until(notices.ReplyDone)
    assert not call.outlet.told(notices.CallerSpeechStarted)
    assert call.model.requests[-1].messages[-1].text == "what time is it"


async def test_a_typed_question_gets_a_text_answer(open_call: OpenCall) -> None:
    question = Message(ItemId(""), Role.USER, (Part(PartKind.INPUT_TEXT, "What time is it?"),))
    async with open_call() as call:
        await call.session.receive(events.ItemCreateRequested(question))
        await call.session.receive(events.ResponseRequested(ReplyOptions(modality=Modality.TEXT)))
        done = await call.outlet.until(notices.ReplyDone)
    message = done.reply.output[0]
    assert isinstance(message, Message)
    assert message.parts == (Part(PartKind.OUTPUT_TEXT, "It is noon. The sun is high."),)
    assert not call.outlet.audio


async def test_a_tool_call_is_told_and_its_answer_reaches_the_model(open_call: OpenCall) -> None:
    model = ScriptedLanguageModel([["One moment. ", ToolCall("call_1", "clock", "{}")], "It is noon."])
    async with open_call(engines=scripted_engines(language_model=model)) as call:
        await call.ask()
        called = await call.outlet.until(notices.ReplyCalledFunction)
        await call.outlet.until(notices.ReplyDone)
        answer = FunctionCallOutput(ItemId(""), called.item.call_id, "12:00")
        await call.session.receive(events.ItemCreateRequested(answer))
        await call.session.receive(events.ResponseRequested())
        await call.outlet.until(notices.ReplyDone, 2)
    roles = [message.role for message in model.requests[-1].messages]
    assert roles == ["system", "user", "assistant", "assistant", "tool"]


async def test_the_greeting_is_spoken_first(open_call: OpenCall) -> None:
    async with open_call(Settings(greeting="Hello, how can I help?")) as call:
        done = await call.outlet.until(notices.ReplyDone)
    message = done.reply.output[0]
    assert isinstance(message, Message)
    assert message.text == "Hello, how can I help?"
    assert call.outlet.audio


async def test_a_call_that_ends_in_the_middle_of_everything_leaves_nothing_behind(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until_audio()
        await call.speak(0.5)
    assert call.model.active == 0
    assert call.model.released


async def test_the_journal_of_a_call_replays_to_the_same_orders(open_call: OpenCall, tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    async with open_call(Settings(greeting="Hello."), journal=Journal(path)) as call:
        await call.outlet.until(notices.ReplyDone)
        await call.ask(2.0)
        await call.outlet.until_audio(frames=40)
        await call.speak(0.6)
        await call.be_silent(1.0)
        await call.outlet.until(notices.ReplyDone, 3)
    assert len(path.read_bytes().splitlines()) > 20
    assert path.stat().st_mode & 0o077 == 0
    assert replay(path) is None


@dataclass(slots=True)
class Recorded:
    """A recorder that keeps a transcript and every notice."""

    builder: TranscriptBuilder = field(default_factory=TranscriptBuilder)
    entries: list[TranscriptEntry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def note(self, notice: Notice) -> None:
        self.notices.append(notice)
        if (entry := self.builder.note(notice)) is not None:
            self.entries.append(entry)


async def test_the_last_turn_is_answered_with_a_goodbye_and_ends_the_call(open_call: OpenCall) -> None:
    async with open_call(Settings(instructions="Be brief.", max_turns=1)) as call:
        await call.ask()
        ended = await call.outlet.until(notices.CallEnded)
        assert call.session.end_reason == "max_turns"
        heard_until = call.outlet.audio[0][0] + sum(len(audio) for _, _, audio in call.outlet.audio) / 2 / RATE_HZ
        assert asyncio.get_running_loop().time() >= heard_until
    assert ended.reason == "max_turns"
    assert call.outlet.notices[-1][1] == ended
    assert "goodbye" in call.model.requests[-1].messages[-1].text
    assert call.outlet.told(notices.ReplyDone)[-1].reply.ended is EndReason.COMPLETED


async def test_a_call_that_the_server_closes_tells_the_client_why(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until_audio()
        call.session.close_call("expired")
        call.session.close_call("agent_deleted")
        assert call.outlet.notices[-1][1] == notices.CallEnded("expired")
    assert call.session.end_reason == "expired"
    assert call.model.active == 0


async def test_a_call_whose_client_hung_up_has_no_reason_and_tells_only_the_recorder(open_call: OpenCall) -> None:
    recorded = Recorded()
    async with open_call(recorder=recorded) as call:
        await call.ask()
        await call.outlet.until_audio(frames=30)
        told_before = len(call.outlet.notices)
    assert call.session.end_reason is None
    assert len(call.outlet.notices) == told_before
    assert recorded.notices[-1] == notices.CallEnded(CALLER_LEFT)


async def test_a_transport_can_end_a_call_for_a_reason_that_the_recorder_is_told(open_call: OpenCall) -> None:
    recorded = Recorded()
    async with open_call(recorder=recorded) as call:
        call.session.end("client_too_slow")
        call.session.end("another")
        call.session.close_call("expired")
    assert call.session.end_reason == "client_too_slow"
    assert recorded.notices[-1] == notices.CallEnded("client_too_slow")


async def test_the_transcript_of_a_call_holds_what_was_heard_until_the_caller_hung_up(open_call: OpenCall) -> None:
    recorded = Recorded()
    async with open_call(recorder=recorded) as call:
        await call.ask()
        await call.outlet.until_audio(frames=30)
    question, answer = recorded.entries
    assert (question.role, question.content) == ("user", "what time is it")
    assert question.audio_start_ms is not None
    assert question.audio_end_ms is not None
    assert 0 <= question.audio_start_ms < question.audio_end_ms <= 2000
    assert answer.role == "assistant"
    assert answer.interrupted
    assert "It is noon. The sun is high.".startswith(answer.content)
    assert answer.content != "It is noon. The sun is high."
    assert answer.generated_text == "It is noon. The sun is high."


async def test_what_was_said_in_an_earlier_call_is_in_the_prompt(open_call: OpenCall) -> None:
    past = (
        Message(ItemId("msg_1"), Role.USER, (Part(PartKind.INPUT_TEXT, "I am Ada."),)),
        Message(ItemId("msg_2"), Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Hello, Ada."),)),
    )
    async with open_call(history=past) as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
    assert [message.text for message in call.model.requests[-1].messages] == [
        "Be brief.",
        "I am Ada.",
        "Hello, Ada.",
        "what time is it",
    ]
    assert [notice.previous_item_id for notice in call.outlet.told(notices.AudioCommitted)] == [None]


async def test_the_journal_of_a_call_with_a_past_that_ends_itself_replays(open_call: OpenCall, tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    past = (Message(ItemId("msg_1"), Role.USER, (Part(PartKind.INPUT_TEXT, "I am Ada."),)),)
    async with open_call(Settings(max_turns=1), journal=Journal(path), history=past) as call:
        await call.ask()
        await call.outlet.until(notices.CallEnded)
    assert replay(path) is None
    assert path.read_bytes().count(b"EndCall") == 1
    assert path.read_bytes().count(b"CallEndRequested") == 0


async def test_a_journal_that_is_older_than_a_setting_replays(open_call: OpenCall, tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    async with open_call(Settings(greeting="Hello."), journal=Journal(path)) as call:
        await call.session.receive(events.SessionConfigured(Settings(greeting="Hello.", voice="ara")))
        await call.outlet.until(notices.ReplyDone)
    written = path.read_text()
    assert written.count('"max_turns":null') >= 4
    path.write_text(written.replace(',"max_turns":null', ""))
    assert replay(path) is None


async def test_a_journal_says_what_was_generated_once_and_replays_like_those_of_older_versions(
    open_call: OpenCall, tmp_path: Path
) -> None:
    path = tmp_path / "call.jsonl"
    async with open_call(journal=Journal(path)) as call:
        await call.ask()
        await call.outlet.until_audio(frames=30)
        await call.session.receive(events.ResponseCancelRequested(None))
        done = await call.outlet.until(notices.ReplyMessageDone)
    assert done.generated_text == "It is noon. The sun is high."
    assert "ReplyMessageDone" in path.read_text()
    assert "generated_text" not in path.read_text()
    assert replay(path) is None


async def test_the_directory_finds_the_calls_that_are_alive_and_drains_them(open_call: OpenCall) -> None:
    directory = SessionDirectory(maximum_sessions=2)
    async with open_call() as call:
        async with directory.holding(call.session):
            assert directory.get("sess_test01") is call.session
            assert list(directory) == [call.session]
            assert directory.session_ids() == ("sess_test01",)
            draining = asyncio.create_task(directory.drain(patience_seconds=3))
            ended = await call.outlet.until(notices.CallEnded)
        await draining
        assert ended.reason == call.session.end_reason == "shutdown"
        assert directory.get("sess_test01") is None
        assert list(directory) == []


async def test_a_session_that_is_held_twice_writes_one_journal_that_replays(
    open_call: OpenCall, tmp_path: Path
) -> None:
    path = tmp_path / "call.jsonl"
    for greeting in ("Hello.", "Hello again."):
        async with open_call(Settings(greeting=greeting), journal=Journal(path)) as call:
            await call.outlet.until(notices.ReplyDone)
    assert path.read_bytes().count(b'"journal"') == 2
    assert replay(path) is None
    path.write_text(path.read_text().replace('"text":"Hello again."', '"text":"Hello."'))
    assert replay(path) is not None


def test_a_file_without_a_first_line_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text('{"at":1.0,"event":{"$":"CallerJoined"},"orders":[]}\n')
    with pytest.raises(JournalError, match="no journal of version 1"):
        replay(path)


async def test_a_reply_beside_the_conversation_is_sent_while_the_agent_speaks(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until_audio(frames=10)
        await call.session.receive(events.ResponseRequested(ReplyOptions(in_conversation=False)))
        done = await call.outlet.until(notices.ReplyDone, 2)
    first, second = call.outlet.told(notices.ReplyDone)
    assert {first.reply.ended, second.reply.ended} == {EndReason.COMPLETED}
    assert done.reply.audio_ms > 0
    voices = [reply_id for _, reply_id, _ in call.outlet.audio]
    turns = sum(one != other for one, other in pairwise(voices))
    assert (len(set(voices)), turns > 2) == (2, True), "the two were not sent side by side"


async def test_a_reply_beside_the_conversation_stops_when_its_client_cancels_it(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.session.receive(events.ResponseRequested(ReplyOptions(in_conversation=False)))
        created = await call.outlet.until(notices.ReplyCreated)
        await call.outlet.until_audio(frames=10)
        await call.session.receive(events.ResponseCancelRequested(created.reply.reply_id))
        done = await call.outlet.until(notices.ReplyDone)
        sent = len(call.outlet.audio)
        await call.be_silent(0.3)
        assert len(call.outlet.audio) == sent
    assert done.reply.ended is EndReason.CLIENT_CANCELLED
    assert call.model.active == 0


async def test_what_the_caller_said_can_be_retrieved_as_sound(open_call: OpenCall) -> None:
    async with open_call() as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
        committed = await call.outlet.until(notices.AudioCommitted)
        await call.session.receive(events.ItemRetrieveRequested(committed.item_id))
        retrieved = await call.outlet.until(notices.ItemRetrieved)
    assert retrieved.audio is not None
    assert len(retrieved.audio) / 2 / RATE_HZ > 1.0
    assert np.abs(PCM.decode(retrieved.audio)).max() > 0.05


async def test_everything_that_the_caller_said_can_be_retrieved_at_once_and_comes_in_the_order_of_asking(
    open_call: OpenCall,
) -> None:
    async with open_call() as call:
        for turn in (1, 2, 3):
            await call.ask(seconds=turn)
            await call.outlet.until(notices.ReplyDone, turn)
        committed = [notice.item_id for notice in call.outlet.told(notices.AudioCommitted)]
        for item_id in reversed(committed):
            await call.session.receive(events.ItemRetrieveRequested(item_id))
        await call.outlet.until(notices.ItemRetrieved, 3)
    retrieved = call.outlet.told(notices.ItemRetrieved)
    assert [notice.item.item_id for notice in retrieved] == committed[::-1]
    sizes = [len(notice.audio or b"") for notice in retrieved]
    assert [int(size / 2 / RATE_HZ) for size in sizes] == [3, 2, 1]


async def test_a_call_goes_on_without_sound_of_its_items_where_there_is_no_room_for_it(
    open_call: OpenCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    async with open_call() as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
        committed = await call.outlet.until(notices.AudioCommitted)
        await call.session.receive(events.ItemRetrieveRequested(committed.item_id))
        retrieved = await call.outlet.until(notices.ItemRetrieved)
        await call.ask()
        await call.outlet.until(notices.ReplyDone, 2)
    assert retrieved.item.item_id == committed.item_id
    assert retrieved.audio is None


async def test_sound_that_comes_with_an_item_is_written_down(open_call: OpenCall) -> None:
    sound = PCM.encode(np.random.default_rng(7).uniform(-0.5, 0.5, RATE_HZ).astype(np.float32))
    item = Message(ItemId("mine"), Role.USER, (Part(PartKind.INPUT_AUDIO, None),))
    async with open_call() as call:
        await call.session.receive_item(events.ItemCreateRequested(item), sound)
        done = await call.outlet.until(notices.ItemDone)
        await call.session.receive(events.ItemRetrieveRequested(ItemId("mine")))
        retrieved = await call.outlet.until(notices.ItemRetrieved)
        await call.session.receive_item(events.ItemCreateRequested(item), sound)
        await call.outlet.until(notices.CommandRefused)
    assert isinstance(done.item, Message)
    assert done.item.text == "what time is it"
    assert retrieved.audio is not None
    assert abs(len(retrieved.audio) - len(sound)) < RATE_HZ // 50
