"""What was said in turns that are over, and in sound that came with items: their words come later, once each.

A turn is committed before its words are there; replies wait for them. Owned by `TurnTaking`.
"""

from __future__ import annotations

from collections.abc import Callable

from vivavoce.conversation.backchannels import is_backchannel
from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.events import TranscriptionFailed, TurnTranscribed
from vivavoce.conversation.history import transcribed, untranscribed_part
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import ItemStatus, Message, Part, PartKind, Role
from vivavoce.conversation.notices import (
    AudioCommitted,
    ItemAdded,
    ItemDone,
    TranscriptCompleted,
    TranscriptFailed,
    TranscriptGrew,
)
from vivavoce.conversation.orders import CloseTurn, TakeRecording, TranscribeTurn
from vivavoce.conversation.replies import ReplyMarks, ReplyOptions
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.spoken_words import spoken_words
from vivavoce.conversation.turns import Turn

UNTRANSCRIBED = (Part(PartKind.INPUT_AUDIO, None),)
"""The parts of a turn's item until its words are there."""


class Words:
    """`release_floor` is called whenever a turn has its words: the caller may have stopped."""

    def __init__(self, call: Call, replying: Replying, release_floor: Callable[[], None]) -> None:
        self._call = call
        self._replying = replying
        self._release_floor = release_floor
        self._awaiting: dict[ItemId, Turn] = {}

    def await_turn(self, turn: Turn) -> None:
        """A turn is over: commit it."""
        item = Message(turn.item_id, Role.USER, UNTRANSCRIBED, ItemStatus.COMPLETED)
        previous = self._call.history.add(item)
        self._call.deadlines.clear(Deadline.GREETING)
        self._await(turn)
        self._call.tell(AudioCommitted(turn.item_id, previous))
        self._call.tell(ItemAdded(item, previous))

    def await_recording(self, item: Message, recording: int) -> None:
        """An item came with sound: its words are to be found out. It is no turn, so nobody answers it by itself."""
        turn = Turn(item.item_id, 0)
        turn.recorded, turn.content_index = True, untranscribed_part(item) or 0
        turn.end(self._call.now)
        self._await(turn)
        self._call.order(TakeRecording(turn.item_id, recording))
        self._call.order(TranscribeTurn(turn.item_id, turn.pause.number))
        self._call.order(CloseTurn(turn.item_id))

    def awaits(self, item_id: ItemId) -> bool:
        """True while the words of this item are to come."""
        return item_id in self._awaiting

    def arrive(self, fact: TurnTranscribed) -> None:
        turn = self._awaiting.get(fact.item_id)
        if turn is not None and turn.pause.number == fact.pause:
            self.finish(turn, fact.text, fact.audio_seconds)

    def lose(self, fact: TranscriptionFailed) -> None:
        """The words will never come; the client is told."""
        turn = self._awaiting.get(fact.item_id)
        if turn is None or turn.pause.number != fact.pause:
            return
        del self._awaiting[turn.item_id]
        turn.transcribe(self._call.now)
        self._call.tell(TranscriptFailed(turn.item_id, fact.message, turn.content_index))
        item = self._item_without_words(turn)
        if item is not None:
            self._call.tell(ItemDone(item, self._call.history.before(item.item_id)))
        self._release_floor()
        self._replying.speculating.settle(turn.item_id)
        self._replying.words_arrived(turn.item_id)

    def finish(self, turn: Turn, text: str, audio_seconds: float) -> None:
        """The words of a turn that is over are there."""
        del self._awaiting[turn.item_id]
        marks = turn.transcribe(self._call.now)
        self._call.caller_said = text or self._call.caller_said
        if text and not turn.recorded:
            self._call.caller_spoke += 1
            self._call.search_ahead(text)
            if not is_backchannel(spoken_words(text)):
                self._replying.tools.interrupted()
        if delta := turn.interim.tell(text):
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        self._call.tell(TranscriptCompleted(turn.item_id, text, audio_seconds, turn.content_index))
        item = self._item_without_words(turn)
        if item is not None:
            item = transcribed(item, turn.content_index, text)
            self._call.history.replace(item)
            self._call.tell(ItemDone(item, self._call.history.before(item.item_id)))
        self._release_floor()
        self._replying.waiting.stop_awaiting(turn.item_id)
        if text and item is not None and not turn.recorded and self._call.settings.answers_turns:
            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))
        self._replying.speculating.settle(turn.item_id)
        self._replying.words_arrived(turn.item_id)

    def _await(self, turn: Turn) -> None:
        self._awaiting[turn.item_id] = turn
        self._replying.waiting.await_words(turn.item_id)

    def _item_without_words(self, turn: Turn) -> Message | None:
        """A committed item. None if the client has deleted it, even if something else bears its id now."""
        item = self._call.history.get(turn.item_id) if turn.item_id in self._call.history else None
        waits = item is not None and untranscribed_part(item) == turn.content_index
        return item if isinstance(item, Message) and waits else None
