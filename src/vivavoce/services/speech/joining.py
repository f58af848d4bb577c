"""Joins the pieces in which a client sends a text: most bring their own white space, some send bare words.

One `TextJoint` belongs to one utterance of a socket and dies with it. Pure.
"""

from __future__ import annotations

WAITING_WORDS = 3
"""So many first pieces without any white space, and they are taken for words."""

_SENTENCE_ENDS = (".", "!", "?", "…")


class TextJoint:
    """Pieces in, text out.

    Language models send pieces of words with their white space; some clients send whole sentences and some single
    words, both without any. Pieces are held until white space is seen or `WAITING_WORDS` of them had none; bare words
    are then joined by spaces, and so are sentences.
    """

    def __init__(self) -> None:
        self._held: list[str] = []
        self._spaced: bool | None = None
        self._last = ""

    def push(self, piece: str) -> str:
        """The text that is certain now; '' while it is not."""
        if self._spaced is None:
            self._held.append(piece)
            if any(character.isspace() for character in piece):
                self._spaced = True
            elif len(self._held) > WAITING_WORDS:
                self._spaced = False
            else:
                return ""
            held, self._held = self._held, []
            return "".join(self._joined(each) for each in held)
        return self._joined(piece)

    def flush(self) -> str:
        """The text is over: what was held."""
        if self._spaced is None:
            self._spaced = False
        held, self._held = self._held, []
        return "".join(self._joined(each) for each in held)

    def _joined(self, piece: str) -> str:
        if not piece:
            return ""
        before, self._last = self._last, piece
        if not before or before[-1].isspace() or not piece[0].isalnum():
            return piece
        if not self._spaced or (before.endswith(_SENTENCE_ENDS) and piece[0].isupper()):
            return f" {piece}"
        return piece
