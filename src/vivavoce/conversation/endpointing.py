"""How long a pause may last before the caller's turn is over.

With a fixed silence (`server_vad`) the answer is in the settings. Otherwise the pause is put into a class by two
witnesses, the turn detector's probability and the words so far, and `eagerness` says what the class means in ms. The
sound alone is not enough: smart-turn v3.2 gives "hello" less than 0.1, and 0.99 to the first half of a telephone
number. How long this caller's own pauses are stretches the classes in which nobody is sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.dictation import Dictation, dictation
from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection, ServerVad, TurnDetection
from vivavoce.conversation.short_answers import asks_yes_or_no, is_closed_phrase, is_short_answer
from vivavoce.conversation.unfinished_words import breaks_off, hesitates

SURE = 0.5
"""From this probability on the turn detector believes that the turn is over."""

LIKELY = 0.15
"""Below, it believes that it is not."""


class EndpointReason(StrEnum):
    """Why a turn was judged over, when it was."""

    SILENCE = "silence"
    SHORT_ANSWER = "short_answer"
    CLOSED_PHRASE = "closed_phrase"
    SURE = "sure"
    PERHAPS = "perhaps"
    DICTATED = "dictated"
    DICTATION = "dictation"
    DOUBTFUL = "doubtful"
    UNASSESSED = "unassessed"
    UNTRANSCRIBED = "untranscribed"
    UNFINISHED_WORDS = "unfinished_words"
    HESITATION = "hesitation"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a pause. `probability` and `words` None: the detector, or the transcript, is not there yet.

    `agent_said`: what the agent said last, as it was heard. `pauses_ms`: pauses after which this caller went on, the
    latest of the call. `language`: of the words, None for English; rules that are made of English words are left out
    for others.
    """

    probability: float | None = None
    words: str | None = None
    agent_said: str = ""
    pauses_ms: tuple[int, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The turn is over when the silence has lasted this long since the last speech."""

    patience_ms: int
    reason: EndpointReason


@dataclass(frozen=True, slots=True)
class _Patience:
    """Milliseconds for each class of pause, the surest first."""

    quick: int
    sure: int
    perhaps: int
    doubtful: int
    dictating: int
    longest: int


_PATIENCE: dict[Eagerness, _Patience] = {
    Eagerness.HIGH: _Patience(160, 220, 400, 520, 700, 900),
    Eagerness.AUTO: _Patience(200, 280, 520, 700, 1000, 1400),
    Eagerness.MEDIUM: _Patience(280, 360, 700, 960, 1400, 2000),
    Eagerness.LOW: _Patience(400, 600, 1200, 1600, 2400, 3600),
}


def endpoint(detection: TurnDetection, evidence: Evidence) -> Endpoint:
    """How long to wait, and what that is judged by."""
    match detection:
        case ServerVad(silence_duration_ms=silence_duration_ms):
            return Endpoint(silence_duration_ms, EndpointReason.SILENCE)
        case SemanticTurnDetection(eagerness=eagerness):
            judged = _judged(evidence, _PATIENCE[eagerness])
            if judged.reason in _UNCERTAIN:
                judged = Endpoint(_suited(judged.patience_ms, evidence.pauses_ms), judged.reason)
            return Endpoint(_within(detection, judged.patience_ms), judged.reason)


def _judged(evidence: Evidence, patience: _Patience) -> Endpoint:
    probability, words = evidence.probability, evidence.words
    sure = probability is not None and probability >= SURE
    if words and (stated := _stated(words, evidence, patience, sure=sure)) is not None:
        return stated
    if probability is None:
        return Endpoint(patience.longest, EndpointReason.UNASSESSED)
    unlikely = probability < LIKELY
    if words is None:
        # the answer needs the words: until they are there, waiting costs nothing
        return Endpoint(patience.longest if unlikely else patience.perhaps, EndpointReason.UNTRANSCRIBED)
    if sure:
        return Endpoint(patience.sure, EndpointReason.SURE)
    if not unlikely:
        return Endpoint(patience.perhaps, EndpointReason.PERHAPS)
    return Endpoint(patience.doubtful if words else patience.longest, EndpointReason.DOUBTFUL)


def _stated(words: str, evidence: Evidence, patience: _Patience, *, sure: bool) -> Endpoint | None:
    """What the words say by themselves; None if they could be a whole sentence and could go on."""
    english = evidence.language is None or evidence.language.casefold().startswith("en")
    if english and is_short_answer(words) and asks_yes_or_no(evidence.agent_said):
        return Endpoint(patience.quick, EndpointReason.SHORT_ANSWER)
    if english and is_closed_phrase(words):
        return Endpoint(patience.quick, EndpointReason.CLOSED_PHRASE)
    if english and hesitates(words):
        return Endpoint(patience.longest, EndpointReason.HESITATION)
    match dictation(words, evidence.agent_said):
        case Dictation.UNDER_WAY if words.rstrip().endswith("?"):  # a question about a number, not the number itself
            return Endpoint(patience.perhaps, EndpointReason.DICTATION)
        case Dictation.UNDER_WAY:
            return Endpoint(patience.dictating, EndpointReason.DICTATION)
        case Dictation.COMPLETE:
            return Endpoint(patience.sure, EndpointReason.DICTATED)
        case Dictation.NONE:
            pass
    if english and breaks_off(words):
        return Endpoint(patience.doubtful if sure else patience.longest, EndpointReason.UNFINISHED_WORDS)
    return None


# --- the caller's own way of speaking -------------------------------------------------------------------------------

_UNCERTAIN = frozenset(
    {
        EndpointReason.PERHAPS,
        EndpointReason.DICTATION,
        EndpointReason.DOUBTFUL,
        EndpointReason.UNFINISHED_WORDS,
        EndpointReason.HESITATION,
    }
)
_FEWEST_PAUSES = 3
_BEYOND_THE_LONGEST = 1.25
_MOST = 1.6


def _suited(patience_ms: int, pauses_ms: tuple[int, ...]) -> int:
    """More for a caller who often pauses long in mid-sentence: a quarter above all but the longest of the pauses."""
    if len(pauses_ms) < _FEWEST_PAUSES:
        return patience_ms
    usual_ms = sorted(pauses_ms)[len(pauses_ms) * 3 // 4 - 1]
    return min(max(patience_ms, round(usual_ms * _BEYOND_THE_LONGEST)), round(patience_ms * _MOST))


def _within(detection: SemanticTurnDetection, patience_ms: int) -> int:
    shortest, longest = detection.shortest_pause_ms, detection.longest_pause_ms
    if longest is not None:
        patience_ms = min(patience_ms, longest)
    return patience_ms if shortest is None else max(patience_ms, shortest)
