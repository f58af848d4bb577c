"""What becomes of a reply: its items, what the client is told of them while they grow, and its end.

A message is opened by the reply's first words and closed with what was heard of it. `Replying` and `Beside` say which
replies there are; this room is the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from vivavoce.conversation import timing
from vivavoce.conversation.call import Call
from vivavoce.conversation.events import (
    PieceEnded,
    PieceQueued,
    PieceStarted,
    PlaybackAcknowledged,
    PlaybackProgressed,
    ReplyEvent,
    ReplyFailed,
    ReplyGenerated,
    ReplySpoken,
    ReplyTextGenerated,
    ReplyToolCalled,
    VoiceBegan,
)
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import FunctionCall, Item, ItemStatus, Message, Part, ServerCall
from vivavoce.conversation.notices import (
    ReplyCalledFunction,
    ReplyDone,
    ReplyMessageAdded,
    ReplyMessageDone,
    ReplyTextGrew,
)
from vivavoce.conversation.orders import CancelReply
from vivavoce.conversation.replies import CUT_SHORT, EndReason, Generated, Reply, ReplyState, ReplyStep
from vivavoce.conversation.settings import Modality
from vivavoce.conversation.tool_calls import ToolCalls


@dataclass(frozen=True, slots=True)
class End:
    """Why a reply is to end now."""

    reason: EndReason
    error: str | None = None


class Delivering:
    """Owned by `Replying`."""

    def __init__(self, call: Call, tools: ToolCalls) -> None:
        self._call = call
        self._tools = tools

    def follow(self, reply: Reply, fact: ReplyEvent) -> End | None:
        """Take in what became of a reply; the end that follows from it."""
        timing.note(reply.marks, fact, self._call.now)
        match fact:
            case ReplyTextGenerated(text=text):
                self._text_generated(reply, text)
            case ReplyToolCalled():
                self._function_called(reply, fact)
            case ReplyGenerated(cut_at_limit=cut_at_limit, usage=usage):
                reply.generated = Generated(cut_at_limit, usage)
                return _completed(reply) if reply.modality is Modality.TEXT else None
            case ReplyFailed(message=message):
                return End(EndReason.FAILED, message)
            case PieceQueued() | VoiceBegan():
                pass
            case PieceStarted():
                self._piece_started(reply, fact)
            case PieceEnded(end_ms=end_ms):
                reply.ledger.end_piece(end_ms)
            case PlaybackProgressed(played_ms=played_ms) | PlaybackAcknowledged(played_ms=played_ms):
                reply.played_ms = played_ms
            case ReplySpoken(end_ms=end_ms):
                reply.spoken_ms = end_ms
                return _completed(reply)
            case _:
                assert_never(fact)
        return None

    def end(self, reply: Reply, end: End) -> None:
        """Stop what is still made of a reply, settle what it leaves behind, and tell its end."""
        if reply.state is not ReplyState.QUEUED and end.reason in CUT_SHORT:
            self._call.order(CancelReply(reply.reply_id))
        reply.step(ReplyStep.END)
        reply.ended = end.reason
        if end.reason is EndReason.TURN_DETECTED:
            reply.marks.interrupted_at = self._call.now
        self._close_message(reply, end.reason)
        self._tell_timed(reply, complete=True)
        self._call.tell(ReplyDone(reply.snapshot(self._output(reply), end.reason, end.error)))

    # --- its items --------------------------------------------------------------------------------------------------

    def _text_generated(self, reply: Reply, text: str) -> None:
        if not text:
            return
        reply.text += text
        self._open_message(reply)
        if reply.modality is Modality.TEXT:
            self._tell_grew(reply, text)

    def _function_called(self, reply: Reply, fact: ReplyToolCalled) -> None:
        if self._tools.take(reply, fact):
            return
        item = FunctionCall(self._call.next_item_id(), fact.call_id, fact.name, fact.arguments)
        previous = reply.items.add(item)
        reply.output.append(item.item_id)
        reply.functions += 1
        output_index, inside = len(reply.output) - 1, reply.options.in_conversation
        self._call.tell(ReplyCalledFunction(reply.reply_id, output_index, item, previous, inside))

    def _piece_started(self, reply: Reply, fact: PieceStarted) -> None:
        self._open_message(reply)
        if reply.state is ReplyState.GENERATING:
            reply.step(ReplyStep.SPEAK)
            self._tell_timed(reply, complete=False)
        self._tell_grew(reply, reply.ledger.begin_piece(fact.text, fact.start_ms))

    def _close_message(self, reply: Reply, reason: EndReason) -> None:
        """Give the message its final text. One that the client has deleted is still told, for whoever reads along."""
        if reply.message_id is None:
            return
        status = ItemStatus.COMPLETED if reason is EndReason.COMPLETED else ItemStatus.INCOMPLETE
        item = reply.message(reply.message_id, self._kept_text(reply, reason), status)
        previous = None
        begun = reply.message(reply.message_id, "", ItemStatus.IN_PROGRESS)
        if item.item_id in reply.items and reply.items.get(item.item_id) == begun:
            reply.items.replace(item)
            previous = reply.items.before(item.item_id)
        output_index, inside = reply.output.index(item.item_id), reply.options.in_conversation
        generated = reply.generated_text
        self._call.tell(ReplyMessageDone(reply.reply_id, output_index, item, previous, inside, generated))

    def _output(self, reply: Reply) -> tuple[Item, ...]:
        found = [reply.items.get(item_id) for item_id in reply.output if item_id in reply.items]
        return tuple(item for item in found if isinstance(item, Message | FunctionCall | ServerCall))

    def _open_message(self, reply: Reply) -> None:
        if reply.message_id is not None:
            return
        reply.message_id = self._message_id(reply)
        item = reply.message(reply.message_id, "", ItemStatus.IN_PROGRESS)
        waited_for = self._tools.ledger.waited_for() if reply.is_filler else None
        if waited_for is not None:  # words for a wait stand before what is waited for: its result is to come last
            previous = reply.items.add_before(item, waited_for.item.item_id)
        else:
            previous = reply.items.add(item)
        output_index, inside = len(reply.output), reply.options.in_conversation
        reply.output.append(item.item_id)
        if reply.modality is Modality.AUDIO and inside:
            self._call.ledgers[item.item_id] = reply.ledger
        part = Part(reply.part_kind, "")
        self._call.tell(ReplyMessageAdded(reply.reply_id, output_index, item, part, previous, inside))

    def _message_id(self, reply: Reply) -> ItemId:
        wanted = reply.wanted_message_id
        return wanted if wanted is not None and not self._call.history.is_taken(wanted) else self._call.next_item_id()

    def _kept_text(self, reply: Reply, reason: EndReason) -> str:
        """What was heard. Nobody keeps account of what is heard of a reply beside the conversation: what was sent."""
        if reply.modality is Modality.TEXT:
            return reply.text
        if reason in CUT_SHORT and reply.options.in_conversation:
            return reply.ledger.text_until(reply.played_ms)
        return reply.ledger.text

    def _tell_grew(self, reply: Reply, delta: str) -> None:
        assert reply.message_id is not None
        output_index = reply.output.index(reply.message_id)
        part = Part(reply.part_kind, None)
        self._call.tell(ReplyTextGrew(reply.reply_id, reply.message_id, output_index, part, delta))

    def _tell_timed(self, reply: Reply, *, complete: bool) -> None:
        if (notice := timing.timed(reply, complete=complete)) is not None:
            self._call.tell(notice)


def _completed(reply: Reply) -> End:
    cut = reply.generated is not None and reply.generated.cut_at_limit
    return End(EndReason.MAX_OUTPUT_TOKENS if cut else EndReason.COMPLETED)
