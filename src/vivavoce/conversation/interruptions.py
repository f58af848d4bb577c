"""What counts as barge-in: whether the caller's speech stops the agent.

The sound alone cannot tell "uh-huh" from "wait", so the words decide, as soon as there are any: from interim
transcripts while the caller speaks, for good at the first pause. A short sound whose words say nothing known is what a
transcriber makes of a hum or a noise ("mm-hmm" became "Man.", an engine "Thanks for watching!"), and stops nobody. The
lists are English; in other languages the agent falls silent for all but hums and the shortest sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.agent_echo import is_echo
from vivavoce.conversation.backchannels import is_backchannel, is_hallucination
from vivavoce.conversation.replies import Reply
from vivavoce.conversation.settings import Settings
from vivavoce.conversation.short_answers import asks_yes_or_no
from vivavoce.conversation.spoken_words import begins_with, phrases, spoken_words

FAINT_DB = -12.0
"""Speech this much below the caller's usual loudness is somebody else's, further from the microphone."""

SHORTEST_WORD_MS = 128
"""Less sound than this is no word, whatever is written down for it."""

SHORTEST_UNKNOWN_MS = 640
"""Words that are neither known for taking the floor nor many count from this length on: shorter hums sound alike."""

LONGEST_MISHEARD_MS = 900
"""A backchannel that becomes one or two other words within this length was only written down otherwise."""

ENOUGH_WORDS = 4
"""So many words that are no backchannel interrupt, however quickly they were said."""

ENOUGH_WORDS_AT_LENGTH = 3
"""The same for a sound of `SHORTEST_UNKNOWN_MS`, before the caller has paused."""


class Verdict(StrEnum):
    """What a sound over the agent's voice means.

    `UNCLEAR`: wait for more. `HARMLESS`: so far it is nothing, and the agent may go on meanwhile.
    """

    INTERRUPTS = "interrupts"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"
    FAINT = "faint"
    NOISE = "noise"
    UNCLEAR = "unclear"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Overheard:
    """A sound of the caller while the agent speaks.

    `final`: the caller has paused, these are all the words. `spoken_ms` 0: nobody has measured it. `agent_said`: what
    of the reply has been played, and `agent_saying`: with what was sent since. `language`: of the words, None for
    English. `seemed_harmless`: what was heard of this sound before was nothing.
    """

    words: str
    final: bool
    spoken_ms: int
    level_db: float | None
    agent_said: str
    agent_saying: str
    language: str | None = None
    seemed_harmless: bool = False


def speech_interrupts(settings: Settings, reply: Reply | None) -> bool:
    """True if speech that starts now must stop `reply`: it is under way, and the session lets callers interrupt."""
    if reply is None or not reply.interruptible or settings.turn_detection is None:
        return False
    return settings.turn_detection.interrupt_response


def judged(overheard: Overheard) -> Verdict:
    """What the sound means, by its words."""
    words = spoken_words(overheard.words)
    ignored = _ignored(words, overheard)
    if ignored is None:
        return _meant(words, overheard)
    if overheard.final:
        return ignored
    return Verdict.UNCLEAR if ignored is Verdict.NOISE else Verdict.HARMLESS


def _ignored(words: list[str], overheard: Overheard) -> Verdict | None:
    """Why the sound is not for the agent; None if it may be."""
    if not words or 0 < overheard.spoken_ms < SHORTEST_WORD_MS:
        return Verdict.NOISE
    if overheard.level_db is not None and overheard.level_db < FAINT_DB:
        return Verdict.FAINT
    if is_echo(words, overheard.agent_saying, exactly=_takes_the_floor(words)):
        return Verdict.ECHO
    if is_hallucination(words):
        return Verdict.NOISE
    if is_backchannel(words):
        # after a question that asks for yes or no, the same words are its answer
        asked = just_asked(overheard.agent_saying, overheard.agent_said)
        return None if asked and asks_yes_or_no(asked) else Verdict.BACKCHANNEL
    return None


def _meant(words: list[str], overheard: Overheard) -> Verdict:
    if is_backchannel(words):  # an answer: but "yes" may become "yes, and ..."
        return Verdict.INTERRUPTS if overheard.final else Verdict.UNCLEAR
    if _takes_the_floor(words) or len(words) >= ENOUGH_WORDS:
        return Verdict.INTERRUPTS
    if overheard.seemed_harmless and len(words) < ENOUGH_WORDS_AT_LENGTH and overheard.spoken_ms < LONGEST_MISHEARD_MS:
        return Verdict.BACKCHANNEL if overheard.final else Verdict.HARMLESS
    long = overheard.spoken_ms >= SHORTEST_UNKNOWN_MS
    if long and (overheard.final or len(words) >= ENOUGH_WORDS_AT_LENGTH):
        return Verdict.INTERRUPTS
    if not overheard.final:
        return Verdict.UNCLEAR
    asked = just_asked(overheard.agent_saying, overheard.agent_said)
    return Verdict.INTERRUPTS if asked or _is_foreign(overheard.language) else Verdict.NOISE


# --- taking the floor -----------------------------------------------------------------------------------------------

_TAKES_THE_FLOOR = phrases(
    *("wait", "weight", "stop", "no", "nope", "nah", "hold on", "hold it", "hold up", "hang on", "sorry", "excuse me"),
    *("excuse", "pardon", "actually", "but", "what", "why", "how", "when", "where", "who", "which", "whose", "listen"),
    *("hello", "hey", "cancel", "quiet", "shut up", "enough", "that's enough", "repeat", "say that again", "slower"),
    *("slow down", "not that", "not the", "not this", "not so", "that's not", "that isn't", "it's not", "i don't"),
    *("i didn't", "i won't", "i can't", "i want", "i need", "i meant", "i would like", "i'd like"),
    *("can you", "can i", "can we", "could you", "could i", "would you", "do you", "does it", "is there", "is it"),
    *("are there", "are you", "let me", "let's", "never mind", "forget it", "one moment", "one second"),
    *("just a", "give me", "tell me", "go back", "know that", "help", "goodbye", "one question", "question"),
)
"""What callers begin with when they mean to speak. "Know that" is "no, that" to a transcriber."""

_STOPS = frozenset("stop wait".split())
_FEWEST_SURE_STOP = 4
_OPENERS = phrases(
    *(
        "oh",
        "ah",
        "um",
        "uh",
        "er",
        "well",
        "so",
        "and",
        "okay",
        "yeah",
        "yes",
        "right",
        "sure",
        "alright",
        "all right",
    ),
    *("the", "you", "a"),
)


def _takes_the_floor(words: list[str]) -> bool:
    """Such a phrase stands at the beginning, or behind one word that says nothing ("okay, but")."""
    if begins_with(words, _TAKES_THE_FLOOR):
        return True
    after = (words[len(opener) :] for opener in _OPENERS if tuple(words[: len(opener)]) == opener)
    behind = any(begins_with(rest, _TAKES_THE_FLOOR) for rest in after)
    return behind or (len(words) < _FEWEST_SURE_STOP and bool(_STOPS & set(words)))


# --- what the agent has asked ---------------------------------------------------------------------------------------

_NEARLY_ASKED_CHARACTERS = 14
"""So much of a question the caller need not have heard to answer it."""

_SINCE_ASKED_CHARACTERS = 32
"""For so long after its question an agent that goes on is still answered: two seconds."""


def just_asked(sent: str, heard: str) -> str:
    """The agent up to the question that it has just asked, or is at the end of asking; '' if there is none."""
    end = sent.rfind("?", 0, len(heard) + _NEARLY_ASKED_CHARACTERS)
    if end < 0 or len(heard) - end > _SINCE_ASKED_CHARACTERS:
        return ""
    between = sent[len(heard) : end]
    return "" if any(mark in between for mark in ".!") else sent[: end + 1]


def _is_foreign(language: str | None) -> bool:
    return language is not None and not language.casefold().startswith("en")
