"""What the voice is given for a piece of a reply: the piece without markup, written out in words.

One `SpokenForm` belongs to one reply and dies with it, like the `SentenceStream` whose pieces it takes.
"""

from __future__ import annotations

from vivavoce.engines.spoken_text.markup import MarkupFilter
from vivavoce.engines.spoken_text.normalisation import normalise


class SpokenForm:
    """Takes the pieces of one reply in order; remembers code fences that are open."""

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._markup = MarkupFilter()

    def of(self, piece: str) -> str:
        """The words to speak for `piece`; '' where it holds nothing to say (a code fence, an emoji)."""
        return normalise(self._markup.push(piece), self._language)
