"""The caller's side of the floor: when a turn begins, when it is over, and what was said in it.

At every pause the turn is transcribed and assessed at once, while patience runs; so when the turn is judged over its
words are usually there already. `Turn` numbers its pauses, and answers to an earlier pause are dropped here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.caller_pauses import CallerPauses
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.endpointing import SURE, EndpointReason, Evidence, endpoint
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
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.interruptions import Verdict, speech_interrupts
from vivavoce.conversation.notices import (
    AudioCleared,
    CallerSpeechStarted,
    CallerSpeechStopped,
    OverlapIgnored,
    TranscriptGrew,
)
from vivavoce.conversation.orders import (
    AssessTurn,
    ClearInput,
    CloseTurn,
    DiscardTurn,
    OpenTurn,
    TakeBuffer,
    TranscribeTurn,
)
from vivavoce.conversation.overlap import Overlap
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.returning_voice import ReturningVoice
from vivavoce.conversation.settings import SemanticTurnDetection
from vivavoce.conversation.turns import Turn, TurnFact, TurnState
from vivavoce.conversation.unfinished_words import breaks_off
from vivavoce.conversation.words import Words

MINIMUM_COMMIT_MS = 100
"""A commit of less audio is refused, as OpenAI's server does."""


class TurnTaking:
    """Owned by `Conversation`. At most one turn is open; any number may wait for their words."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._open: Turn | None = None
        self._overlap = Overlap(call, replying)
        self._pauses = CallerPauses()
        self._returning_voice = ReturningVoice(call, replying)
        self.words = Words(call, replying, self._release_floor)

    @property
    def open_item_id(self) -> ItemId | None:
        """The id that the open turn's item will bear; nobody else may take it."""
        return self._open.item_id if self._open is not None else None

    @property
    def undecided(self) -> bool:
        """Whether there is speech of which it is not known what it means."""
        return self._open is not None and self._open.tentative

    def handle(self, fact: HearingEvent) -> None:
        match fact:
            case SpeechSuspected():
                if self._open is None:
                    self._overlap.duck()
            case SuspicionCleared():
                if self._open is None:
                    self._overlap.release()
            case SpeechMeasured():
                if self.undecided:
                    self._overlap.measure(fact)
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
        if detection is None or self._open is not None:
            return
        contested = self._overlap.contested
        if self._replying.ending.may_go_on and not contested:
            self._replying.ending.go_on()
        if self._replying.ending.closing and not contested:
            if speech_interrupts(self._call.settings, self._replying.active):
                self._replying.interrupt(EndReason.TURN_DETECTED)
            return
        audio_start_ms = max(0, fact.audio_start_ms - detection.prefix_padding_ms)
        self._pauses.turn_began(fact.audio_start_ms)
        turn = self._open = Turn(self._call.next_item_id(), audio_start_ms)
        turn.audio_end_ms = fact.audio_start_ms
        turn.tentative = contested
        if contested:
            self._replying.caller_has_floor = True  # nothing else begins before it is known what this means
            self._overlap.duck()
        else:
            self._take_floor(turn)
        self._call.order(OpenTurn(turn.item_id, audio_start_ms))

    def _take_floor(self, turn: Turn) -> None:
        """The caller has the floor; what the agent says ends."""
        turn.tentative = False
        self._replying.caller_has_floor = True
        self._call.deadlines.clear(Deadline.GREETING)
        self._call.tell(CallerSpeechStarted(turn.item_id, turn.audio_start_ms))
        if speech_interrupts(self._call.settings, self._replying.active):
            self._overlap.forget()
            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()

    def watch(self) -> None:
        """Something has happened: does a sound still have to be confirmed?

        Not over a reply that is over, nor over one that may not be interrupted any more.
        """
        if self._returning_voice.watch():
            self._pauses.agent_spoke()
        if self._replying.ending.due:
            return
        if self._open is None:
            if not self._overlap.contested:
                self._overlap.release()
        elif self._open.tentative and not self._overlap.concerns_active_reply:
            self._confirm(self._open)

    def _confirm(self, turn: Turn) -> None:
        """The caller means it: the turn counts from its first sound on."""
        self._replying.ending.go_on()
        if self._replying.ending.closing:
            self._replying.interrupt(EndReason.TURN_DETECTED)
            self._discard(turn)
            return
        self._take_floor(turn)
        if delta := turn.tell_stable():
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        if turn.state is TurnState.PAUSED:
            self._wait_for_end(turn)

    def _discard(self, turn: Turn) -> None:
        """It was no turn: nobody hears of it."""
        self._open = None
        self._call.order(DiscardTurn(turn.item_id))
        self._overlap.release()
        self._release_floor()
        self._replying.floor_released()

    def _hear_overlap(self, turn: Turn, words: str, *, final: bool) -> None:
        """What a tentative turn has said so far: it interrupts, or it does not."""
        verdict = self._overlap.judge(words, final=final)
        if verdict is Verdict.INTERRUPTS:
            self._confirm(turn)
        elif verdict not in {Verdict.UNCLEAR, Verdict.HARMLESS}:
            self._call.tell(OverlapIgnored(verdict.value, words, turn.audio_start_ms, turn.audio_end_ms))
            self._discard(turn)

    def _speech_paused(self, fact: SpeechPaused) -> None:
        turn = self._open
        if turn is None or not turn.accepts(TurnFact.PAUSED):
            return
        turn.pause_at(fact.audio_end_ms, fact.spoken_until, self._call.now)
        self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        if isinstance(self._call.settings.turn_detection, SemanticTurnDetection):
            self._call.order(AssessTurn(turn.item_id, turn.pause))
        self._wait_for_end(turn)

    def _speech_resumed(self, fact: SpeechResumed) -> None:
        turn = self._open
        if turn is None or not turn.accepts(TurnFact.RESUMED):
            return
        self._pauses.went_on(turn.audio_end_ms, fact.audio_start_ms)
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
        words = turn.text_at_pause[0] if turn.text_at_pause is not None else ""
        if self._is_open(turn) and not turn.tentative and breaks_off(words) and fact.probability >= SURE:
            self._answer_ahead(turn, words)

    def _interim_transcribed(self, fact: InterimTranscribed) -> None:
        turn = self._open
        if turn is None or turn.item_id != fact.item_id:
            return
        delta = turn.grow_interim(fact.text)
        if turn.tentative:
            self._hear_overlap(turn, fact.text, final=False)
            return
        if self._returning_voice.is_heard(turn, fact.text):
            return
        self._replying.speculating.doubt(fact.text)
        if delta:
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        if breaks_off(fact.text) or not self._replying.speculate(turn.item_id, fact.text, early=True):
            self._warm(fact.text.rpartition(" ")[0])  # the last word is the one that is revised

    def _turn_transcribed(self, fact: TurnTranscribed) -> None:
        if self._open is not None and self._open.item_id == fact.item_id:
            if self._open.state is TurnState.PAUSED and self._open.pause == fact.pause:
                self._words_at_pause(self._open, fact)
            return
        self.words.arrive(fact)

    def _words_at_pause(self, turn: Turn, fact: TurnTranscribed) -> None:
        if self._returning_voice.is_heard(turn, fact.text):
            fact = replace(fact, text="")
        turn.text_at_pause = (fact.text, fact.audio_seconds)
        turn.transcribed_at = self._call.now
        if turn.tentative:
            self._hear_overlap(turn, fact.text, final=True)
        if not self._is_open(turn) or turn.tentative:
            return
        self._wait_for_end(turn)
        if not self._is_open(turn):  # the reply itself is under way
            return
        self._answer_ahead(turn, fact.text)

    def _answer_ahead(self, turn: Turn, words: str) -> None:
        """Begin to answer what may be all; words that break off may be, if the turn detector is sure of it."""
        unlikely = breaks_off(words) and (turn.probability is None or turn.probability < SURE)
        if unlikely or not self._replying.speculate(turn.item_id, words):
            self._replying.speculating.doubt(words)
            self._warm(words)

    def _transcription_failed(self, fact: TranscriptionFailed) -> None:
        """An open turn is transcribed again when it ends; an ended one is lost, and the client is told."""
        turn = self._open
        if turn is not None and (turn.item_id, turn.pause) == (fact.item_id, fact.pause):
            turn.failed_at_pause = True
            if turn.tentative:
                self._confirm(turn)  # nobody knows what was said: rather listen than talk over it
            return
        self.words.lose(fact)

    def end_reached(self) -> None:
        """The pause has lasted as long as it may."""
        if self._open is not None and self._open.state is TurnState.PAUSED:
            self._end(self._open)

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
        self.words.await_turn(turn)

    def clear(self) -> None:
        self._open = None
        self._call.deadlines.clear(Deadline.TURN_END)
        self._replying.speculating.drop()
        self._overlap.release()
        self._call.order(ClearInput())
        self._call.tell(AudioCleared())
        self._release_floor()
        self._replying.floor_released()

    def end_open_turn(self) -> None:
        """The client's wish: the open turn, if there is one, is over."""
        if self._open is not None and self._open.tentative:
            self._confirm(self._open)
        if self._open is not None:
            self._open.reason = EndpointReason.COMMITTED
            self._end(self._open)

    def _end(self, turn: Turn) -> None:
        self._open = None
        self._call.deadlines.clear(Deadline.TURN_END)
        asked = turn.state is TurnState.PAUSED and not turn.failed_at_pause
        turn.end(self._call.now)
        self._pauses.turn_ended(turn.audio_end_ms)
        self._call.tell(CallerSpeechStopped(turn.item_id, turn.audio_end_ms))
        if not asked:
            self._call.order(TranscribeTurn(turn.item_id, turn.pause))
        self._call.order(CloseTurn(turn.item_id))
        self.words.await_turn(turn)
        if turn.text_at_pause is not None:
            self.words.finish(turn, *turn.text_at_pause)

    def _warm(self, words: str) -> None:
        """Let the model read what was said so far, if it is free and will be asked to answer."""
        if words and self._replying.may_warm and self._call.settings.answers_turns:
            self._call.warm(words)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _wait_for_end(self, turn: Turn) -> None:
        detection = self._call.settings.turn_detection
        if detection is None or turn.spoken_until is None or turn.tentative:
            return
        words = turn.text_at_pause[0] if turn.text_at_pause is not None else None
        said, language = self._call.agent_said, self._call.settings.language
        judged = endpoint(detection, Evidence(turn.probability, words, said, self._pauses.lengths_ms, language))
        turn.reason = judged.reason
        at = turn.spoken_until + judged.patience_ms / 1000
        if at <= self._call.now:
            self._end(turn)
        else:
            self._call.deadlines.set(Deadline.TURN_END, at)

    def _is_open(self, turn: Turn) -> bool:
        return self._open is turn

    def _release_floor(self) -> None:
        self._replying.caller_has_floor = self._open is not None
