"""Whether words stop where a sentence does not: after an article, a preposition, a conjunction, a filler ...

Pure functions, owned by nobody. The lists are English.
"""

from __future__ import annotations

from vivavoce.conversation.dictation import is_ordinal
from vivavoce.conversation.spoken_words import begins_with, ends_with, phrases, spoken_words

_GOES_ON_AFTER = frozenset(
    """
    a an the my your his her its our their this these those
    and or but nor so because if when while although though unless until than as that which who whose whom
    of to for from in on at by with without about into onto over under between through during near
    is are was were be been being am have has had do does did will would can could shall should may might must
    i'm you're we're they're i'd i'll i've it's that's there's
    i you we they he she like also very really just
    """.split()
)
"""Words that hardly ever end a sentence: what follows them is still to come."""

_ENDS_SO_TOO = phrases(
    "I am", "you are", "he is", "she is", "it is", "we are", "they are", "I do", "I have", "thank you"
)
"""Two words that do end a sentence although the last one alone seldom does ("Yes, I am.")."""

_NEVER_LAST = frozenset("a an the my your our their and or but because if".split())
"""Words that do not even end a question."""

_HESITATIONS = phrases(
    *(
        "um",
        "uh",
        "ah",
        "eh",
        "er",
        "erm",
        "hmm",
        "hm",
        "umm",
        "uhm",
        "well",
        "let me see",
        "let's see",
        "let me think",
    ),
    *("let me check", "let me look", "let me have a look", "hold on", "hang on", "one moment", "one second", "i guess"),
    *("just a moment", "just a second", "give me a second", "give me a moment", "give me a minute", "what was it"),
    *("you know", "i mean", "i think"),
)
"""What callers say while they look for words, or for their glasses."""

_HELD_OPEN_BY = phrases("if", "unless", "although", "though", "while", "even if", "even though")
"""A sentence that begins so has a second half, behind a comma."""

_LONGEST_NAMED_THING = 3
"""Words of "my account number": somebody begins to say what it is."""


def hesitates(words: str) -> bool:
    """True if the last thing said only holds the floor ("um", "let me see")."""
    return ends_with(spoken_words(words), _HESITATIONS)


def breaks_off(words: str) -> bool:
    """True if the words end where a sentence does not."""
    spoken = spoken_words(words)
    if not spoken:
        return False
    if hesitates(words):
        return True
    if ends_with(spoken, _ENDS_SO_TOO):
        return False
    written = words.rstrip()
    if written.endswith((",", "...", "…")):
        return True  # the transcriber, too, waits for the rest
    if begins_with(spoken, _HELD_OPEN_BY) and "," not in written and not written.endswith("?"):
        return True
    if spoken[0] == "my" and len(spoken) <= _LONGEST_NAMED_THING:
        return True
    if len(spoken) > 1 and spoken[-2] == "the" and is_ordinal(spoken[-1]):
        return True
    # a question may end in such a word: "Who are you?", "Where is it from?"
    asks = written.endswith("?")
    return spoken[-1] in _GOES_ON_AFTER and not (asks and spoken[-1] not in _NEVER_LAST)
