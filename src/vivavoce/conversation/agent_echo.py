"""The agent's own words coming back: by the caller's loudspeaker and microphone, and through a transcriber.

Owned by nobody: pure functions on words. Echo cancelling takes most of it out of the sound; what is left is broken, so
the words are compared one by one and, where they were misheard, letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from vivavoce.conversation.spoken_words import spoken_words

_LATEST_WORDS = 40
_FEWEST_WORDS = 2
_SHARE_OF_WORDS = 0.7
_FEWEST_LETTERS = 6
_MOST_LETTERS = 60
_SHARE_OF_LETTERS = 0.8


def is_echo(words: list[str], agent_said: str, *, exactly: bool = False) -> bool:
    """Most of the words, in order, in what the agent has just said.

    `exactly`: they must be the same words; otherwise they may be misheard ones.
    """
    said = spoken_words(agent_said)[-_LATEST_WORDS:]
    if len(words) < _FEWEST_WORDS or not said:
        return False
    if _in_order(words, said) >= _SHARE_OF_WORDS * len(words):
        return True
    return not exactly and _sounds_like(words, said)


def _sounds_like(words: list[str], said: list[str]) -> bool:
    """Whether the letters of the words are, in order, most of as many letters anywhere in what was said."""
    letters = _letters(words)
    if not _FEWEST_LETTERS <= len(letters) <= _MOST_LETTERS:
        return False
    spoken = _letters(said)
    starts = range(0, max(1, len(spoken) - len(letters) + 1), 2)
    return any(
        _in_order(letters, spoken[start : start + len(letters) + 2]) >= _SHARE_OF_LETTERS * len(letters)
        for start in starts
    )


def _letters(words: list[str]) -> str:
    return "".join(character for word in words for character in word if character.isalnum())


def _in_order(these: Sequence[str], those: Sequence[str]) -> int:
    """How many of these occur among those in the same order (longest common subsequence)."""
    row = [0] * (len(those) + 1)
    for one in these:
        diagonal = 0
        for index, other in enumerate(those, 1):
            above = row[index]
            row[index] = diagonal + 1 if one == other else max(row[index], row[index - 1])
            diagonal = above
    return row[-1]
