"""The caller's side of a conversation as its orders tell it: turns begin, pause, end and get their words, once each.

Imported by the state machine over the core; lives as long as one run of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order
from vivavoce.conversation.settings import ServerVad, Settings

MOMENT = 1e-9


@dataclass
class OpenTurn:
    """The turn that is being spoken. `due`: when a fixed silence ends it."""

    item_id: ItemId
    speaking: bool = True
    due: float | None = None
    interims: tuple[str, str] = ("", "")


class TurnsSoFar:
    """What was ordered and told of the caller's turns."""

    def __init__(self) -> None:
        self.open: OpenTurn | None = None
        self.hearing: set[ItemId] = set()
        self.asked: dict[ItemId, int] = {}
        self.last_asked: tuple[ItemId, int] | None = None
        self.stale: list[tuple[ItemId, int]] = []
        self.answered: dict[ItemId, str] = {}
        self.committed: set[ItemId] = set()
        self.settled: set[ItemId] = set()
        self.given_up: set[ItemId] = set()
        self.grown: dict[ItemId, str] = {}
        self.recorded: set[ItemId] = set()
        self.spoken: set[ItemId] = set()
        self.discarded: set[ItemId] = set()

    @property
    def tentative(self) -> bool:
        """True while there is a turn of which nobody has been told."""
        return self.open is not None and self.open.item_id not in self.spoken

    @property
    def unsettled(self) -> set[ItemId]:
        """Turns whose words are still waited for."""
        return self.committed - self.settled - self.given_up

    # --- facts ------------------------------------------------------------------------------------------------------

    def is_worthless(self, event: Event) -> bool:
        """True for answers that nobody waits for (any more): nothing may follow from them."""
        match event:
            case events.TurnTranscribed() | events.TranscriptionFailed():
                return self.asked.get(event.item_id) != event.pause
            case events.TurnAssessed():
                current = self.open is not None and not self.open.speaking
                return not current or (event.item_id, event.pause) != self.last_asked
            case events.InterimTranscribed():
                return self.open is None or self.open.item_id != event.item_id
            case events.SpeechPaused():
                return self.open is None or not self.open.speaking
            case events.SpeechResumed():
                return True
            case _:
                return False

    def foresee(self, event: Event, settings: Settings) -> None:
        turn, detection = self.open, settings.turn_detection
        match event:
            case events.SpeechPaused(spoken_until=spoken_until) if turn is not None and turn.speaking:
                turn.speaking = False
                if isinstance(detection, ServerVad):
                    turn.due = spoken_until + detection.silence_duration_ms / 1000
            case events.SpeechResumed() if turn is not None:
                turn.speaking, turn.due = True, None
            case events.InterimTranscribed(item_id=item_id, text=text) if turn is not None and turn.item_id == item_id:
                turn.interims = (turn.interims[1], text)
            case events.SessionConfigured() if turn is not None:
                turn.due = None
            case events.TurnTranscribed(item_id=item_id, pause=pause, text=text) if self.asked.get(item_id) == pause:
                del self.asked[item_id]
                self.answered[item_id] = text
            case events.TranscriptionFailed(item_id=item_id, pause=pause) if self.asked.get(item_id) == pause:
                del self.asked[item_id]
            case _:
                pass

    # --- orders -----------------------------------------------------------------------------------------------------

    def obey(self, order: Order, event: Event, now: float) -> None:
        match order:
            case orders.OpenTurn(item_id=item_id):
                assert self.open is None, "two turns at once"
                self.open = OpenTurn(item_id)
                self.hearing.add(item_id)
            case orders.TakeBuffer(item_id=item_id):
                self.hearing.add(item_id)
            case orders.TakeRecording(item_id=item_id):
                self.hearing.add(item_id)
                self.committed.add(item_id)
                self.recorded.add(item_id)
                self.settled.discard(item_id)  # one that was deleted may have borne this id
                self.grown.pop(item_id, None)
            case orders.TranscribeTurn(item_id=item_id, pause=pause):
                self._ask(item_id, pause)
            case orders.AssessTurn(item_id=item_id):
                assert item_id in self.hearing, "a closed turn cannot be assessed"
            case orders.CloseTurn(item_id=item_id):
                self._close(item_id, event, now)
            case orders.DiscardTurn(item_id=item_id):
                assert self.tentative, "a turn that was told is thrown away"
                assert self.open is not None
                assert self.open.item_id == item_id
                self.hearing.remove(item_id)
                self._forget_asked()
                self.discarded.add(item_id)
                self.open = None
            case orders.ClearInput():
                self._forget_asked()
                self.hearing.clear()
                self.open = None
            case _:
                pass

    def _forget_asked(self) -> None:
        if self.open is not None and self.open.item_id in self.asked:
            self.stale.append((self.open.item_id, self.asked.pop(self.open.item_id)))

    def _ask(self, item_id: ItemId, pause: int) -> None:
        assert item_id in self.hearing, "the words of a closed turn cannot be asked for"
        if item_id in self.asked:
            assert pause > self.asked[item_id], "asked twice for the same words"
            self.stale.append((item_id, self.asked[item_id]))
        self.asked[item_id] = pause
        self.last_asked = (item_id, pause)
        self.answered.pop(item_id, None)

    def _close(self, item_id: ItemId, event: Event, now: float) -> None:
        self.hearing.remove(item_id)
        if item_id in self.recorded:
            return
        turn, self.open = self.open, None
        if turn is None or isinstance(event, events.AudioCommitRequested | events.SessionConfigured):
            return
        assert not turn.speaking, "ended in the middle of a word"
        assert turn.due is None or now >= turn.due - MOMENT, "ended before the silence had lasted"

    # --- notices ----------------------------------------------------------------------------------------------------

    def read(self, notice: Notice) -> None:
        match notice:
            case notices.AudioCommitted(item_id=item_id):
                assert item_id not in self.committed, "committed twice"
                assert item_id not in self.discarded, "committed, and was thrown away"
                self.committed.add(item_id)
            case notices.CallerSpeechStarted(item_id=item_id):
                assert item_id not in self.spoken, "began twice"
                assert item_id not in self.discarded, "began, and was thrown away"
                self.spoken.add(item_id)
            case notices.TranscriptGrew(item_id=item_id, delta=delta):
                assert delta, "an empty delta"
                assert not self.tentative or item_id in self.committed, "words of a turn that nobody knows of"
                grown = self.grown[item_id] = self.grown.get(item_id, "") + delta
                if self.open is not None and self.open.item_id == item_id:
                    for text in self.open.interims:
                        assert text.split()[: len(grown.split())] == grown.split(), "told before it was sure"
                else:
                    assert grown == self.answered.get(item_id), "told again what had been told otherwise"
            case notices.TranscriptCompleted(item_id=item_id, text=text):
                self._settle(item_id)
                assert text == self.answered.get(item_id, ""), "the words of an older pause"
                grown = self.grown.get(item_id, "")
                assert grown == text or not text.startswith(grown), "the deltas lack a part of the text"
            case notices.TranscriptFailed(item_id=item_id):
                self._settle(item_id)
            case _:
                pass

    def _settle(self, item_id: ItemId) -> None:
        assert item_id in self.committed, "words of a turn that was not committed"
        assert item_id not in self.settled, "a turn gets its words once"
        self.settled.add(item_id)

    def look_ahead(self, next_deadline: float | None, settings: Settings, *, other_wait: bool) -> None:
        """After a fact: is the conversation going to be woken when it must?"""
        turn = self.open
        assert turn is None or settings.turn_detection is not None, "a turn that nobody will end"
        if turn is None:
            return
        if self.tentative:
            assert turn.speaking or turn.item_id in self.asked, "nobody will find out what this pause means"
            assert next_deadline is not None, "a voice may be held for ever"
        elif turn.speaking:
            assert next_deadline is None or other_wait, "waiting for the end of a turn that goes on"
        else:
            assert next_deadline is not None, "nobody will end this pause"
            assert turn.due is None or next_deadline <= turn.due + MOMENT, "the silence will last too long"
