"""One turn of the caller: from the first sound to the words, and who has the floor meanwhile.

A turn is speaking, or paused (perhaps over), or ended and waiting for its words, or done. Every pause has a number;
an assessment or a transcript belongs to the pause it was asked at and is worthless once the caller went on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.endpointing import EndpointReason
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.interim_words import InterimWords


class TurnState(StrEnum):
    SPEAKING = "speaking"
    PAUSED = "paused"
    ENDED = "ended"
    TRANSCRIBED = "transcribed"


class TurnFact(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"
    TRANSCRIBED = "transcribed"


TRANSITIONS: dict[tuple[TurnState, TurnFact], TurnState] = {
    (TurnState.SPEAKING, TurnFact.PAUSED): TurnState.PAUSED,
    (TurnState.SPEAKING, TurnFact.ENDED): TurnState.ENDED,
    (TurnState.PAUSED, TurnFact.RESUMED): TurnState.SPEAKING,
    (TurnState.PAUSED, TurnFact.ENDED): TurnState.ENDED,
    (TurnState.ENDED, TurnFact.TRANSCRIBED): TurnState.TRANSCRIBED,
}


@dataclass(frozen=True, slots=True)
class TurnMarks:
    """When things happened to a turn, in loop seconds, and why it was judged over.

    `soft_end_at`: the silence was noticed; None if the client ended the turn while the caller spoke.
    """

    audio_end_ms: int
    spoken_until: float
    soft_end_at: float | None
    ended_at: float
    reason: str
    transcribed_at: float


@dataclass(slots=True)
class Pause:
    """What is known of a turn's latest pause. All of it but the number is worthless once the caller went on.

    `number` 0: the caller has not paused yet. `noticed_at`: None if the client ended the turn while the caller spoke.
    `text`, with `audio_seconds`: the words of the turn up to here, once they are there. `failed`: they never will be.
    """

    number: int = 0
    spoken_until: float | None = None
    noticed_at: float | None = None
    probability: float | None = None
    text: str | None = None
    audio_seconds: float = 0.0
    transcribed_at: float | None = None
    failed: bool = False

    def transcribe(self, text: str, audio_seconds: float, now: float) -> None:
        self.text, self.audio_seconds, self.transcribed_at = text, audio_seconds, now


class Turn:
    """Owned by the conversation; dies when its words are in the history.

    `recorded`: not spoken in the call, but the sound of part `content_index` of an item that the client made.
    `tentative`: it began over the agent's voice, and whether it means to interrupt is not known: nobody is told of it.
    """

    def __init__(self, item_id: ItemId, audio_start_ms: int) -> None:
        self.item_id = item_id
        self.audio_start_ms = audio_start_ms
        self.audio_end_ms = audio_start_ms
        self.state = TurnState.SPEAKING
        self.pause = Pause()
        self.interim = InterimWords()
        self.ended_at: float | None = None
        self.reason = EndpointReason.COMMITTED
        self.tentative = False
        self.recorded = False
        self.content_index = 0

    @property
    def spoken_until(self) -> float | None:
        return self.pause.spoken_until

    def accepts(self, fact: TurnFact) -> bool:
        return (self.state, fact) in TRANSITIONS

    def asked(self, item_id: ItemId, pause: int) -> bool:
        """Whether this turn was asked about at this pause, its latest: else the answer comes too late."""
        return (self.item_id, self.pause.number) == (item_id, pause)

    def pause_at(self, audio_end_ms: int, spoken_until: float, now: float) -> None:
        self._go(TurnFact.PAUSED)
        self.audio_end_ms = audio_end_ms
        self.pause = Pause(self.pause.number + 1, spoken_until, now)

    def resume(self) -> None:
        """The caller went on: what was believed at the pause no longer holds."""
        self._go(TurnFact.RESUMED)
        self.pause = Pause(self.pause.number)

    def end(self, now: float) -> None:
        """The turn is over. One that ended while the caller spoke (commit) counts as a pause of its own."""
        if self.state is TurnState.SPEAKING:
            self.pause = Pause(self.pause.number + 1, spoken_until=now)
        self._go(TurnFact.ENDED)
        self.ended_at = now

    def transcribe(self, now: float) -> TurnMarks:
        self._go(TurnFact.TRANSCRIBED)
        ended_at = self.ended_at if self.ended_at is not None else now
        spoken_until, transcribed_at = self.pause.spoken_until, self.pause.transcribed_at
        return TurnMarks(
            self.audio_end_ms,
            spoken_until if spoken_until is not None else ended_at,
            self.pause.noticed_at,
            ended_at,
            self.reason,
            transcribed_at if transcribed_at is not None else now,
        )

    def _go(self, fact: TurnFact) -> None:
        self.state = TRANSITIONS[self.state, fact]
