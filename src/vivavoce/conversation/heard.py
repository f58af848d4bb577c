"""The heard ledger of one reply: which words lie at which millisecond of its audio.

An interrupted agent has said only what was played; history, transcripts and the model's context keep exactly that.
Owned by a reply; lives as long as its item can be truncated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ESTIMATED_MS_PER_CHARACTER = 62
"""Pace of speech assumed for a piece whose end is not known yet (about 16 characters a second)."""


@dataclass(slots=True)
class _Piece:
    text: str
    start_ms: int
    end_ms: int | None

    @property
    def assumed_end_ms(self) -> int:
        return self.end_ms if self.end_ms is not None else self.start_ms + len(self.text) * ESTIMATED_MS_PER_CHARACTER


class HeardLedger:
    """Grows while a reply is sent to the caller; answers what was heard up to a position."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    @property
    def text(self) -> str:
        """Everything of which sending has begun."""
        return _join(piece.text for piece in self._pieces)

    @property
    def end_ms(self) -> int:
        """Where the audio known so far ends."""
        return self._pieces[-1].assumed_end_ms if self._pieces else 0

    def begin_piece(self, text: str, start_ms: int) -> str:
        """Sending of a piece has begun; what it adds to the transcript (with the space before it, if any)."""
        before = self.text
        self._pieces.append(_Piece(text, start_ms, None))
        return self.text[len(before) :]

    def end_piece(self, end_ms: int) -> None:
        """The newest piece ends at `end_ms`."""
        if self._pieces:
            piece = self._pieces[-1]
            piece.end_ms = max(piece.start_ms, end_ms)

    def text_until(self, position_ms: int) -> str:
        """The words that were heard whole when `position_ms` of the reply's audio had been played.

        Inside a piece the position is mapped to words in proportion to their characters.
        """
        heard: list[str] = []
        for piece in self._pieces:
            if position_ms >= piece.assumed_end_ms:
                heard.append(piece.text)
                continue
            if position_ms > piece.start_ms:
                share = (position_ms - piece.start_ms) / (piece.assumed_end_ms - piece.start_ms)
                heard.append(_whole_words(piece.text, int(share * len(piece.text))))
            break
        return _join(text for text in heard if text)


def _whole_words(text: str, characters: int) -> str:
    if characters >= len(text):
        return text
    cut = text[:characters]
    if not text[characters].isspace() and (not cut or not cut[-1].isspace()):
        cut = cut.rpartition(" ")[0]
    return cut.rstrip()


def _join(texts: Iterable[str]) -> str:
    return " ".join(texts)
