"""What a reply leaves behind: its items in the history, and what the client is told of them while they grow.

A message is opened by the reply's first words and closed with what was heard of it; `Replying` says when.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.events import PieceStarted, ReplyToolCalled
from vivavoce.conversation.items import FunctionCall, Item, ItemStatus, Message, Part
from vivavoce.conversation.notices import (
    ReplyCalledFunction,
    ReplyMessageAdded,
    ReplyMessageDone,
    ReplyTextGrew,
    TurnTimed,
)
from vivavoce.conversation.replies import CUT_SHORT, EndReason, Reply, ReplyState, ReplyStep
from vivavoce.conversation.settings import Modality


class Delivering:
    """Owned by `Replying`."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def text_generated(self, reply: Reply, text: str) -> None:
        if not text:
            return
        if reply.marks.first_token_at is None:
            reply.marks.first_token_at = self._call.now
        reply.text += text
        self._open_message(reply)
        if reply.modality is Modality.TEXT:
            self._tell_grew(reply, text)

    def function_called(self, reply: Reply, fact: ReplyToolCalled) -> None:
        item = FunctionCall(self._call.next_item_id(), fact.call_id, fact.name, fact.arguments)
        previous = self._call.history.add(item)
        reply.output.append(item.item_id)
        self._call.tell(ReplyCalledFunction(reply.reply_id, len(reply.output) - 1, item, previous))

    def piece_started(self, reply: Reply, fact: PieceStarted) -> None:
        self._open_message(reply)
        if reply.state is ReplyState.GENERATING:
            reply.step(ReplyStep.SPEAK)
            self._tell_timed(reply)
        self._tell_grew(reply, reply.ledger.begin_piece(fact.text, fact.start_ms))

    def close_message(self, reply: Reply, reason: EndReason) -> None:
        """Give the message its final text. One that the client has deleted is still told, for whoever reads along."""
        if reply.message_id is None:
            return
        status = ItemStatus.COMPLETED if reason is EndReason.COMPLETED else ItemStatus.INCOMPLETE
        item = reply.message(reply.message_id, self._kept_text(reply, reason), status)
        history, previous = self._call.history, None
        begun = reply.message(reply.message_id, "", ItemStatus.IN_PROGRESS)
        if item.item_id in history and history.get(item.item_id) == begun:
            history.replace(item)
            previous = history.before(item.item_id)
        output_index = reply.output.index(item.item_id)
        self._call.tell(ReplyMessageDone(reply.reply_id, output_index, item, previous))

    def output(self, reply: Reply) -> tuple[Item, ...]:
        history = self._call.history
        found = [history.get(item_id) for item_id in reply.output if item_id in history]
        return tuple(item for item in found if isinstance(item, Message | FunctionCall))

    def _open_message(self, reply: Reply) -> None:
        if reply.message_id is not None:
            return
        reply.message_id = self._call.next_item_id()
        item = reply.message(reply.message_id, "", ItemStatus.IN_PROGRESS)
        previous = self._call.history.add(item)
        output_index = len(reply.output)
        reply.output.append(item.item_id)
        if reply.modality is Modality.AUDIO:
            self._call.ledgers[item.item_id] = reply.ledger
        self._call.tell(
            ReplyMessageAdded(reply.reply_id, output_index, item, Part(reply.part_kind, ""), previous),
        )

    def _kept_text(self, reply: Reply, reason: EndReason) -> str:
        if reply.modality is Modality.TEXT:
            return reply.text
        if reason in CUT_SHORT:
            return reply.ledger.text_until(reply.played_ms)
        return reply.ledger.text

    def _tell_grew(self, reply: Reply, delta: str) -> None:
        assert reply.message_id is not None
        output_index = reply.output.index(reply.message_id)
        part = Part(reply.part_kind, None)
        self._call.tell(ReplyTextGrew(reply.reply_id, reply.message_id, output_index, part, delta))

    def _tell_timed(self, reply: Reply) -> None:
        turn, item_id = reply.marks.turn, reply.marks.turn_item_id
        if turn is None or item_id is None:
            return

        def since(at: float | None) -> int | None:
            return None if at is None else round((at - turn.spoken_until) * 1000)

        self._call.tell(
            TurnTimed(
                reply.reply_id,
                item_id,
                round((turn.ended_at - turn.spoken_until) * 1000),
                since(turn.transcribed_at),
                since(reply.marks.first_token_at),
                since(reply.marks.first_sentence_at),
                since(self._call.now),
            )
        )
