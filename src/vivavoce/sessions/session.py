"""One call: the conversation with its ears and its voice.

Facts come in through `submit`, one at a time; the conversation answers with orders; each order is performed on the
spot by starting or stopping work. Owned by the transport that carries the call, run by `runner.run_call`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from vivavoce.conversation import notices, orders
from vivavoce.conversation.events import (
    INTERRUPTING_EVENTS,
    OVERLAP_EVENTS,
    AudioCommitRequested,
    CallEndRequested,
    CallerJoined,
    ClientCommand,
    ConversationResumed,
    DeadlineReached,
    Event,
    HistoryRestored,
    ItemCreateRequested,
    PlaybackAcknowledged,
    PlaybackProgressed,
)
from vivavoce.conversation.items import Item
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order
from vivavoce.conversation.settings import Settings
from vivavoce.engines.ports import AffinityKey
from vivavoce.media.wire_formats import WireFormat
from vivavoce.sessions.foresight import Foresight
from vivavoce.sessions.hearing import Hearing
from vivavoce.sessions.journal import Journal
from vivavoce.sessions.ports import CallTap, Engines, Outlet, Recorder
from vivavoce.sessions.speaking import Speaking
from vivavoce.sessions.tool_running import ToolRunning
from vivavoce.tools.ports import Toolbox

CALLER_LEFT = "caller_left"
"""The reason told to the recorder when no other is known."""


class Session:
    """Lives from the client's joining to `run`'s end.

    `history`: what was said in earlier calls of the same thread. `resumed`: the items of this very conversation, whose
    connection broke; give it an `id_prefix` that it has not had. `end_reason`: why the call ended, for instance
    `max_turns` or what `close_call` was given; None while it lives, and when the client hung up. `toolbox`: what runs
    its tools, closed with it; without one, a session that names sources of tools is told that they cannot be had.
    `tap`: takes in the sound of both sides, for a recording.
    """

    def __init__(
        self,
        session_id: str,
        settings: Settings,
        engines: Engines,
        outlet: Outlet,
        input_format: WireFormat,
        output_format: WireFormat,
        journal: Journal | None = None,
        history: Sequence[Item] = (),
        recorder: Recorder | None = None,
        id_prefix: str | None = None,
        resumed: Sequence[Item] = (),
        *,
        toolbox: Toolbox | None = None,
        tap: CallTap | None = None,
    ) -> None:
        self.session_id = session_id
        self.end_reason: str | None = None
        prefix = id_prefix or session_id.rpartition("_")[2][-12:]
        self._conversation = Conversation(settings, prefix)
        self._outlet = outlet
        self._recorder = recorder
        self._opening = _opening(history, resumed)
        self._journal = journal
        self._hearing = Hearing(
            engines,
            input_format,
            settings,
            self.submit,
            self._spawn,
            listens_closely=lambda: self._conversation.listens_closely,
            tap=tap,
        )
        self._tools = ToolRunning(toolbox, session_id, self.submit, self._spawn)
        self._speaking = Speaking(
            engines,
            AffinityKey(session_id),
            output_format,
            outlet,
            self.submit,
            self._spawn,
            self._hearing.cleaning,
            Foresight(self._tools.open_source),
            tap,
        )
        self._facts: deque[tuple[Event, float]] = deque()
        self._handling = False
        self._tasks: asyncio.TaskGroup | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        if journal is not None:
            journal.begin(settings, prefix)

    # --- from the transport -----------------------------------------------------------------------------------------

    async def receive_audio(self, audio: bytes) -> None:
        """Audio of the caller in the input format; waits while the ears are behind."""
        await self._hearing.intake.receive(audio)

    def take_audio(self, audio: bytes) -> bool:
        """`receive_audio` at once; False where that would have to wait, and nothing has been taken."""
        return self._hearing.intake.take(audio)

    async def receive(self, command: ClientCommand) -> None:
        """A command of the client; it takes effect after the audio and the commands sent before it."""
        await self._hearing.intake.after_audio(lambda: self.submit(self._measured(command)))

    async def receive_item(self, command: ItemCreateRequested, audio: bytes) -> None:
        """An item with the sound of its one audio part without text, in the call's input format, to be transcribed."""

        samples = await self._hearing.heard(audio)
        recordings = self._hearing.item_audio

        def submit() -> None:
            number = recordings.offer(samples)
            self.submit(replace(command, recording=number))

        await self._hearing.intake.after_audio(submit)

    async def set_up_audio(self, input_format: WireFormat, output_format: WireFormat) -> None:
        """New formats: of the caller's audio from here on, of the agent's from the next reply on."""
        await self._hearing.set_up(input_format)
        self._speaking.output_format = output_format

    def end(self, reason: str | None = None) -> None:
        """The client has gone, or cannot be served any more: everything of this call stops; it is told nothing."""
        if not self._ended.is_set():
            self.end_reason = reason
            self._ended.set()

    def close_call(self, reason: str) -> None:
        """End the call by the server's own wish; the client is told why. Harmless if it has ended."""
        if not self._ended.is_set():
            self.submit(CallEndRequested(reason))

    def begin_journal(self, journal: Journal) -> None:
        """Keep a journal from here on. It begins with the items as they are, as one that is resumed does."""
        self._journal = journal
        journal.begin(self._conversation.settings, self._conversation.id_prefix)
        now = asyncio.get_running_loop().time()
        for fact in _opening(self._conversation.history.past, self._conversation.history.items):
            journal.write(now, fact, ())
        self._spawn(journal.run(), "journal")

    # --- the shell --------------------------------------------------------------------------------------------------

    async def run(self, reading: Coroutine[Any, Any, None]) -> None:
        """Hold the call until `end`, or until `reading`, the transport's loop that feeds it, returns.

        Whatever the call started has stopped when this returns. A defect anywhere in the call is raised.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._spawn(self._hearing.run(), "hearing")
                if self._hearing.tap is not None:
                    self._spawn(self._hearing.tap.run(), "recording")
                if self._journal is not None:
                    self._spawn(self._journal.run(), "journal")
                for fact in self._opening:
                    self.submit(fact)
                self._spawn(reading, "reading").add_done_callback(lambda _: self.end())
                await self._ended.wait()
                if not self._conversation.ended:
                    self.submit(CallEndRequested(self.end_reason or CALLER_LEFT))
                raise _CallEndedError
        except* _CallEndedError:
            pass
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._speaking.end()
            if self._journal is not None:
                self._journal.close()
            await self._tools.close()

    def submit(self, event: Event, not_before: float = 0.0) -> None:
        """Take in one fact and perform what follows from it. Never waits; may be called from within.

        `not_before`: loop seconds that the fact happened at, if the clock has not got there (timers are rounded).
        """
        if isinstance(event, OVERLAP_EVENTS) and self._conversation.active_reply_id is None:
            return
        if isinstance(event, PlaybackAcknowledged):
            event = self._speaking.acknowledge(event)
        if isinstance(event, INTERRUPTING_EVENTS) and (reply_id := self._conversation.active_reply_id) is not None:
            self._facts.append((PlaybackProgressed(reply_id, self._speaking.played_ms(reply_id)), not_before))
        self._facts.append((event, not_before))
        if self._handling:
            return
        self._handling = True
        try:
            while self._facts:
                self._handle(*self._facts.popleft())
        finally:
            self._handling = False
        self._set_timer()

    def _handle(self, event: Event, not_before: float) -> None:
        now = max(asyncio.get_running_loop().time(), not_before)
        ordered = self._conversation.handle(event, now)
        if self._journal is not None:
            self._journal.write(now, event, ordered)
        for order in ordered:
            self._perform(order)
        if isinstance(event, ItemCreateRequested) and event.recording is not None:
            self._hearing.item_audio.withdraw(event.recording)

    def _perform(self, order: Order) -> None:
        match order:
            case orders.Tell(notice=notice):
                self._tell(notice)
            case orders.ApplySettings(settings=settings):
                self._hearing.configure(settings)
            case orders.EndCall(reason=reason):
                self.end(reason)
            case (
                orders.OpenTurn()
                | orders.TakeBuffer()
                | orders.TakeRecording()
                | orders.AssessTurn()
                | orders.TranscribeTurn()
                | orders.CloseTurn()
                | orders.DiscardTurn()
                | orders.ClearInput()
            ):
                self._hearing.perform(order)
            case orders.OpenTools() | orders.RunTool() | orders.CancelTool() | orders.SearchAhead():
                self._tools.perform(order)
            case _:
                self._speaking.perform(order)

    def _tell(self, notice: Notice) -> None:
        if self._recorder is not None:
            self._recorder.note(notice)
        if self._ended.is_set():
            return
        match notice:
            case notices.ItemDeleted(item_id=item_id):
                self._hearing.item_audio.forget(item_id)
            case notices.ItemRetrieved(item=item):
                if self._hearing.item_audio.has(item.item_id):
                    self._spawn(self._tell_with_sound(notice), f"sound of {item.item_id}")
                    return
            case _:
                pass
        self._outlet.tell(notice)

    async def _tell_with_sound(self, notice: notices.ItemRetrieved) -> None:
        encoded = await self._hearing.sound_of(notice.item.item_id)
        if not self._ended.is_set():
            self._outlet.tell(replace(notice, audio=encoded))

    def _measured(self, command: ClientCommand) -> ClientCommand:
        if isinstance(command, AudioCommitRequested):
            self._hearing.catch_up()
            return replace(command, buffered_ms=self._hearing.buffered_ms)
        return command

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self._conversation.next_deadline
        if at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._reach_deadline, at)

    def _reach_deadline(self, at: float) -> None:
        async def submit() -> None:
            self.submit(DeadlineReached(self._hearing.heard_ms), at)

        # as a task of the call, so that a defect ends the call instead of going unseen in the event loop
        self._spawn(submit(), "deadline")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        assert self._tasks is not None, "a call starts work only while it runs"
        return self._tasks.create_task(work, name=f"{name} of {self.session_id}")


def _opening(history: Sequence[Item], resumed: Sequence[Item]) -> tuple[Event, ...]:
    facts: list[Event] = []
    if history:
        facts.append(HistoryRestored(tuple(history)))
    if resumed:
        facts.append(ConversationResumed(tuple(resumed)))
    return (*facts, CallerJoined())


class _CallEndedError(Exception):
    """Ends the call's TaskGroup, and with it every task of the call."""
