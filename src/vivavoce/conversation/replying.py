"""The agent's side of the floor: at most one reply at a time, from its request to its end.

A reply asked for while another is under way is refused to a client (exactly as OpenAI's server does), with one
exception: the other has called its tools and is only still being spoken. Then, and when a turn of the caller ends
under a reply that may not be interrupted, the next reply waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.delivering import Delivering
from vivavoce.conversation.ending import Ending
from vivavoce.conversation.events import (
    ForceMessageRequested,
    PieceEnded,
    PieceQueued,
    PieceStarted,
    PlaybackProgressed,
    ReplyEvent,
    ReplyFailed,
    ReplyGenerated,
    ReplySpoken,
    ReplyTextGenerated,
    ReplyToolCalled,
)
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import EventId, ItemId
from vivavoce.conversation.notices import (
    ReplyCreated,
    ReplyDone,
)
from vivavoce.conversation.orders import CancelReply, StartReply
from vivavoce.conversation.replies import (
    CUT_SHORT,
    EndReason,
    Generated,
    Reply,
    ReplyMarks,
    ReplyOptions,
    ReplyState,
    ReplyStep,
)
from vivavoce.conversation.settings import Modality

TRANSCRIPT_PATIENCE_SECONDS = 15.0
"""How long a reply waits for the words that it is to answer before it starts without them."""


@dataclass(frozen=True, slots=True)
class _Request:
    options: ReplyOptions
    marks: ReplyMarks
    script: str | None = None


class Replying:
    """Owned by `Conversation`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._delivering = Delivering(call)
        self._waiting: _Request | None = None
        self._awaited: set[ItemId] = set()
        self.ending = Ending(call)
        self.active: Reply | None = None
        self.caller_has_floor = False

    # --- asking for a reply -----------------------------------------------------------------------------------------

    def request(self, options: ReplyOptions, event_id: EventId | None) -> None:
        """The client asks (`response.create`). An answer that waits for the floor is then no longer wanted."""
        request = _Request(options, ReplyMarks())
        if self.active is None:
            if self.ending.refuses_reply(event_id):
                return
            self._waiting = None
            self._begin(request)
        elif self.active.generated is not None and self.active.called_functions:
            self._waiting = request
        else:
            self._call.refuse(
                "conversation_already_has_active_response",
                f"response '{self.active.reply_id}' is in progress; wait for its response.done or cancel it first",
                event_id,
            )

    def answer(self, options: ReplyOptions, marks: ReplyMarks) -> None:
        """A turn of the caller is to be answered: now, or when the reply under way or the next turn has ended.

        A reply that has not started yet will see the turn's words and so answers it too. A turn that was open already
        when the last answer began gets none.
        """
        if self.ending.closing:
            return
        request = _Request(options, marks)
        if self.active is None and not self.caller_has_floor:
            self._waiting = None
            self._begin(request)
        elif self.active is not None and self.active.state is ReplyState.QUEUED:
            self.active.marks = marks.later(self.active.marks)
        else:
            self._waiting = request

    def force(self, command: ForceMessageRequested) -> None:
        """The client puts words into the agent's mouth."""
        self._call.refuse("not_implemented", "this server cannot say given words yet", command.event_id, "item.type")

    def greet(self, greeting: str) -> None:
        if self.active is None:
            self._begin(_Request(ReplyOptions(), ReplyMarks(), greeting))

    def await_words(self, item_id: ItemId) -> None:
        """Replies wait until this item has its transcript."""
        self._awaited.add(item_id)

    def words_arrived(self, item_id: ItemId) -> None:
        """The transcript is there, or will never be."""
        self._awaited.discard(item_id)
        self.floor_released()

    def floor_released(self) -> None:
        """The caller may have stopped: what waits begins, unless words are still to come."""
        if not self._awaited:
            self.start_waiting()

    def start_waiting(self) -> None:
        """Start what is queued: its words are there, or have been waited for long enough."""
        self._awaited.clear()
        self._call.deadlines.clear(Deadline.TRANSCRIPT)
        if self.active is not None and self.active.state is ReplyState.QUEUED:
            self._start(self.active)
        elif self.active is None and self._waiting is not None and not self.caller_has_floor:
            request, self._waiting = self._waiting, None
            self._begin(request)

    def interrupt(self, reason: EndReason) -> None:
        """Stop the active reply, if there is one; what was heard of it stays."""
        if self.active is not None:
            self._end(self.active, reason)

    def end_call(self, reason: str) -> None:
        """Stop whatever is under way or waits; the call ends with this fact."""
        self.ending.end(reason)
        self.interrupt(EndReason.CLIENT_CANCELLED)

    def handle(self, fact: ReplyEvent) -> None:
        """What became of a reply; late results are dropped here and nowhere else."""
        reply = self.active
        if reply is None or reply.reply_id != fact.reply_id:
            return
        match fact:
            case ReplyTextGenerated(text=text):
                self._delivering.text_generated(reply, text)
            case ReplyToolCalled():
                self._delivering.function_called(reply, fact)
            case ReplyGenerated():
                self._generated(reply, fact)
            case ReplyFailed(message=message):
                self._end(reply, EndReason.FAILED, message)
            case PieceQueued():
                self._piece_queued(reply)
            case PieceStarted():
                self._delivering.piece_started(reply, fact)
            case PieceEnded(end_ms=end_ms):
                reply.ledger.end_piece(end_ms)
            case PlaybackProgressed(played_ms=played_ms):
                reply.played_ms = played_ms
            case ReplySpoken():
                self._complete(reply)
            case _:
                assert_never(fact)

    # --- what became of it ------------------------------------------------------------------------------------------

    def _generated(self, reply: Reply, fact: ReplyGenerated) -> None:
        reply.generated = Generated(fact.cut_at_limit, fact.usage)
        if reply.modality is Modality.TEXT:
            self._complete(reply)

    def _piece_queued(self, reply: Reply) -> None:
        if reply.marks.first_sentence_at is None:
            reply.marks.first_sentence_at = self._call.now

    def _begin(self, request: _Request) -> None:
        settings, options = self._call.settings, request.options
        reply = Reply(
            self._call.ids.next_reply(),
            options,
            options.modality or settings.modality,
            options.voice or settings.voice,
            options.maximum_output_tokens or settings.maximum_output_tokens,
            request.script,
            marks=request.marks,
        )
        self.active = reply
        self.ending.reply_begun()
        self._call.deadlines.clear(Deadline.GREETING)
        self._call.tell(ReplyCreated(reply.snapshot()))
        if self._awaited:
            self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)
        else:
            self._start(reply)

    def _start(self, reply: Reply) -> None:
        reply.step(ReplyStep.START)
        settings, options = self._call.settings, reply.options
        instructions = options.instructions if options.instructions is not None else settings.instructions
        prompt: tuple[PromptMessage, ...] = ()
        if reply.script is None:
            prompt = (*self._call.history.prompt(instructions), *self.ending.reply_started())
        self._call.order(
            StartReply(
                reply.reply_id,
                prompt,
                reply.modality,
                reply.voice,
                settings.speed,
                options.tools if options.tools is not None else settings.tools,
                options.tool_choice or settings.tool_choice,
                reply.maximum_output_tokens,
                reply.script,
            )
        )

    def _complete(self, reply: Reply) -> None:
        cut = reply.generated is not None and reply.generated.cut_at_limit
        self._end(reply, EndReason.MAX_OUTPUT_TOKENS if cut else EndReason.COMPLETED)

    def _end(self, reply: Reply, reason: EndReason, error: str | None = None) -> None:
        if reply.state is not ReplyState.QUEUED and reason in CUT_SHORT:
            self._call.order(CancelReply(reply.reply_id))
        reply.step(ReplyStep.END)
        self.active = None
        self._call.deadlines.clear(Deadline.TRANSCRIPT)
        self._delivering.close_message(reply, reason)
        output = self._delivering.output(reply)
        self._call.tell(ReplyDone(reply.snapshot(output, reason, error)))
        self.ending.reply_ended(reply, reason)
        if self.ending.due:
            return
        if reply.script is not None:
            self._call.warm()  # these words are not the model's own: it has not read them yet
        if self._waiting is not None and not self._awaited:
            self.start_waiting()
