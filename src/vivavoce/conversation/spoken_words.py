"""Words as they sound: how transcripts are cut into words for the rules about what callers and agents say.

Pure functions, owned by nobody. Transcribers differ in case, punctuation and apostrophes; the rules do not see that.
"""

from __future__ import annotations

import re

_EDGES = ".,;:!?…\"'“”‘’()[]-–—"
_SAME_WORD = {
    "yea": "yeah",
    "yah": "yeah",
    "ya": "yeah",
    "okey": "okay",
    "o.k": "okay",
    "ok": "okay",
    "e-mail": "email",
}
_MARKS = re.compile(r"[,;:!?…]+(?!\d)")
_SENTENCE_END = re.compile(r"[.!?…]+\s+")

Phrases = frozenset[tuple[str, ...]]


def spoken_words(text: str) -> list[str]:
    """The words without case and without the punctuation around them; "O.K." and "ok" are "okay"."""
    words = (word.strip(_EDGES) for word in _MARKS.sub(" ", text.casefold().replace("’", "'")).split())
    return [_SAME_WORD.get(word, word) for word in words if word]


def phrases(*written: str) -> Phrases:
    """A table of phrases, written as they are spoken."""
    return frozenset(tuple(spoken_words(one)) for one in written)


def ends_with(words: list[str], table: Phrases) -> bool:
    """Whether a phrase of the table stands at the end."""
    return any(len(phrase) <= len(words) and tuple(words[len(words) - len(phrase) :]) == phrase for phrase in table)


def begins_with(words: list[str], table: Phrases) -> bool:
    """Whether a phrase of the table stands at the beginning."""
    return any(tuple(words[: len(phrase)]) == phrase for phrase in table)


def consists_of(words: list[str], table: Phrases) -> bool:
    """Whether the words are nothing but phrases of the table, one after the other; False for no words."""
    longest = max((len(phrase) for phrase in table), default=0)
    reached = {0}
    for end in range(1, len(words) + 1):
        sizes = range(1, min(longest, end) + 1)
        if any(end - size in reached and tuple(words[end - size : end]) in table for size in sizes):
            reached.add(end)
    return bool(words) and len(words) in reached


def last_sentence(text: str) -> str:
    """The last sentence of a text, with its mark."""
    return _SENTENCE_END.split(text.rstrip())[-1]
