"""The words of a turn while it is spoken: what the latest interim transcripts say, and what was told of them.

The wire's deltas cannot be taken back, so only words that two interims in a row agree on are told. A value of a turn's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class InterimWords:
    """`latest`: the newest interim transcript. `told`: what the client knows, which only grows."""

    latest: str = ""
    told: str = ""
    _stable: str = ""

    def grow(self, text: str) -> None:
        """Take a new interim transcript."""
        self._stable = _common_words(self.latest, text)
        self.latest = text

    def tell_stable(self) -> str:
        """What may be told of the latest interims; from now on it counts as told."""
        return self.tell(self._stable)

    def tell(self, text: str) -> str:
        """What has not been told of a text yet; '' when the told words turned out otherwise."""
        if not text.startswith(self.told) or len(text) <= len(self.told):
            return ""
        delta = text[len(self.told) :]
        self.told = text
        return delta


def _common_words(former: str, latter: str) -> str:
    """The words that both texts begin with."""
    words: list[str] = []
    for one, other in zip(former.split(), latter.split(), strict=False):
        if one != other:
            break
        words.append(other)
    return " ".join(words)
