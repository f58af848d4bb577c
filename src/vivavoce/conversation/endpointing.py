"""How long a pause may last before the caller's turn is over.

With a fixed silence (`server_vad`) the answer is in the settings. Otherwise two witnesses decide: the turn detector's
probability, from the sound, and the words so far, from the transcript. The sound alone is not enough: smart-turn v3.2
gave 7 of 18 complete recorded utterances less than 0.3 ("hello", "thank you very much"), and it believed "ten of".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection, ServerVad, TurnDetection

_SURE = 0.5
_LIKELY = 0.15

_PATIENCE_MS: dict[Eagerness, tuple[int, int, int]] = {
    # (surely over, perhaps over, surely not over)
    Eagerness.HIGH: (160, 450, 900),
    Eagerness.AUTO: (200, 560, 1400),
    Eagerness.MEDIUM: (240, 800, 2000),
    Eagerness.LOW: (400, 1400, 3600),
}

_GOES_ON_AFTER = frozenset(
    """
    a an the my your his her its our their this these those
    and or but nor so because if when while although though unless until than as that which who whose whom
    of to for from in on at by with without about into onto over under between through during near
    is are was were be been being am have has had do does did will would can could shall should may might must
    i'm you're we're they're i'd i'll i've it's that's there's
    i you we they he she um uh er erm hmm like well also very really just
    """.split()
)
"""Words that hardly ever end a sentence: what follows them is still to come. English."""

_ENDS_SO_TOO = frozenset({"i am", "you are", "he is", "she is", "it is", "we are", "they are", "i do", "i have"})
"""Two words that do end a sentence although the last one alone seldom does ("Yes, I am.")."""


_NEVER_LAST = frozenset("a an the my your our their and or but because if".split())
"""Words that do not even end a question."""


class EndpointReason(StrEnum):
    """Why a turn was judged over."""

    SILENCE = "silence"
    SURE = "sure"
    PERHAPS = "perhaps"
    DOUBTFUL = "doubtful"
    UNASSESSED = "unassessed"
    UNFINISHED_WORDS = "unfinished_words"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a pause. `probability` and `words` None: the detector, or the transcript, is not there yet.

    `agent_said`: what the agent said last, as it was heard. `pauses_ms`: pauses after which this caller went on, the
    latest of the call.
    """

    probability: float | None = None
    words: str | None = None
    agent_said: str = ""
    pauses_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The turn is over when the silence has lasted this long since the last speech."""

    patience_ms: int
    reason: EndpointReason


def endpoint(detection: TurnDetection, evidence: Evidence) -> Endpoint:
    """How long to wait, and what that is judged by."""
    match detection:
        case ServerVad(silence_duration_ms=silence_duration_ms):
            return Endpoint(silence_duration_ms, EndpointReason.SILENCE)
        case SemanticTurnDetection(eagerness=eagerness):
            reason, patience = _judged(evidence, *_PATIENCE_MS[eagerness])
            return Endpoint(_within(detection, patience), reason)


def _judged(evidence: Evidence, sure: int, perhaps: int, unlikely: int) -> tuple[EndpointReason, int]:
    probability, words = evidence.probability, evidence.words
    if probability is None:
        return EndpointReason.UNASSESSED, unlikely
    if words and breaks_off(words):
        return EndpointReason.UNFINISHED_WORDS, perhaps if probability >= _SURE else unlikely
    if probability >= _SURE:
        return EndpointReason.SURE, sure
    if words or probability >= _LIKELY:
        return EndpointReason.PERHAPS, perhaps
    return EndpointReason.DOUBTFUL, unlikely


def _within(detection: SemanticTurnDetection, patience_ms: int) -> int:
    shortest, longest = detection.shortest_pause_ms, detection.longest_pause_ms
    if longest is not None:
        patience_ms = min(patience_ms, longest)
    return patience_ms if shortest is None else max(patience_ms, shortest)


def breaks_off(words: str) -> bool:
    """True if the words end where a sentence does not: after an article, a preposition, a conjunction, a filler …"""
    spoken = [word.strip(".,;:!?…\"'()-") for word in words.lower().replace("’", "'").split()]
    spoken = [word for word in spoken if word]
    if not spoken:
        return False
    if " ".join(spoken[-2:]) in _ENDS_SO_TOO:
        return False
    # a question may end in such a word: "Who are you?", "Where is it from?"
    asks = words.rstrip().endswith("?")
    return spoken[-1] in _GOES_ON_AFTER and not (asks and spoken[-1] not in _NEVER_LAST)
