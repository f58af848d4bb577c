"""Words with which a listener says no more than that it listens, and what transcribers write for noises.

Pure functions, owned by nobody. Hums are the same in most languages; the words are English.
"""

from __future__ import annotations

from vivavoce.conversation.spoken_words import consists_of, phrases

_BACKCHANNELS = phrases(
    *(
        "uh-huh",
        "uhhuh",
        "uh huh",
        "huh",
        "mm",
        "mmm",
        "mhm",
        "mm-hmm",
        "mmhmm",
        "mm-hm",
        "mm hmm",
        "m-hm",
        "hm",
        "hmm",
    ),
    *("ah", "aha", "ah-ha", "oh", "ooh", "wow", "whoa", "eh", "okay", "okie", "kay", "'kay", "mkay", "k", "right"),
    *("yeah", "yes", "yep", "yup", "sure", "alright", "all right", "cool", "great", "good", "nice", "fine", "perfect"),
    *("lovely", "exactly", "indeed", "true", "totally", "absolutely", "definitely", "certainly", "correct", "awesome"),
    *("i see", "got it", "gotcha", "of course", "that's right", "that's true", "makes sense", "that makes sense"),
    *("sounds good", "sounds great", "very good", "very nice", "oh really", "really", "fair enough", "no problem"),
    *("i know", "i understand", "understood", "interesting", "go on", "go ahead", "thank you", "thanks", "oh yeah"),
    *("yeah sure", "that's good", "that's great", "that's fine", "that's nice", "that sounds good", "good to know"),
)

_BESIDE_THEM = _BACKCHANNELS | phrases(
    "and", "so", "s", "well", "um", "uh", "then", "i", "okay then", "man", "you know"
)
"""Words that may stand between them ("and okay", "oh, s okay")."""

_HALLUCINATIONS = phrases(
    *("you", "the", "a", "and", "so", "bye", "bye-bye", "thanks for watching", "thank you for watching", "i'm sorry"),
    *("please subscribe", "music", "applause", "laughter", "silence", "man", "mom", "mama", "um", "uh", "you know"),
)
"""What transcribers that were trained on films write for a noise, a hum or nothing."""


def is_backchannel(words: list[str]) -> bool:
    """Nothing but such words, however often ("yeah yeah okay, I see")."""
    return consists_of(words, _BESIDE_THEM) and any(word in _SINGLE for word in words)


_SINGLE = frozenset(word for phrase in _BACKCHANNELS for word in phrase) - {"i", "that's", "that", "go", "on"}


def is_hallucination(words: list[str]) -> bool:
    """Nothing but words that are written for noises."""
    return consists_of(words, _HALLUCINATIONS)
