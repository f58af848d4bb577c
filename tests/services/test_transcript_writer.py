"""Keeping what is said in calls, also while the database does not answer for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.notices import ItemDone, ReplyDone, ReplyMessageDone, TurnTimed
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.conversation.settings import Modality
from vivavoce.services import transcripts
from vivavoce.services.sessions import SessionService
from vivavoce.services.transcripts import TranscriptWriter
from vivavoce.store.errors import StoreError, StoreUnavailableError, UnknownRecordError
from vivavoce.store.keeping import Kept as Keeping
from vivavoce.store.records import (
    FIRST_ORGANISATION,
    MessageRecord,
    NewMessage,
    OrganisationId,
    SessionDetails,
    SessionRecord,
    ThreadRecord,
    TurnTiming,
)
from vivavoce.store.threads import StoredThreads
from vivavoce.store.turns import StoredTurns

AT = datetime(2026, 11, 21, tzinfo=UTC)
SESSION = SessionRecord(
    "sess_1", 1, FIRST_ORGANISATION, None, "thr_1", SessionStatus.ACTIVE, "realtime", "web",
    SessionDetails(), AT, AT, None, AT, AT, None,
)  # fmt: skip
THREAD = ThreadRecord("thr_1", 1, FIRST_ORGANISATION, None, None, None, "active", {}, 0, AT, AT)


@dataclass
class Kept:
    """Threads and webhooks that remember; both fail as often as they are told to."""

    fails: list[Exception] = field(default_factory=list)
    announcing_fails: list[Exception] = field(default_factory=list)
    messages: dict[str, NewMessage] = field(default_factory=dict)
    announced: list[str] = field(default_factory=list)
    turns: list[tuple[str, TurnTiming]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    refused: str | None = None

    async def add_all(self, turns: Sequence[tuple[OrganisationId, str, TurnTiming]]) -> None:
        if self.fails:
            raise self.fails.pop(0)
        if any(session_id in self.deleted for _, session_id, _ in turns):
            raise StoreError("a session was deleted")
        assert all(organisation_id == FIRST_ORGANISATION for organisation_id, _, _ in turns)
        self.turns += [(session_id, timing) for _, session_id, timing in turns]

    async def keep_all(self, said: Sequence[tuple[ThreadRecord, NewMessage]]) -> Sequence[Keeping]:
        if self.fails:
            raise self.fails.pop(0)
        if any(new.content == self.refused for _, new in said):
            raise StoreError("this cannot be stored")
        self.batches.append(len(said))
        return [self._kept(thread, new) for thread, new in said]

    def _kept(self, thread: ThreadRecord, new: NewMessage) -> Keeping:
        if thread.thread_id in self.deleted:
            return UnknownRecordError("thread", thread.thread_id)
        newly = str(new.client_id) not in self.messages
        self.messages[str(new.client_id)] = new
        return MessageRecord("msg_1", 1, FIRST_ORGANISATION, thread.thread_id, new, AT), newly

    async def announce_message(self, message: MessageRecord) -> None:
        if self.announcing_fails:
            raise self.announcing_fails.pop(0)
        self.announced.append(message.message.content)

    def said(self) -> list[str]:
        return [each.content for each in self.messages.values()]


def _typed(number: int, words: str) -> ItemDone:
    item = Message(ItemId(f"item_{number}"), Role.USER, (Part(PartKind.INPUT_TEXT, words),))
    return ItemDone(item, None)


@asynccontextmanager
async def _writing(kept: Kept) -> AsyncGenerator[TranscriptWriter]:
    writer = TranscriptWriter(cast(StoredThreads, kept), cast(StoredTurns, kept), cast(SessionService, kept))
    running = asyncio.create_task(writer.run())
    yield writer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.looptime
async def test_everything_noted_before_a_flush_is_kept_and_told_when_it_returns() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        for number, words in enumerate(("one", "two", "three")):
            recorder.note(_typed(number, words))
        await recorder.flush()
        assert kept.said() == kept.announced == ["one", "two", "three"]
        assert kept.messages["item_0"].session_id == "sess_1"


@pytest.mark.looptime
async def test_a_database_that_does_not_answer_for_a_while_loses_nothing() -> None:
    kept = Kept(fails=[StoreUnavailableError("locked")] * 3)
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        recorder.note(_typed(1, "one"))
        recorder.note(_typed(2, "two"))
        await recorder.flush()
        assert kept.said() == kept.announced == ["one", "two"]


@pytest.mark.looptime
async def test_webhooks_that_could_not_be_told_at_first_are_told_once() -> None:
    kept = Kept(announcing_fails=[StoreUnavailableError("locked")] * 2)
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        recorder.note(_typed(1, "one"))
        await recorder.flush()
        assert kept.announced == ["one"]


@pytest.mark.looptime
async def test_what_the_database_refuses_is_given_up_and_what_is_written_with_it_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(refused="two")
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        for number, words in enumerate(("one", "two", "three")):
            recorder.note(_typed(number, words))
        await recorder.flush()
        assert kept.said() == kept.announced == ["one", "three"]
    assert "could not be kept" in caplog.text
    assert "two" not in caplog.text


@pytest.mark.looptime
async def test_what_is_said_in_a_thread_that_is_gone_loses_no_word_of_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(deleted={"thr_gone"})
    async with _writing(kept) as writer:
        writer.recorder(SESSION, replace(THREAD, thread_id="thr_gone"), AT).note(_typed(1, "one"))
        other = writer.recorder(SESSION, THREAD, AT)
        other.note(_typed(2, "two"))
        await other.flush()
        assert kept.said() == kept.announced == ["two"]
    assert "could not be kept" in caplog.text


@pytest.mark.looptime
async def test_a_word_alone_is_written_at_once_and_what_follows_soon_goes_together() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        recorder.note(_typed(0, "one"))
        await asyncio.sleep(transcripts.SPACING_SECONDS / 100)
        assert kept.announced == ["one"]
        for number in range(1, 4):
            recorder.note(_typed(number, "more"))
            await asyncio.sleep(transcripts.SPACING_SECONDS / 10)
        assert kept.batches == [1]
        await asyncio.sleep(transcripts.SPACING_SECONDS)
        assert kept.batches == [1, 3]


@pytest.mark.looptime
async def test_a_call_that_ends_does_not_wait_for_what_others_may_say() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder, clock = writer.recorder(SESSION, THREAD, AT), asyncio.get_running_loop()
        for number in range(3):
            began = clock.time()
            recorder.note(_typed(number, "word"))
            await recorder.flush()
            assert clock.time() == began
    assert kept.batches == [1, 1, 1]


@pytest.mark.looptime
async def test_a_transaction_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "BATCH_MAXIMUM", 4)
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        for number in range(10):
            recorder.note(_typed(number, "word"))
        await recorder.flush()
    assert kept.batches == [4, 4, 2]


@pytest.mark.looptime
async def test_a_database_that_is_gone_does_not_hold_the_end_of_a_call_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(fails=[StoreUnavailableError("gone")] * 1_000)
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        for number in range(100):
            recorder.note(_typed(number, "word"))
        started = asyncio.get_running_loop().time()
        await recorder.flush()
        assert asyncio.get_running_loop().time() - started == transcripts.FLUSH_SECONDS
    assert "not written yet" in caplog.text


@pytest.mark.looptime
async def test_a_full_queue_loses_words_but_no_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transcripts, "QUEUE_LENGTH_MAXIMUM", 2)
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        for number, words in enumerate(("one", "two", "three")):
            recorder.note(_typed(number, words))
        await recorder.flush()
        assert kept.said() == ["one", "two"]
    assert "incomplete" in caplog.text


@pytest.mark.looptime
async def test_words_that_no_database_keeps_are_kept_without_what_it_cannot_hold() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        recorder.note(_typed(1, "a\0b"))
        await recorder.flush()
        assert kept.said() == ["a\N{REPLACEMENT CHARACTER}b"]


@pytest.mark.looptime
async def test_what_was_generated_is_kept_beside_what_was_heard_of_it() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        heard = Message(ItemId("item_3"), Role.ASSISTANT, (Part(PartKind.OUTPUT_AUDIO, "One two"),))
        reply = ReplySnapshot(ReplyId("resp_1"), Modality.AUDIO, "eve", None, None, ended=EndReason.TURN_DETECTED)
        recorder.note(ReplyMessageDone(reply.reply_id, 0, heard, None, generated_text="One two three\0."))
        recorder.note(ReplyDone(reply))
        recorder.note(_typed(4, "Stop!"))
        await recorder.flush()
    assert [(each.content, each.generated_text) for each in kept.messages.values()] == [
        ("One two", "One two three\N{REPLACEMENT CHARACTER}."),
        ("Stop!", None),
    ]


# --- the times of turns ---------------------------------------------------------------------------------------------

TIMED = TurnTimed(ReplyId("resp_1"), ItemId("item_2"), 900, 70, 210, "words", 205, 240, 400, 430, 440)


@pytest.mark.looptime
async def test_a_turn_is_kept_once_when_its_answer_is_over_and_where_it_lies_in_the_session() -> None:
    kept = Kept()
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT + timedelta(minutes=1))
        recorder.note(TIMED)
        recorder.note(replace(TIMED, heard_ms=1380, complete=True))
        await recorder.flush()
    ((session_id, timing),) = kept.turns
    assert session_id == "sess_1"
    assert (timing.response_id, timing.audio_end_ms, timing.heard_ms) == ("resp_1", 60_900, 1380)
    assert kept.messages == {}


@pytest.mark.looptime
async def test_a_turn_waits_for_the_database_and_is_given_up_when_it_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(fails=[StoreUnavailableError("locked"), StoreUnavailableError("locked")])
    async with _writing(kept) as writer:
        recorder = writer.recorder(SESSION, THREAD, AT)
        recorder.note(replace(TIMED, complete=True))
        await recorder.flush()
        assert len(kept.turns) == 1
        kept.deleted.add("sess_1")
        recorder.note(replace(TIMED, complete=True))
        recorder.note(_typed(1, "one"))
        await recorder.flush()
        assert (len(kept.turns), kept.said()) == (1, ["one"])
    assert "a turn's times of sess_1 could not be kept" in caplog.text
