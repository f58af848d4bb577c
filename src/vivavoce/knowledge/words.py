"""The words of a question that are worth looking for: without those that every text has. Pure."""

from __future__ import annotations

import re

WORDS_MAXIMUM = 32

_WORD = re.compile(r"[^\W_]+")
_EVERYWHERE = frozenset(
    """a about am an and any are as at be been but by can can't could d did do does don't for from get give had has have
    hello hi how i if in is it its ll m may me much must my of ok okay on or our please re s shall should so some t
    tell that the their them then there these they this those to us ve want was we were what when where which who whom
    why will with would you your""".split()
)
_STEM = 5


def words_of(text: str) -> list[str]:
    """Its words in small letters, each once, in order, at most 32. When all are common ones, they themselves."""
    words = list(dict.fromkeys(_WORD.findall(text.casefold())))
    rare = [word for word in words if word not in _EVERYWHERE]
    return (rare or words)[:WORDS_MAXIMUM]


def telling_words(text: str) -> list[str]:
    """The same, but none when all are common ones."""
    return [word for word in words_of(text) if word not in _EVERYWHERE]


def stem(word: str) -> str:
    """What forms of a word have in common, roughly."""
    return word[:_STEM] if len(word) > _STEM else word.removesuffix("s")


def stems_of(text: str) -> set[str]:
    """All its words so."""
    return {stem(word) for word in _WORD.findall(text.casefold())}
