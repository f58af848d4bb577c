"""What counts as barge-in: whether the caller's speech stops the agent.

The sound alone cannot tell "uh-huh" from "wait", so the words decide, as soon as there are any: from interim
transcripts while the caller speaks, for good at the first pause. The lists are English; in other languages all but the
shortest utterances interrupt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.replies import Reply
from vivavoce.conversation.settings import Settings

FAINT_DB = -14.0
"""Speech this much below the caller's usual loudness is somebody else's, further from the microphone."""

SHORTEST_UNKNOWN_MS = 280
"""Unknown words of a shorter sound are what a transcriber makes of a noise."""


class Verdict(StrEnum):
    """What a sound over the agent's voice means. `UNCLEAR`: wait for more."""

    INTERRUPTS = "interrupts"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"
    FAINT = "faint"
    NOISE = "noise"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Overheard:
    """A sound of the caller while the agent speaks.

    `final`: the caller has paused, these are all the words. `agent_said`: what of the reply has been played, and
    `agent_saying`: with what was sent since. `agent_asks`: the agent is at the end of a question.
    """

    words: str
    final: bool
    spoken_ms: int
    level_db: float | None
    agent_said: str
    agent_saying: str
    agent_asks: bool


def speech_interrupts(settings: Settings, reply: Reply | None) -> bool:
    """True if speech that starts now must stop `reply`: it is under way, and the session lets callers interrupt."""
    if reply is None or not reply.interruptible or settings.turn_detection is None:
        return False
    return settings.turn_detection.interrupt_response


def judged(overheard: Overheard) -> Verdict:
    """What the sound means, by its words."""
    words = _words(overheard.words)
    if not words:
        return Verdict.NOISE if overheard.final else Verdict.UNCLEAR
    if overheard.level_db is not None and overheard.level_db < FAINT_DB:
        return Verdict.FAINT if overheard.final else Verdict.UNCLEAR
    if _is_echo(words, overheard):
        return Verdict.ECHO if overheard.final else Verdict.UNCLEAR
    if _takes_the_floor(words):
        return Verdict.INTERRUPTS
    if _is_backchannel(words):
        if overheard.agent_asks:
            return Verdict.INTERRUPTS if overheard.final else Verdict.UNCLEAR
        return Verdict.BACKCHANNEL if overheard.final else Verdict.UNCLEAR
    if len(words) >= _ENOUGH_WORDS:
        return Verdict.INTERRUPTS
    if not overheard.final:
        return Verdict.UNCLEAR
    return Verdict.INTERRUPTS if overheard.spoken_ms >= SHORTEST_UNKNOWN_MS else Verdict.NOISE


_ENOUGH_WORDS = 3
"""So many words that are no backchannel interrupt, before the caller has paused."""

_BACKCHANNELS = frozenset(
    """
    uh-huh uhhuh huh mm mmm mhm mm-hmm mmhmm mm-hm hm hmm ah oh aha ooh wow okay ok k right yeah yes yep yup sure
    alright cool great good nice fine perfect exactly indeed true totally absolutely definitely
    """.split()
)

_BACKCHANNEL_PHRASES = frozenset(
    {
        "i see",
        "got it",
        "all right",
        "of course",
        "that's right",
        "makes sense",
        "sounds good",
        "very good",
        "oh really",
    }
)

_FLOOR_WORDS = frozenset(
    """
    wait stop no nope hold hang sorry excuse pardon actually but what why how when where who which
    listen hello hey cancel quiet enough repeat slower
    """.split()
)
"""A first word with which callers take the floor."""


def _words(text: str) -> list[str]:
    spoken = (word.strip('.,;:!?…"()-') for word in text.casefold().replace("’", "'").split())
    return [word for word in spoken if word]


def _takes_the_floor(words: list[str]) -> bool:
    return words[0] in _FLOOR_WORDS or (len(words) > 1 and words[0] in _BACKCHANNELS and words[1] in _FLOOR_WORDS)


def _is_backchannel(words: list[str]) -> bool:
    """Nothing but such words, however often ("yeah yeah okay, I see")."""
    left = words
    while left:
        if " ".join(left[:2]) in _BACKCHANNEL_PHRASES:
            left = left[2:]
        elif left[0] in _BACKCHANNELS or left[0].replace("-", "") in _BACKCHANNELS:
            left = left[1:]
        else:
            return False
    return True


def _is_echo(words: list[str], overheard: Overheard) -> bool:
    """The agent's own words coming back: most of them, in order, in what was just said."""
    said = _words(overheard.agent_saying)[-_ECHO_WORDS:]
    if len(words) < _FEWEST_ECHO_WORDS or not said:
        return False
    return _in_order(words, said) >= _ECHO_SHARE * len(words)


_ECHO_WORDS = 40
_FEWEST_ECHO_WORDS = 2
_ECHO_SHARE = 0.7


def _in_order(words: list[str], said: list[str]) -> int:
    """How many of the words occur in `said` in the same order (longest common subsequence)."""
    row = [0] * (len(said) + 1)
    for word in words:
        diagonal = 0
        for index, other in enumerate(said, 1):
            above = row[index]
            row[index] = diagonal + 1 if word == other else max(row[index], row[index - 1])
            diagonal = above
    return row[-1]
