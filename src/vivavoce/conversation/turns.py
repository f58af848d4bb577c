"""One turn of the caller: from the first sound to the words, and who has the floor meanwhile.

A turn is speaking, or paused (perhaps over), or ended and waiting for its words, or done. Every pause has a number;
an assessment or a transcript belongs to the pause it was asked at and is worthless once the caller went on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.endpointing import EndpointReason
from vivavoce.conversation.identifiers import ItemId


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
        self.pause = 0
        self.spoken_until: float | None = None
        self.soft_end_at: float | None = None
        self.ended_at: float | None = None
        self.reason = EndpointReason.COMMITTED
        self.tentative = False
        self.transcribed_at: float | None = None
        self.probability: float | None = None
        self.text_at_pause: tuple[str, float] | None = None
        self.failed_at_pause = False
        self.recorded = False
        self.content_index = 0
        self.told_text = ""
        self._interim_text = ""
        self._stable_text = ""

    def accepts(self, fact: TurnFact) -> bool:
        return (self.state, fact) in TRANSITIONS

    def pause_at(self, audio_end_ms: int, spoken_until: float, now: float) -> None:
        self._go(TurnFact.PAUSED)
        self.soft_end_at = now
        self.pause += 1
        self.failed_at_pause = False
        self.audio_end_ms = audio_end_ms
        self.spoken_until = spoken_until

    def resume(self) -> None:
        """The caller went on: what was believed at the pause no longer holds."""
        self._go(TurnFact.RESUMED)
        self.probability = None
        self.text_at_pause = None

    def end(self, now: float) -> None:
        """The turn is over. One that ended while the caller spoke (commit) counts as a pause of its own."""
        if self.state is TurnState.SPEAKING:
            self.pause += 1
            self.text_at_pause = None
            self.soft_end_at = None
            self.spoken_until = now
        self._go(TurnFact.ENDED)
        self.ended_at = now

    def transcribe(self, now: float) -> TurnMarks:
        self._go(TurnFact.TRANSCRIBED)
        ended_at = self.ended_at if self.ended_at is not None else now
        spoken_until = self.spoken_until if self.spoken_until is not None else ended_at
        transcribed_at = self.transcribed_at if self.text_at_pause is not None else None
        return TurnMarks(
            self.audio_end_ms,
            spoken_until,
            self.soft_end_at,
            ended_at,
            self.reason,
            transcribed_at if transcribed_at is not None else now,
        )

    def grow_interim(self, text: str) -> str:
        """Take a new interim text; what may be told of it: the words that two interims in a row agree on.

        The wire's deltas cannot be taken back, so only stable words are told.
        """
        self._stable_text = _common_words(self._interim_text, text)
        self._interim_text = text
        return self.tell_stable()

    def tell_stable(self) -> str:
        """What may be told of the latest interims; nothing while nobody is to know of the turn."""
        return "" if self.tentative else self._tell(self._stable_text)

    def finish_text(self, text: str) -> str:
        """The rest of the final text that has not been told; '' when the told words turned out otherwise."""
        return self._tell(text)

    def _tell(self, text: str) -> str:
        if not text.startswith(self.told_text) or len(text) <= len(self.told_text):
            return ""
        delta = text[len(self.told_text) :]
        self.told_text = text
        return delta

    def _go(self, fact: TurnFact) -> None:
        self.state = TRANSITIONS[self.state, fact]


def _common_words(former: str, latter: str) -> str:
    """The words that both texts begin with."""
    words: list[str] = []
    for one, other in zip(former.split(), latter.split(), strict=False):
        if one != other:
            break
        words.append(other)
    return " ".join(words)
