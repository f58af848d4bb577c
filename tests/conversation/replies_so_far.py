"""The agent's side of a conversation as its orders tell it: one reply at a time, from its creation to its end.

Imported by the state machine over the core; lives as long as one run of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event, ReplyEvent
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.items import Message, PartKind
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import Modality

STOPPED = {EndReason.TURN_DETECTED, EndReason.CLIENT_CANCELLED, EndReason.FAILED}


@dataclass
class RepliedSoFar:
    """What was ordered and told of one reply."""

    modality: Modality
    beside: bool = False
    started: bool = False
    cancelled: bool = False
    gated: bool = False
    opened: bool = False
    ducked: bool = False
    held: bool = False
    timed: bool = False
    timed_at_end: bool = False
    written: bool = False
    cut_at_limit: bool = False
    calls: int = 0
    message: Message | None = None
    closed: Message | None = None
    pieces: list[tuple[str, int]] = field(default_factory=list)
    played_ms: int = 0

    @property
    def is_speaking(self) -> bool:
        return self.pieces != []

    @property
    def may_be_told(self) -> bool:
        """Nothing of an answer that was begun early is told before it is known to be wanted."""
        return self.opened or not self.gated

    def heard_at_most(self, position_ms: int) -> str:
        """Nobody has heard a piece of text before its first sound."""
        return " ".join(text for text, start_ms in self.pieces if start_ms <= position_ms)


class RepliesSoFar:
    """All replies of one run, and which of them is under way."""

    def __init__(self) -> None:
        self.all: dict[ReplyId, RepliedSoFar] = {}
        self.active_id: ReplyId | None = None
        self.last: RepliedSoFar | None = None
        self._last_but_one: RepliedSoFar | None = None
        self.beside: dict[ReplyId, RepliedSoFar] = {}
        self.behind: dict[ReplyId, RepliedSoFar] = {}
        self._started: set[ReplyId] = set()

    @property
    def active(self) -> RepliedSoFar | None:
        return self.all[self.active_id] if self.active_id is not None else None

    @property
    def one_waits(self) -> bool:
        """True while a reply is created, but waits for words."""
        return self.active is not None and not self.active.started

    @property
    def tools_were_called(self) -> bool:
        """True while the reply under way has called its tools and is only being spoken."""
        return self.active is not None and self.active.written and self.active.calls > 0

    @property
    def last_called_functions(self) -> bool:
        """True if the newest reply has called functions: then another may go on with the same answer."""
        return self.last is not None and self.last.calls > 0

    def is_late(self, event: Event) -> bool:
        return isinstance(event, ReplyEvent) and event.reply_id not in (self.active_id, *self.beside)

    def foresee(self, event: Event) -> None:
        if isinstance(event, events.ItemTruncateRequested):
            for reply in self.all.values():
                if reply.message is not None and reply.message.item_id == event.item_id:
                    reply.played_ms = event.audio_end_ms
        if not isinstance(event, ReplyEvent):
            return
        if isinstance(event, events.ReplyFailed):
            self.behind.pop(event.reply_id, None)
        if self.is_late(event) and event.reply_id not in self.behind:
            return
        reply = self.behind.get(event.reply_id) or self.all[event.reply_id]
        match event:
            case events.PieceStarted(text=text, start_ms=start_ms):
                reply.pieces.append((text, start_ms))
            case events.PlaybackProgressed(played_ms=played_ms):
                reply.played_ms = played_ms
            case events.ReplyGenerated(cut_at_limit=cut_at_limit):
                reply.written, reply.cut_at_limit = True, cut_at_limit
            case _:
                pass

    def obey(self, order: Order) -> None:
        match order:
            case orders.StartReply():
                self._start(order)
            case orders.CancelReply(reply_id=reply_id) if reply_id in self.behind:
                del self.behind[reply_id]
            case orders.CancelReply(reply_id=reply_id):
                assert reply_id in (self.active_id, *self.beside), "only the reply under way can be cancelled"
                assert self.all[reply_id].started, "nothing has started that could be cancelled"
                assert not self.all[reply_id].cancelled, "cancelled twice"
                self.all[reply_id].cancelled = True
            case orders.OpenGate(reply_id=reply_id):
                assert reply_id == self.active_id, "the gate of a reply that is not under way"
                assert self.all[reply_id].gated, "there is no gate"
                assert not self.all[reply_id].opened, "a gate opens once"
                self.all[reply_id].opened = True
            case orders.DuckReply(reply_id=reply_id) | orders.HoldReply(reply_id=reply_id):
                self._soften(self.all[reply_id], reply_id, held=isinstance(order, orders.HoldReply))
            case orders.ResumeReply(reply_id=reply_id):
                assert reply_id == self.active_id, "resumed, and is not under way"
                assert self.all[reply_id].ducked, "nothing to resume"
                self.all[reply_id].ducked = self.all[reply_id].held = False
            case _:
                pass

    def _start(self, order: orders.StartReply) -> None:
        assert order.reply_id not in self._started, "a reply starts once"
        self._started.add(order.reply_id)
        if order.gated:
            assert self.active_id is None, "an answer begun over the agent's own voice"
            assert self.behind == {}, "two answers begun at once"
            self.behind[order.reply_id] = RepliedSoFar(order.modality, started=True, gated=True)
            return
        assert order.beside == (order.reply_id in self.beside)
        assert order.beside or order.reply_id == self.active_id, "only the reply under way starts"
        assert not self.all[order.reply_id].started, "a reply starts once"
        self.all[order.reply_id].started = True
        if order.script is not None:
            self.last = self._last_but_one  # given words are no part of an answer

    def _soften(self, reply: RepliedSoFar, reply_id: ReplyId, *, held: bool) -> None:
        assert reply_id == self.active_id, "softened, and is not under way"
        assert reply.is_speaking, "softened before its first sound"
        assert not reply.held, "held already"
        assert reply.ducked or not held, "held before it was ducked"
        reply.ducked, reply.held = True, held

    def look_back(self, *, tentative: bool, suspected: bool) -> None:
        """Everything that followed from a fact is there."""
        reply = self.active
        if reply is None:
            return
        assert reply.may_be_told, "a reply that is told, and behind its gate"
        assert not reply.held or tentative, "held for nothing"
        assert not reply.ducked or tentative or suspected, "ducked for nothing"

    def read(self, notice: Notice) -> None:
        match notice:
            case notices.ReplyCreated(reply=snapshot):
                assert snapshot.reply_id not in self.all, "a reply is created once"
                created = self.behind.pop(snapshot.reply_id, None) or RepliedSoFar(
                    snapshot.modality, beside=not snapshot.in_conversation
                )
                assert created.modality is snapshot.modality
                self.all[snapshot.reply_id] = created
                if not snapshot.in_conversation:
                    self.beside[snapshot.reply_id] = created
                    assert len(self.beside) <= 4, "more beside the conversation than may be"
                    return
                assert self.active_id is None, "two replies at once"
                self.active_id, self._last_but_one, self.last = snapshot.reply_id, self.last, created
            case (
                notices.ReplyMessageAdded()
                | notices.ReplyTextGrew()
                | notices.ReplyMessageDone()
                | notices.ReplyCalledFunction()
                | notices.TurnTimed()
            ):
                assert notice.reply_id in (self.active_id, *self.beside), "a notice of a reply that is not under way"
                if not isinstance(notice, notices.ReplyTextGrew | notices.TurnTimed):
                    assert notice.in_conversation == (notice.reply_id == self.active_id), "told as what it is not"
                assert self.all[notice.reply_id].may_be_told, "told before the gate was open"
                _read_of_active(notice, self.all[notice.reply_id])
            case notices.ReplyDone(reply=snapshot):
                beside = self.beside.pop(snapshot.reply_id, None)
                assert snapshot.in_conversation == (beside is None)
                assert beside or snapshot.reply_id == self.active_id, "a reply ends once, and while it is under way"
                _end(self.all[snapshot.reply_id], snapshot.ended, heard=beside is None)
                if beside is None:
                    self.active_id = None
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                (reply,) = (each for each in self.all.values() if each.message and each.message.item_id == item_id)
                assert reply.heard_at_most(reply.played_ms).startswith(kept), "kept what was not heard"
            case _:
                pass


def _read_of_active(
    notice: notices.ReplyMessageAdded
    | notices.ReplyTextGrew
    | notices.ReplyMessageDone
    | notices.ReplyCalledFunction
    | notices.TurnTimed,
    reply: RepliedSoFar,
) -> None:
    match notice:
        case notices.ReplyMessageAdded(item=item):
            assert reply.message is None, "a reply has one message"
            reply.message = item
        case notices.ReplyTextGrew(item_id=item_id):
            assert reply.message is not None, "words before the message"
            assert item_id == reply.message.item_id
            assert reply.closed is None, "words after the message"
        case notices.ReplyMessageDone(item=item):
            assert reply.message is not None, "done before it was added"
            assert item.item_id == reply.message.item_id
            assert reply.closed is None, "a message is done once"
            reply.closed = item
        case notices.TurnTimed(complete=True):
            assert not reply.timed_at_end, "timed twice"
            assert notice.speculated == reply.gated, "begun early and told otherwise"
            reply.timed_at_end = True
        case notices.TurnTimed():
            assert not reply.timed, "timed twice"
            reply.timed = True
        case notices.ReplyCalledFunction():
            reply.calls += 1


def _end(reply: RepliedSoFar, reason: EndReason | None, *, heard: bool) -> None:
    assert reason is not None
    assert (reply.message is None) == (reply.closed is None), "the message was left open"
    assert reply.cancelled == (reply.started and reason in STOPPED), "stopped and told do not agree"
    if reason not in STOPPED:
        limit = reason is EndReason.MAX_OUTPUT_TOKENS
        assert limit == reply.cut_at_limit, "told as complete, or as incomplete, and is not"
    elif heard and reply.closed is not None and reply.closed.parts[0].kind is PartKind.OUTPUT_AUDIO:
        most = reply.heard_at_most(reply.played_ms)
        assert most.startswith(reply.closed.text), f"{reply.closed.text!r} was not heard, at most {most!r}"
