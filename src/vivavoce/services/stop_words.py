"""Ends a text before the first of some stop sequences (`stop` of Chat Completions). Pure; one a generation."""

from __future__ import annotations

from collections.abc import Sequence


class StopWords:
    """Feed it the text piece by piece. What could be the beginning of a stop sequence is held back until it is clear.

    A stop sequence itself is never given out, nor anything behind it. Empty sequences are ignored.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = [sequence for sequence in sequences if sequence]
        self._held = ""
        self.met = False

    def feed(self, piece: str) -> str:
        """What may be said now. From `met` on it is nothing."""
        if self.met:
            return ""
        text = self._held + piece
        # The one that is whole first counts, so that it does not matter how the text came in pieces.
        found = [(place + len(each), place) for each in self._sequences if (place := text.find(each)) >= 0]
        if found:
            self.met = True
            self._held = ""
            return text[: min(found)[1]]
        kept = self._beginning_of_a_sequence(text)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> str:
        """The text is over: what was held back was no stop sequence after all."""
        rest, self._held = self._held, ""
        return rest

    def _beginning_of_a_sequence(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a sequence."""
        return max((_overlap(text, sequence) for sequence in self._sequences), default=0)


def _overlap(text: str, sequence: str) -> int:
    longest = min(len(text), len(sequence) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(sequence[:length])), 0)
