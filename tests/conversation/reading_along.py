"""Two readers of a conversation's orders, who complain as soon as something cannot be true.

`Mirror` is the client's copy of the conversation, made of what the client is told and nothing else; the prompt of
every reply must be what the mirror holds. `Promises` follows replies and turns from their first order to their last.
Imported by the state machine over the core; each lives as long as one run of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.history import PromptCall, PromptMessage
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import Modality, Settings

STOPPED = {EndReason.TURN_DETECTED, EndReason.CLIENT_CANCELLED, EndReason.FAILED}


class Mirror:
    """The items in their order, as a client knows them that only reads."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    @property
    def ids(self) -> list[ItemId]:
        return [item.item_id for item in self.items]

    def read(self, notice: Notice) -> None:
        match notice:
            case (
                notices.ItemAdded(item=item, previous_item_id=previous)
                | notices.ReplyMessageAdded(item=item, previous_item_id=previous)
                | notices.ReplyCalledFunction(item=item, previous_item_id=previous)
            ):
                self._add(item, previous)
            case notices.ItemDone(item=item, previous_item_id=previous):
                assert item.item_id in self.ids, "done before it was added"
                assert previous == self._before(item.item_id), "a wrong predecessor"
                self.items[self.ids.index(item.item_id)] = item
            case notices.ReplyMessageDone(item=item, previous_item_id=previous):
                self._close(item, previous)
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                cut = self.items[self.ids.index(item_id)]
                assert isinstance(cut, Message)
                self.items[self.ids.index(item_id)] = replace(cut, parts=(Part(cut.parts[0].kind, kept),))
            case notices.ItemDeleted(item_id=item_id):
                del self.items[self.ids.index(item_id)]
            case notices.ItemRetrieved(item=item):
                assert item in self.items, "the client was told something else"
            case _:
                pass

    def prompt(self, instructions: str) -> list[PromptMessage]:
        system = [PromptMessage("system", instructions)] if instructions else []
        return [*system, *(message for item in self.items for message in _prompted(item))]

    def _add(self, item: Item, previous: ItemId | None) -> None:
        assert item.item_id not in self.ids, f"{item.item_id} was added twice"
        self.items.insert(0 if previous is None else self.ids.index(previous) + 1, item)

    def _close(self, item: Message, previous: ItemId | None) -> None:
        begun = Message(item.item_id, item.role, (Part(item.parts[0].kind, ""),), type(item.status).IN_PROGRESS)
        if begun in self.items:
            assert previous == self._before(item.item_id), "a wrong predecessor"
            self.items[self.ids.index(item.item_id)] = item

    def _before(self, item_id: ItemId) -> ItemId | None:
        position = self.ids.index(item_id)
        return self.ids[position - 1] if position else None


def _prompted(item: Item) -> list[PromptMessage]:
    match item:
        case Message(role=role):
            text = "\n".join(part.text for part in item.parts if part.text)
            return [PromptMessage(role.value, text)] if text else []
        case FunctionCall():
            return [PromptMessage("assistant", "", (PromptCall(item.call_id, item.name, item.arguments),))]
        case FunctionCallOutput():
            return [PromptMessage("tool", item.output, call_id=item.call_id)]


@dataclass
class RepliedSoFar:
    """What was ordered and told of one reply."""

    modality: Modality
    started: bool = False
    cancelled: bool = False
    timed: bool = False
    message: Message | None = None
    closed: Message | None = None
    pieces: list[tuple[str, int]] = field(default_factory=list)
    played_ms: int = 0

    def heard_at_most(self, position_ms: int) -> str:
        """Nobody has heard a piece of text before its first sound."""
        return " ".join(text for text, start_ms in self.pieces if start_ms <= position_ms)


class Promises:
    """Replies and turns: what has begun ends, once; what was not begun does not end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.mirror = Mirror()
        self.replies: dict[ReplyId, RepliedSoFar] = {}
        self.active: ReplyId | None = None
        self.open_turn: ItemId | None = None
        self.hearing: set[ItemId] = set()
        self.asked_words: dict[ItemId, int] = {}
        self.last_asked: tuple[ItemId, int] | None = None
        self.stale_words: list[tuple[ItemId, int]] = []
        self.committed: set[ItemId] = set()
        self.settled: set[ItemId] = set()
        self.grown: dict[ItemId, str] = {}
        self.owed: list[str] = []
        self.greeted = False

    def read(self, event: Event, ordered: list[Order]) -> None:
        """Take in a fact that was handled and the orders that followed."""
        told = [order.notice for order in ordered if isinstance(order, orders.Tell)]
        if any(isinstance(notice, notices.CommandRefused) for notice in told):
            assert len(ordered) == 1, "a refused command changes nothing"
            return
        self._foresee(event)
        for order in ordered:
            self._obey(order)
        if not isinstance(event, events.ResponseRequested):
            created = any(isinstance(notice, notices.ReplyCreated) for notice in told)
            assert not (created and self.open_turn), "the agent began while the caller spoke"

    def _foresee(self, event: Event) -> None:
        match event:
            case events.ResponseRequested():
                self.owed.append("the reply that the client asked for")
            case events.SessionConfigured(settings=settings):
                self.settings = settings
            case events.PieceStarted(reply_id=reply_id, text=text, start_ms=start_ms) if reply_id == self.active:
                self.replies[reply_id].pieces.append((text, start_ms))
            case events.PlaybackProgressed(reply_id=reply_id, played_ms=played_ms) if reply_id == self.active:
                self.replies[reply_id].played_ms = played_ms
            case events.ItemTruncateRequested(item_id=item_id, audio_end_ms=audio_end_ms):
                for reply in self.replies.values():
                    if reply.message is not None and reply.message.item_id == item_id:
                        reply.played_ms = audio_end_ms
            case events.TurnTranscribed() | events.TranscriptionFailed():
                if self.asked_words.get(event.item_id) == event.pause:
                    del self.asked_words[event.item_id]
            case _:
                pass

    def _obey(self, order: Order) -> None:
        match order:
            case orders.Tell(notice=notice):
                self.mirror.read(notice)
                self._read_of_caller(notice)
                self._read_of_reply(notice)
            case orders.OpenTurn(item_id=item_id):
                assert self.open_turn is None, "two turns at once"
                self.open_turn = item_id
                self.hearing.add(item_id)
            case orders.TakeBuffer(item_id=item_id):
                self.hearing.add(item_id)
            case orders.TranscribeTurn(item_id=item_id, pause=pause):
                assert item_id in self.hearing, "the words of a closed turn cannot be asked for"
                if item_id in self.asked_words:
                    assert pause > self.asked_words[item_id], "asked twice for the same words"
                    self.stale_words.append((item_id, self.asked_words[item_id]))
                self.asked_words[item_id] = pause
                self.last_asked = (item_id, pause)
            case orders.AssessTurn(item_id=item_id):
                assert item_id in self.hearing, "a closed turn cannot be assessed"
            case orders.CloseTurn(item_id=item_id):
                self.hearing.remove(item_id)
                self.open_turn = None
            case orders.ClearInput():
                if self.open_turn is not None and self.open_turn in self.asked_words:
                    self.stale_words.append((self.open_turn, self.asked_words.pop(self.open_turn)))
                self.hearing.clear()
                self.open_turn = None
            case orders.StartReply():
                self._start(order)
            case orders.CancelReply(reply_id=reply_id):
                reply = self.replies[reply_id]
                assert reply_id == self.active, "only the reply under way can be cancelled"
                assert reply.started, "nothing has started that could be cancelled"
                assert not reply.cancelled, "cancelled twice"
                reply.cancelled = True
            case orders.ApplySettings() | orders.WarmPrompt():
                pass

    def _start(self, order: orders.StartReply) -> None:
        assert order.reply_id == self.active, "only the reply under way starts"
        reply = self.replies[order.reply_id]
        assert not reply.started, "a reply starts once"
        reply.started = True
        self.owed = [debt for debt in self.owed if debt != "an answer"]
        if order.script is None:
            instructions = [message.text for message in order.prompt[:1] if message.role == "system"]
            assert instructions[:1] == [self.settings.instructions] * bool(self.settings.instructions)
            assert list(order.prompt) == self.mirror.prompt(self.settings.instructions), "not what the client knows"
        else:
            assert order.prompt == ()

    def _read_of_caller(self, notice: Notice) -> None:
        match notice:
            case notices.AudioCommitted(item_id=item_id):
                assert item_id not in self.committed, "committed twice"
                self.committed.add(item_id)
            case notices.TranscriptGrew(item_id=item_id, delta=delta):
                assert delta, "an empty delta"
                self.grown[item_id] = self.grown.get(item_id, "") + delta
            case notices.TranscriptCompleted(item_id=item_id, text=text):
                self._settle(item_id)
                grown = self.grown.get(item_id, "")
                assert grown == text or not text.startswith(grown), "the deltas lack a part of the text"
                detection = self.settings.turn_detection
                if text and detection is not None and detection.create_response and item_id in self.mirror.ids:
                    self.owed.append("an answer")
            case notices.TranscriptFailed(item_id=item_id):
                self._settle(item_id)
            case _:
                pass

    def _settle(self, item_id: ItemId) -> None:
        assert item_id in self.committed, "words of a turn that was not committed"
        assert item_id not in self.settled, "a turn gets its words once"
        self.settled.add(item_id)

    def _read_of_reply(self, notice: Notice) -> None:
        match notice:
            case notices.ReplyCreated(reply=snapshot):
                assert self.active is None, "two replies at once"
                assert snapshot.reply_id not in self.replies, "a reply is created once"
                assert self.owed or not self.greeted, "a reply that nobody waited for"
                self.greeted = self.greeted or not self.owed
                self.active = snapshot.reply_id
                self.replies[self.active] = RepliedSoFar(snapshot.modality)
                self.owed = [debt for debt in self.owed if debt == "an answer"]
            case (
                notices.ReplyMessageAdded()
                | notices.ReplyTextGrew()
                | notices.ReplyMessageDone()
                | notices.ReplyCalledFunction()
                | notices.TurnTimed()
            ):
                assert notice.reply_id == self.active, "a notice of a reply that is not under way"
                self._read_of_active(notice, self.replies[notice.reply_id])
            case notices.ReplyDone(reply=snapshot):
                assert snapshot.reply_id == self.active, "a reply ends once, and while it is under way"
                self._end(self.replies[self.active], snapshot.ended)
                self.active = None
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                (reply,) = (each for each in self.replies.values() if each.message and each.message.item_id == item_id)
                assert reply.heard_at_most(reply.played_ms).startswith(kept), "kept what was not heard"
            case _:
                pass

    def _read_of_active(
        self,
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
            case notices.TurnTimed():
                assert not reply.timed, "timed twice"
                reply.timed = True
            case notices.ReplyCalledFunction():
                pass

    def _end(self, reply: RepliedSoFar, reason: EndReason | None) -> None:
        assert reason is not None
        assert (reply.message is None) == (reply.closed is None), "the message was left open"
        assert reply.cancelled == (reply.started and reason in STOPPED), "stopped and told do not agree"
        if not reply.started:
            self.owed = [debt for debt in self.owed if debt != "an answer"]
        if reason in STOPPED and reply.closed is not None and reply.closed.parts[0].kind is PartKind.OUTPUT_AUDIO:
            heard = reply.heard_at_most(reply.played_ms)
            assert heard.startswith(reply.closed.text), f"{reply.closed.text!r} was not heard, at most {heard!r}"
