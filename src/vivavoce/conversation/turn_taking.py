"""The caller's side of the floor: when a turn begins, when it is over, and what was said in it.

At every pause the turn is transcribed and assessed at once, while patience runs; so when the turn is judged over its
words are usually there already. `Turn` numbers its pauses, and answers to an earlier pause are dropped here.
"""

from __future__ import annotations

from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.endpointing import patience_ms
from vivavoce.conversation.events import (
    AudioCommitRequested,
    HearingEvent,
    InterimTranscribed,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TranscriptionFailed,
    TurnAssessed,
    TurnTranscribed,
)
from vivavoce.conversation.history import transcribed, untranscribed_part
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.interruptions import speech_interrupts
from vivavoce.conversation.items import ItemStatus, Message, Part, PartKind, Role
from vivavoce.conversation.notices import (
    AudioCleared,
    AudioCommitted,
    CallerSpeechStarted,
    CallerSpeechStopped,
    ItemAdded,
    ItemDone,
    TranscriptCompleted,
    TranscriptFailed,
    TranscriptGrew,
)
from vivavoce.conversation.orders import (
    AssessTurn,
    ClearInput,
    CloseTurn,
    OpenTurn,
    TakeBuffer,
    TakeRecording,
    TranscribeTurn,
)
from vivavoce.conversation.replies import EndReason, ReplyMarks, ReplyOptions
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import SemanticTurnDetection
from vivavoce.conversation.turns import Turn, TurnFact, TurnState

MINIMUM_COMMIT_MS = 100
"""A commit of less audio is refused, as OpenAI's server does."""

UNTRANSCRIBED = (Part(PartKind.INPUT_AUDIO, None),)
"""The parts of a turn's item until its words are there."""


class TurnTaking:
    """Owned by `Conversation`. At most one turn is open; any number may wait for their words."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._open: Turn | None = None
        self._awaiting: dict[ItemId, Turn] = {}

    @property
    def open_item_id(self) -> ItemId | None:
        """The id that the open turn's item will bear; nobody else may take it."""
        return self._open.item_id if self._open is not None else None

    def handle(self, fact: HearingEvent) -> None:
        match fact:
            case SpeechStarted():
                self._speech_started(fact)
            case SpeechPaused():
                self._speech_paused(fact)
            case SpeechResumed():
                self._speech_resumed()
            case TurnAssessed():
                self._turn_assessed(fact)
            case InterimTranscribed():
                self._interim_transcribed(fact)
            case TurnTranscribed():
                self._turn_transcribed(fact)
            case TranscriptionFailed():
                self._transcription_failed(fact)
            case _:
                assert_never(fact)

    # --- the ears ---------------------------------------------------------------------------------------------------

    def _speech_started(self, fact: SpeechStarted) -> None:
        detection = self._call.settings.turn_detection
        if detection is None or self._open is not None:
            return
        if self._replying.ending.closing:
            if speech_interrupts(self._call.settings, self._replying.active):
                self._replying.interrupt(EndReason.TURN_DETECTED)
            return
        audio_start_ms = max(0, fact.audio_start_ms - detection.prefix_padding_ms)
        self._open = Turn(self._call.next_item_id(), audio_start_ms)
        self._replying.caller_has_floor = True
        self._call.deadlines.clear(Deadline.GREETING)
        self._call.tell(CallerSpeechStarted(self._open.item_id, audio_start_ms))
        if speech_interrupts(self._call.settings, self._replying.active):
            self._replying.interrupt(EndReason.TURN_DETECTED)
        self._call.order(OpenTurn(self._open.item_id, audio_start_ms))

    def _speech_paused(self, fact: SpeechPaused) -> None:
        turn = self._open
        if turn is None or not turn.accepts(TurnFact.PAUSED):
            return
        turn.pause_at(fact.audio_end_ms, fact.spoken_until)
        self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        if isinstance(self._call.settings.turn_detection, SemanticTurnDetection):
            self._call.order(AssessTurn(turn.item_id, turn.pause))
        self._wait_for_end(turn)

    def _speech_resumed(self) -> None:
        turn = self._open
        if turn is None or not turn.accepts(TurnFact.RESUMED):
            return
        turn.resume()
        self._call.deadlines.clear(Deadline.TURN_END)

    def _turn_assessed(self, fact: TurnAssessed) -> None:
        turn = self._open
        if (
            turn is None
            or turn.state is not TurnState.PAUSED
            or (turn.item_id, turn.pause) != (fact.item_id, fact.pause)
        ):
            return
        turn.probability = fact.probability
        self._wait_for_end(turn)

    def _interim_transcribed(self, fact: InterimTranscribed) -> None:
        turn = self._open
        if turn is None or turn.item_id != fact.item_id:
            return
        if delta := turn.grow_interim(fact.text):
            self._call.tell(TranscriptGrew(turn.item_id, delta))
            self._warm(turn.told_text)

    def _turn_transcribed(self, fact: TurnTranscribed) -> None:
        if self._open is not None and self._open.item_id == fact.item_id:
            if self._open.state is TurnState.PAUSED and self._open.pause == fact.pause:
                self._open.text_at_pause = (fact.text, fact.audio_seconds)
                self._wait_for_end(self._open)
                if self._open is not None:  # else the reply itself is under way
                    self._warm(fact.text)
            return
        turn = self._awaiting.get(fact.item_id)
        if turn is not None and turn.pause == fact.pause:
            self._finish(turn, fact.text, fact.audio_seconds)

    def _transcription_failed(self, fact: TranscriptionFailed) -> None:
        """An open turn is transcribed again when it ends; an ended one is lost, and the client is told."""
        if self._open is not None and (self._open.item_id, self._open.pause) == (fact.item_id, fact.pause):
            self._open.failed_at_pause = True
            return
        turn = self._awaiting.get(fact.item_id)
        if turn is None or turn.pause != fact.pause:
            return
        del self._awaiting[turn.item_id]
        turn.transcribe(self._call.now)
        self._call.tell(TranscriptFailed(turn.item_id, fact.message, turn.content_index))
        item = self._item_without_words(turn)
        if item is not None:
            self._call.tell(ItemDone(item, self._call.history.before(item.item_id)))
        self._release_floor()
        self._replying.words_arrived(turn.item_id)

    def end_reached(self) -> None:
        """The pause has lasted as long as it may."""
        if self._open is not None and self._open.state is TurnState.PAUSED:
            self.end_open_turn()

    # --- the client's commands --------------------------------------------------------------------------------------

    def commit(self, command: AudioCommitRequested) -> None:
        if self._open is not None:
            self.end_open_turn()
            return
        if self._call.settings.turn_detection is not None or command.buffered_ms < MINIMUM_COMMIT_MS:
            held = 0 if self._call.settings.turn_detection is not None else command.buffered_ms
            self._call.refuse(
                "input_audio_buffer_commit_empty",
                f"the input audio buffer holds {held} ms; a commit needs at least {MINIMUM_COMMIT_MS} ms of audio",
                command.event_id,
            )
            return
        if self._replying.ending.refuses_turn(command.event_id):
            return
        turn = Turn(self._call.next_item_id(), 0)
        turn.end(self._call.now)
        self._call.order(TakeBuffer(turn.item_id))
        self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        self._call.order(CloseTurn(turn.item_id))
        self._commit(turn)

    def transcribe(self, item: Message, recording: int) -> None:
        """An item came with sound: its words are to be found out. It is no turn, so nobody answers it by itself."""
        turn = Turn(item.item_id, 0)
        turn.recorded, turn.content_index = True, untranscribed_part(item) or 0
        turn.end(self._call.now)
        self._awaiting[turn.item_id] = turn
        self._replying.await_words(turn.item_id)
        self._call.order(TakeRecording(turn.item_id, recording))
        self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        self._call.order(CloseTurn(turn.item_id))

    def awaits(self, item_id: ItemId) -> bool:
        """True while the words of this item are to come."""
        return item_id in self._awaiting

    def clear(self) -> None:
        self._open = None
        self._call.deadlines.clear(Deadline.TURN_END)
        self._call.order(ClearInput())
        self._call.tell(AudioCleared())
        self._release_floor()
        self._replying.floor_released()

    def end_open_turn(self) -> None:
        """The open turn, if there is one, is over."""
        turn = self._open
        if turn is None:
            return
        self._open = None
        self._call.deadlines.clear(Deadline.TURN_END)
        asked = turn.state is TurnState.PAUSED and not turn.failed_at_pause
        turn.end(self._call.now)
        self._call.tell(CallerSpeechStopped(turn.item_id, turn.audio_end_ms))
        if not asked:
            self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        self._call.order(CloseTurn(turn.item_id))
        self._commit(turn)
        if turn.text_at_pause is not None:
            self._finish(turn, *turn.text_at_pause)

    def _warm(self, words: str) -> None:
        """Let the model read what was said so far, if it is free and will be asked to answer."""
        if words and self._replying.active is None and self._answers:
            self._call.warm(words)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _wait_for_end(self, turn: Turn) -> None:
        detection = self._call.settings.turn_detection
        if detection is None or turn.spoken_until is None:
            return
        words = turn.text_at_pause[0] if turn.text_at_pause is not None else None
        at = turn.spoken_until + patience_ms(detection, turn.probability, words) / 1000
        if at <= self._call.now:
            self.end_open_turn()
        else:
            self._call.deadlines.set(Deadline.TURN_END, at)

    def _commit(self, turn: Turn) -> None:
        item = Message(turn.item_id, Role.USER, UNTRANSCRIBED, ItemStatus.COMPLETED)
        previous = self._call.history.add(item)
        self._call.deadlines.clear(Deadline.GREETING)
        self._awaiting[turn.item_id] = turn
        self._replying.await_words(turn.item_id)
        self._call.tell(AudioCommitted(turn.item_id, previous))
        self._call.tell(ItemAdded(item, previous))

    def _finish(self, turn: Turn, text: str, audio_seconds: float) -> None:
        del self._awaiting[turn.item_id]
        marks = turn.transcribe(self._call.now)
        if delta := turn.finish_text(text):
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        self._call.tell(TranscriptCompleted(turn.item_id, text, audio_seconds, turn.content_index))
        item = self._item_without_words(turn)
        if item is not None:
            item = transcribed(item, turn.content_index, text)
            self._call.history.replace(item)
            self._call.tell(ItemDone(item, self._call.history.before(item.item_id)))
        self._release_floor()
        if text and item is not None and not turn.recorded and self._answers:
            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))
        self._replying.words_arrived(turn.item_id)

    def _item_without_words(self, turn: Turn) -> Message | None:
        """A committed item. None if the client has deleted it, even if something else bears its id now."""
        item = self._call.history.get(turn.item_id) if turn.item_id in self._call.history else None
        waits = item is not None and untranscribed_part(item) == turn.content_index
        return item if isinstance(item, Message) and waits else None

    @property
    def _answers(self) -> bool:
        settings = self._call.settings
        detection = settings.turn_detection
        return detection is not None and detection.create_response and not settings.only_transcribes

    def _release_floor(self) -> None:
        self._replying.caller_has_floor = self._open is not None
