"""Where a sentence may be cut: judges one gap between two words.

Pure functions over the word before the gap, the gap and what follows it. Owned by `sentences`, which walks the gaps.
A verdict never changes when more text arrives: where that could happen the verdict is `UNDECIDED`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from vivavoce.engines.spoken_text.abbreviations import MONTHS, SENTENCE_STARTERS, WEEKDAYS, stop_belongs_to

LOOK_AHEAD_CHARACTERS = 80
OPENERS = "\"'“‘«([{*_`~¿¡「『（"
CLOSERS = "\"'”’»)]}*_`~」』）"
WIDE_STOPS = "。！？；｡"
_STOPS = re.compile(r"[.!?…‽。！？；｡]+$")
_CLAUSE_END = re.compile(r"(?:[,;:，、：—]|–|--)$")
_DASHES = frozenset({"-", "–", "—", "--", "―"})
_BLOCK_LINE = re.compile(r"\s*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|>|\||[-=*_]{3,}\s*$)")
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[A-Za-z])")
_JOINED_TO_NUMBER = re.compile(r"[\d$€£¥#%+°&@/=<>×]")
_FUNCTION_WORD_LIST = (
    "a an and are as at be because but by can for from has have if in into is its it's my nor of off on or our out "
    "over per so than that the their to under until was were which who will with your his her no not very"
)
_FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())


class Boundary(Enum):
    """How good a place for a cut is: not at all, between words, after a clause, after a sentence; or not known yet."""

    NONE = auto()
    WORD = auto()
    CLAUSE = auto()
    SENTENCE = auto()
    UNDECIDED = auto()


@dataclass(frozen=True, slots=True)
class Gap:
    """The gap after `word`. `line` is the text of the line up to the gap; `following` may stop in mid-word."""

    word: str
    white: str
    following: str
    line: str
    text_ended: bool

    @property
    def knows_next_character(self) -> bool:
        return bool(self.following) or self.text_ended

    @property
    def next_word(self) -> str | None:
        """The word after the gap, or None while it is not whole."""
        parts = self.following.split(None, 1)
        if len(parts) == 2 or self.text_ended or (parts and self.following[-1:].isspace()):
            return parts[0] if parts else ""
        return None


def judge(gap: Gap) -> Boundary:
    """The verdict on `gap`. The sentence verdict is the strongest; a weaker one holds only if it is not reached."""
    verdict = _sentence_verdict(gap)
    if verdict in {Boundary.SENTENCE, Boundary.UNDECIDED}:
        return verdict
    newline = _newline_verdict(gap)
    if newline is not Boundary.NONE:
        return newline
    if verdict is Boundary.CLAUSE:
        return verdict
    return _clause_or_word_verdict(gap)


def _sentence_verdict(gap: Gap) -> Boundary:
    core = gap.word.rstrip(CLOSERS)
    closers = gap.word[len(core) :]
    match = _STOPS.search(core)
    if match is None:
        return Boundary.NONE
    stops = match.group()
    word = core[: match.start()].lstrip(OPENERS)
    if stops == "." and word:
        return _full_stop_verdict(gap, word, closers)
    if any(stop in stops for stop in "!?‽") or stops[-1] in WIDE_STOPS:
        return _unless_lowercase_follows(gap) if closers else Boundary.SENTENCE
    return _unless_lowercase_follows(gap, otherwise=Boundary.CLAUSE)


def _unless_lowercase_follows(gap: Gap, otherwise: Boundary = Boundary.NONE) -> Boundary:
    after_openers = gap.following.lstrip(OPENERS)
    if not after_openers and not gap.text_ended and len(gap.following) < LOOK_AHEAD_CHARACTERS:
        return Boundary.UNDECIDED
    return otherwise if after_openers[:1].islower() else Boundary.SENTENCE


def _full_stop_verdict(gap: Gap, word: str, closers: str) -> Boundary:
    if _LIST_NUMBER.fullmatch(word) and gap.line.strip() == gap.word:
        return Boundary.NONE
    belongs = stop_belongs_to(word)
    if belongs == "word" and not closers:
        return Boundary.NONE
    if belongs == "number":
        if not gap.knows_next_character:
            return Boundary.UNDECIDED
        return Boundary.NONE if gap.following[:1].isdigit() or gap.following[:1] == "#" else Boundary.SENTENCE
    if belongs == "perhaps" and not closers:
        return _after_abbreviation(gap, word)
    if closers or (word.isalpha() and len(word) < 4):
        return _unless_lowercase_follows(gap)
    return Boundary.SENTENCE


def _after_abbreviation(gap: Gap, word: str) -> Boundary:
    """'etc.', 'a.m.', 'U.S.', 'J.', 'Nov.': is a new sentence beginning?"""
    if not gap.knows_next_character:
        return Boundary.UNDECIDED
    first = gap.following[:1]
    if not first.isalpha():
        return Boundary.NONE if first.isdigit() else Boundary.SENTENCE
    if first.islower():
        return Boundary.NONE
    next_word = gap.next_word
    if next_word is None:
        return Boundary.UNDECIDED
    bare = next_word.strip(OPENERS + CLOSERS + ".,;:!?…")
    if bare.replace("’", "'").lower() in SENTENCE_STARTERS:
        return Boundary.SENTENCE
    closes = word.lower() in {"etc", "a.m", "p.m"} and not bare.isupper() and bare[:3] not in {*MONTHS, *WEEKDAYS}
    return Boundary.SENTENCE if closes else Boundary.NONE


def _newline_verdict(gap: Gap) -> Boundary:
    lines = gap.white.count("\n")
    if lines == 0:
        return Boundary.NONE
    if lines > 1 or _BLOCK_LINE.match(gap.line):
        return Boundary.SENTENCE
    if not gap.knows_next_character:
        return Boundary.UNDECIDED
    return Boundary.NONE if gap.following[:1].islower() else Boundary.SENTENCE


def _clause_or_word_verdict(gap: Gap) -> Boundary:
    if not gap.knows_next_character:
        return Boundary.UNDECIDED
    core = gap.word.rstrip(CLOSERS)
    first = gap.following[:1]
    is_clause = bool(_CLAUSE_END.search(core)) or gap.word in _DASHES
    if is_clause:
        within_number = first.isdigit() and (gap.word in _DASHES or any(c.isdigit() for c in core))
        return Boundary.NONE if within_number else Boundary.CLAUSE
    return Boundary.WORD if gap.white and _words_may_part(gap, core, first) else Boundary.NONE


def _words_may_part(gap: Gap, core: str, first: str) -> bool:
    """False where a cut would split what is read as one: 'Dr. Smith', '5 km', 'San Francisco', 'to the | bank'."""
    bare = core.strip(OPENERS + ".").lower()
    return (
        not _JOINED_TO_NUMBER.search(gap.word)
        and not _JOINED_TO_NUMBER.match(first)
        and not core.endswith(".")
        and bare not in _FUNCTION_WORDS
        and (first.isalpha() or first in OPENERS)
        and not (gap.word[:1].isupper() and first.isupper() and bare != "i")
    )
