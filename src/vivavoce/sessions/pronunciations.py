"""How a session wants phrases pronounced: the written phrase stays in the transcript, the voice gets the spoken one.

After xAI's `replace`: regardless of case, whole words only, the longest phrase wins. A substitution between slashes is
in phonetic alphabet. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vivavoce.media.phonetic_words import written_word


class Pronunciations:
    """Made of pairs of (written, spoken); for one reply."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._spoken = {_folded(written): written_word(spoken) for written, spoken in pairs if written.split()}
        longest_first = sorted(self._spoken, key=len, reverse=True)
        phrases = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in longest_first)
        self._pattern = re.compile(rf"(?<!\w)(?:{phrases})(?!\w)", re.IGNORECASE) if phrases else None

    def spoken(self, text: str) -> str:
        """The text with every phrase as it is to be said. What was put in is not looked at again."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._spoken.get(_folded(found[0]), found[0]), text)


def _folded(phrase: str) -> str:
    return " ".join(phrase.lower().split())
