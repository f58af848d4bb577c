"""Cuts the language model's stream into pieces to speak: the first as early as sensible, then whole sentences.

One `SentenceStream` belongs to one reply and dies with it. Pure and incremental: the pieces do not depend on how the
text was cut into deltas, and joined they are the text itself (white space at the very end aside).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vivavoce.engines.spoken_text.boundaries import LOOK_AHEAD_CHARACTERS, Boundary, Gap, judge
from vivavoce.engines.spoken_text.units import LONGEST_UNIT_CHARACTERS, BlockAhead, Unit, next_unit

SHORTEST_CLAUSE_WORDS: Final = 2
"""A first piece that ends at a comma has at least this many words, else it sounds torn off."""

LONG_SENTENCE_CHARACTERS: Final = 200
"""A sentence longer than this is cut at a clause mark."""

_SHORTEST_LONG_PART_CHARACTERS: Final = 40
_WORD = re.compile(r"\S*\w\S*")
_MARKED_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-])+[,!?]")
_SPACE = re.compile(r"\s*")


@dataclass(slots=True)
class _Walk:
    """How far the buffer has been judged; positions count from its start. `line_start` None: in an earlier piece."""

    line_start: int | None
    position: int = 0
    words: int = 0
    block_searched_to: int = 0
    last_clause_cut: int = 0
    last_cut: int = 0
    last_cut_words: int = 0


class SentenceStream:
    """Text deltas in, pieces out.

    The first piece is a whole sentence, or a clause of half of `first_piece_words`, or at the latest so many words.
    This holds until a clause's words are out, so that no gap follows a first 'Sure.'.
    Later pieces are whole sentences; one longer than `LONG_SENTENCE_CHARACTERS` is cut at a clause mark.
    """

    def __init__(self, *, first_piece_words: int | None = 7) -> None:
        """`first_piece_words` None: the first piece is a whole sentence like every other."""
        if first_piece_words is not None and first_piece_words < 1:
            raise ValueError(f"first_piece_words must be at least 1, not {first_piece_words}")
        self._first_piece_words = first_piece_words or 0
        half = (self._first_piece_words + 1) // 2
        self._clause_words = min(max(SHORTEST_CLAUSE_WORDS, half), self._first_piece_words)
        self._buffer = ""
        self._words_out = 0
        self._walk = _Walk(line_start=0)

    def push(self, text_delta: str) -> list[str]:
        """Append text; the pieces that are now complete. A piece keeps the white space before it."""
        self._buffer += text_delta
        return self._cut_all(text_ended=False)

    def flush(self) -> list[str]:
        """The text is over: what is left. Afterwards the stream is as new."""
        pieces = self._cut_all(text_ended=True)
        if self._buffer.strip():
            pieces.append(self._buffer)
        self._buffer = ""
        self._words_out = 0
        self._walk = _Walk(line_start=0)
        return pieces

    def _cut_all(self, *, text_ended: bool) -> list[str]:
        pieces = []
        while cut := self._next_cut(text_ended):
            piece, self._buffer = self._buffer[:cut], self._buffer[cut:]
            self._words_out += _count_words(piece)
            self._walk = _Walk(line_start=0 if piece.endswith("\n") else None)
            pieces.append(piece)
        return pieces

    def _next_cut(self, text_ended: bool) -> int:
        """Where the next piece ends; 0 while the text does not tell."""
        text, walk = self._buffer, self._walk
        while (start := _skip_space(text, walk.position)) < len(text):
            if walk.position == 0 and "\n" in text[:start]:
                walk.line_start = text.rfind("\n", 0, start) + 1
            if cut := self._cut_behind_mark(start):
                return cut
            unit = next_unit(text, start, walk.block_searched_to, text_ended=text_ended)
            if unit is None:
                walk.block_searched_to = len(text)
                return 0
            if isinstance(unit, BlockAhead):
                return unit.start
            white_end = _skip_space(text, unit.end)
            verdict = self._verdict(start, unit, white_end, text_ended)
            if verdict is Boundary.UNDECIDED or (text_ended and white_end >= len(text)):
                return 0
            if cut := self._take(verdict, start, unit.end, white_end):
                return cut
        return 0

    def _cut_behind_mark(self, start: int) -> int:
        """The first piece ends behind 'sorry,' or 'Hello!' whatever follows: that is a whole token less to wait for."""
        marked = _MARKED_WORD.match(self._buffer, start) if self._words_out < self._clause_words else None
        if marked is None:
            return 0
        enough = marked.group().endswith(("!", "?")) or self._walk.words + 1 >= self._clause_words
        return marked.end() if enough else 0

    def _verdict(self, start: int, unit: Unit, white_end: int, text_ended: bool) -> Boundary:
        text, line_start = self._buffer, self._walk.line_start
        white = text[unit.end : white_end]
        too_long = unit.end - start >= LONGEST_UNIT_CHARACTERS
        if white_end >= len(text) and not text_ended and "\n" not in white and not too_long:
            return Boundary.UNDECIDED
        if unit.is_block:
            return Boundary.SENTENCE
        line = "" if line_start is None else text[line_start : unit.end]
        following = text[white_end : white_end + LOOK_AHEAD_CHARACTERS]
        verdict = judge(Gap(text[start : unit.end], white, following, line, text_ended))
        return Boundary.CLAUSE if too_long and verdict is not Boundary.SENTENCE else verdict

    def _take(self, verdict: Boundary, start: int, end: int, white_end: int) -> int:
        """Pass the gap after [start, end); the cut that it leads to, 0 for none."""
        text, walk = self._buffer, self._walk
        newline = text.find("\n", end, white_end)
        if verdict is Boundary.SENTENCE:
            return end if newline < 0 else newline + 1
        walk.words += _count_words(text[start:end])
        walk.position = white_end
        if newline >= 0:
            walk.line_start = text.rfind("\n", end, white_end) + 1
        return self._cut_within_sentence(verdict, end)

    def _cut_within_sentence(self, verdict: Boundary, end: int) -> int:
        walk = self._walk
        early = self._words_out < self._clause_words
        if verdict is Boundary.CLAUSE:
            if early and walk.words >= self._clause_words:
                return end
            if end <= LONG_SENTENCE_CHARACTERS:
                walk.last_clause_cut = end
        if verdict is not Boundary.NONE and (not early or walk.words <= self._first_piece_words):
            walk.last_cut, walk.last_cut_words = end, walk.words
        cut = self._early_cut(verdict, end) if early and walk.words >= self._first_piece_words else 0
        return cut or (self._long_cut(verdict, end) if end > LONG_SENTENCE_CHARACTERS else 0)

    def _early_cut(self, verdict: Boundary, end: int) -> int:
        """At the word limit: here if words may part here, else a little earlier, else as soon as they may."""
        walk = self._walk
        if walk.last_cut_words * 2 >= self._first_piece_words:
            return walk.last_cut
        return 0 if verdict is Boundary.NONE else end

    def _long_cut(self, verdict: Boundary, end: int) -> int:
        walk = self._walk
        if walk.last_clause_cut >= _SHORTEST_LONG_PART_CHARACTERS:
            return walk.last_clause_cut
        if verdict is Boundary.CLAUSE:
            return end
        if end > 4 * LONG_SENTENCE_CHARACTERS:
            return walk.last_cut or end
        return walk.last_cut if end > 2 * LONG_SENTENCE_CHARACTERS else 0


def sentences_of(text: str) -> list[str]:
    """A whole text as pieces: sentences, none much longer than `LONG_SENTENCE_CHARACTERS`."""
    stream = SentenceStream(first_piece_words=None)
    return [*stream.push(text), *stream.flush()]


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _count_words(text: str) -> int:
    return sum(1 for _ in _WORD.finditer(text))
