"""The caller's side of the floor: what the ears and the client tell of a turn, from its first sound to its end.

At every pause the turn is transcribed and assessed at once, while patience runs; so when the turn is judged over its
words are usually there already. `Turn` numbers its pauses, and answers to an earlier pause are dropped here. Who has
the floor is in `floor.py`, what a sound over the agent's voice means in `tentative.py`, when a turn is over in
`turn_ends.py`, what the model does meanwhile in `anticipating.py`, and the words that come later in `words.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from vivavoce.conversation.anticipating import Anticipating
from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.endpointing import EndpointReason
from vivavoce.conversation.events import (
    AudioCommitRequested,
    HearingEvent,
    InterimTranscribed,
    SpeechMeasured,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechSuspected,
    SuspicionCleared,
    TranscriptionFailed,
    TurnAssessed,
    TurnTranscribed,
)
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.interruptions import speech_interrupts
from vivavoce.conversation.notices import AudioCleared, TranscriptGrew
from vivavoce.conversation.orders import AssessTurn, ClearInput, CloseTurn, OpenTurn, TakeBuffer, TranscribeTurn
from vivavoce.conversation.overlap import Overlap
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.returning_voice import ReturningVoice
from vivavoce.conversation.settings import SemanticTurnDetection
from vivavoce.conversation.tentative import Tentative
from vivavoce.conversation.turn_ends import TurnEnds
from vivavoce.conversation.turns import Turn, TurnFact, TurnState
from vivavoce.conversation.words import Words

MINIMUM_COMMIT_MS = 100
"""A commit of less audio is refused, as OpenAI's server does."""


class TurnTaking:
    """Owned by `Conversation`. At most one turn is open; any number may wait for their words."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._overlap = Overlap(call, replying)
        self._floor = Floor(call, replying, self._overlap)
        self._returning_voice = ReturningVoice(call, replying)
        self._anticipating = Anticipating(call, replying)
        self.words = Words(call, replying, self._floor.release)
        self.ends = TurnEnds(call, self._floor, self.words)
        self.tentative = Tentative(call, replying, self._overlap, self._floor, self.ends)

    @property
    def open_item_id(self) -> ItemId | None:
        """The id that the open turn's item will bear; nobody else may take it."""
        return self._floor.turn.item_id if self._floor.turn is not None else None

    def watch(self) -> None:
        """Something has happened: what follows from it for the open turn, and for the sound over the agent's voice?"""
        if self._returning_voice.watch():
            self.ends.pauses.agent_spoke()
        self.tentative.watch()

    def handle(self, fact: HearingEvent) -> None:
        match fact:
            case SpeechSuspected():
                self.tentative.suspect()
            case SuspicionCleared():
                self.tentative.clear_suspicion()
            case SpeechMeasured():
                self.tentative.measure(fact)
            case SpeechStarted():
                self._speech_started(fact)
            case SpeechPaused():
                self._speech_paused(fact)
            case SpeechResumed():
                self._speech_resumed(fact)
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
        if detection is None or self._floor.turn is not None:
            return
        contested = self._overlap.contested
        if self._replying.ending.may_go_on and not contested:
            self._replying.ending.go_on()
        if self._replying.ending.closing and not contested:
            if speech_interrupts(self._call.settings, self._replying.active):
                self._replying.interrupt(EndReason.TURN_DETECTED)
            return
        audio_start_ms = max(0, fact.audio_start_ms - detection.prefix_padding_ms)
        self.ends.pauses.turn_began(fact.audio_start_ms)
        turn = Turn(self._call.next_item_id(), audio_start_ms)
        turn.audio_end_ms = fact.audio_start_ms
        turn.tentative = contested
        self._floor.open(turn)
        if contested:
            self.tentative.begin()
        else:
            self._floor.take(turn)
        self._call.order(OpenTurn(turn.item_id, audio_start_ms))

    def _speech_paused(self, fact: SpeechPaused) -> None:
        turn = self._floor.turn
        if turn is None or not turn.accepts(TurnFact.PAUSED):
            return
        turn.pause_at(fact.audio_end_ms, fact.spoken_until, self._call.now)
        self.tentative.heard()
        self._call.order(TranscribeTurn(turn.item_id, turn.pause.number))
        if isinstance(self._call.settings.turn_detection, SemanticTurnDetection):
            self._call.order(AssessTurn(turn.item_id, turn.pause.number))
        self.ends.weigh(turn)

    def _speech_resumed(self, fact: SpeechResumed) -> None:
        turn = self._floor.turn
        if turn is None or not turn.accepts(TurnFact.RESUMED):
            return
        self.ends.pauses.went_on(turn.audio_end_ms, fact.audio_start_ms)
        turn.resume()
        self.tentative.heard()
        self._call.deadlines.clear(Deadline.TURN_END)

    def _turn_assessed(self, fact: TurnAssessed) -> None:
        turn = self._paused_at(fact.item_id, fact.pause)
        if turn is not None:
            turn.pause.probability = fact.probability
            self.ends.weigh(turn)
            if self._counts(turn):
                self._anticipating.assessed(turn)

    def _interim_transcribed(self, fact: InterimTranscribed) -> None:
        turn = self._floor.turn
        if turn is None or turn.item_id != fact.item_id:
            return
        turn.interim.grow(fact.text)
        if turn.tentative:
            self.tentative.hear(turn, fact.text, final=False)
            return
        if self._returning_voice.is_heard(turn, fact.text):
            return
        if delta := turn.interim.tell_stable():
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        self._anticipating.so_far(turn, fact.text, fading=fact.fading)

    def _turn_transcribed(self, fact: TurnTranscribed) -> None:
        turn = self._paused_at(fact.item_id, fact.pause)
        if turn is not None:
            self._words_at_pause(turn, fact)
        elif self.open_item_id != fact.item_id:
            self.words.arrive(fact)

    def _words_at_pause(self, turn: Turn, fact: TurnTranscribed) -> None:
        if self._returning_voice.is_heard(turn, fact.text):
            fact = replace(fact, text="")
        turn.pause.transcribe(fact.text, fact.audio_seconds, self._call.now)
        if turn.tentative:
            self.tentative.hear(turn, fact.text, final=True)
        if self._counts(turn):
            self.ends.weigh(turn)
        if self._counts(turn):  # else the reply itself is under way
            self._anticipating.at_pause(turn, fact.text)

    def _transcription_failed(self, fact: TranscriptionFailed) -> None:
        """An open turn is transcribed again when it ends; an ended one is lost, and the client is told."""
        turn = self._floor.turn
        if turn is not None and turn.asked(fact.item_id, fact.pause):
            turn.pause.failed = True
            if turn.tentative:
                self.tentative.confirm(turn)  # nobody knows what was said: rather listen than talk over it
            return
        self.words.lose(fact)

    # --- the client's commands --------------------------------------------------------------------------------------

    def commit(self, command: AudioCommitRequested) -> None:
        if self._floor.turn is not None:
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
        self._call.order(TranscribeTurn(turn.item_id, turn.pause.number))
        self._call.order(CloseTurn(turn.item_id))
        self.words.await_turn(turn)

    def clear(self) -> None:
        self._floor.close()
        self._call.deadlines.clear(Deadline.TURN_END)
        self._replying.speculating.drop()
        self._overlap.release()
        self._call.order(ClearInput())
        self._call.tell(AudioCleared())
        self._floor.give_back()

    def end_open_turn(self) -> None:
        """The client's wish: the open turn, if there is one, is over."""
        if self.tentative.turn is not None:
            self.tentative.confirm(self.tentative.turn)
        if self._floor.turn is not None:
            self._floor.turn.reason = EndpointReason.COMMITTED
            self.ends.end(self._floor.turn)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _paused_at(self, item_id: ItemId, pause: int) -> Turn | None:
        """The open turn, if it still pauses where it was asked about."""
        turn = self._floor.turn
        asked = turn is not None and turn.state is TurnState.PAUSED and turn.asked(item_id, pause)
        return turn if asked else None

    def _counts(self, turn: Turn) -> bool:
        """Whether a turn is still open, and known to be one."""
        return self._floor.turn is turn and not turn.tentative
