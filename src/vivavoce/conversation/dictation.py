"""What callers say piece by piece: numbers, spelled names, e-mail addresses, dates. Where in it do they stand?

The intonation falls after every group of digits, so the turn detector takes each for the end; only the words, and what
the agent has asked for, tell that more is to come. Pure functions, owned by nobody. The words are English; digits and
addresses are the same in every language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from vivavoce.conversation.spoken_words import ends_with, last_sentence, phrases, spoken_words


class Dictation(Enum):
    """Where in it the caller stands. `NONE`: nothing of the kind is being said."""

    NONE = auto()
    UNDER_WAY = auto()
    COMPLETE = auto()


def dictation(words: str, agent_said: str = "") -> Dictation:
    """What the words so far are, in answer to what the agent has said."""
    asked = set(spoken_words(last_sentence(agent_said)))
    found = [rule(words, asked) for rule in (_of_address, _of_letters, _of_digits, _of_date)]
    for stand in (Dictation.COMPLETE, Dictation.UNDER_WAY):
        if stand in found:
            return stand
    return Dictation.NONE


# --- e-mail addresses -----------------------------------------------------------------------------------------------

_ENDINGS = (
    "com|org|net|edu|gov|info|biz|name|io|ai|app|dev|me|tv|eu|"
    "uk|us|ca|au|nz|ie|de|at|ch|fr|es|it|nl|be|pt|pl|se|no|dk|fi|in|jp|br|mx"
)
_ENDING = re.compile(rf"(?:\.|\bdot\s+)(?:{_ENDINGS})$")
_WHOLE_ADDRESS = re.compile(rf"(?:@|\bat\b).*{_ENDING.pattern}")
_PART_OF_ADDRESS = re.compile(r"\w@|@\w|\bunderscore\b|\w\s+dot\s+\w|\w\s+dot$|\w\.\w+ at$")
_GIVES_ADDRESS = re.compile(r"\b(?:my|his|her|our|their|the) email(?: address)?(?: is|'s)\b")
_ADDRESS = frozenset({"email", "address"})
_NO_ADDRESS = frozenset("don't not no why what can can't which same".split())


def _of_address(words: str, asked: set[str]) -> Dictation:
    spoken = spoken_words(words)
    said = " ".join(spoken)
    begun = _PART_OF_ADDRESS.search(said) or _GIVES_ADDRESS.search(said)
    if _WHOLE_ADDRESS.search(said) or (begun and _ENDING.search(said)):
        return Dictation.COMPLETE
    answers = "email" in asked and bool(spoken) and not _NO_ADDRESS & set(spoken)
    return Dictation.UNDER_WAY if answers or begun else Dictation.NONE


# --- spelled words --------------------------------------------------------------------------------------------------

_NOT_SPELLED = frozenset("a.m p.m u.s u.k u.s.a i.d t.v o.k p.s e.g i.e".split())
_SPELLS = frozenset("spell spelled spelt spelling letters".split())
_FEWEST_LETTERS = 2
_FEWEST_LETTERS_OF_A_NAME = 3
_ANNOUNCES_SPELLING = phrases("spelled", "spelt", "spell it", "spell that")


def _of_letters(words: str, asked: set[str]) -> Dictation:
    spoken = spoken_words(words)
    name, before = _spelled_at_the_end(spoken)
    if len(name) >= _FEWEST_LETTERS_OF_A_NAME and name in before:
        return Dictation.COMPLETE
    expected = _SPELLS & (asked | set(spoken)) or spoken[-3:-1] == ["as", "in"]
    if len(name) >= (1 if expected else _FEWEST_LETTERS):
        return Dictation.UNDER_WAY
    announced = expected and ends_with(spoken, _ANNOUNCES_SPELLING)
    return Dictation.UNDER_WAY if announced else Dictation.NONE


def _spelled_at_the_end(spoken: list[str]) -> tuple[str, list[str]]:
    """The letters that the words end in, and the words before them."""
    letters, left = "", spoken
    while left:
        if len(left) > 2 and left[-3:-1] == ["as", "in"]:  # "b as in boy"
            letters, left = left[-1][0] + letters, left[:-4]
        elif found := _letters_of(left[-1]):
            letters, left = found + letters, left[:-1]
        else:
            break
    return letters, left


def _letters_of(word: str) -> str:
    """The letters of "k", "k-a-t" and "k.a.t"; "a.m." and other words are none."""
    parts = [part for part in re.split(r"[-.,]", word) if part]
    spelled = all(len(part) == 1 and part.isalpha() for part in parts)
    return "".join(parts) if spelled and word not in _NOT_SPELLED else ""


# --- numbers --------------------------------------------------------------------------------------------------------

_DIGITS = frozenset("zero oh o nought one two three four five six seven eight nine".split())
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SOUND_LIKE_DIGITS = frozenset("to too for ate won".split())
_REPEATS = {"double": 1, "triple": 2}
_WRITTEN_DIGITS = re.compile(r"\+?[\do]*\d[\do]*(?:[-./][\do]+)*")
_SAID_SINGLY = re.compile(r"0.+|.*o.*|.*\d-\d.*")
"""How a transcriber writes digits that were said one by one; "447" could be an amount."""

_LENGTHS = {
    **dict.fromkeys(("phone", "telephone", "mobile", "cell", "cellphone", "number"), frozenset({10, 11})),
    **dict.fromkeys(("card", "credit"), frozenset({15, 16})),
    **dict.fromkeys(("zip", "postal"), frozenset({5, 9})),
    **dict.fromkeys(("ends", "ending", "last", "pin"), frozenset({4})),
}
"""How many digits such a number has, where that is known. What is named first decides; the last digits before all."""

_NUMBERED = frozenset(_LENGTHS) - {"ends", "ending", "last"} | frozenset(
    "digits account order code postcode reference confirmation booking policy serial id invoice tracking".split()
)
_UNASKED_LENGTHS = frozenset({10, 11, 16})
_FEWEST_SINGLE_DIGITS = 3
_FEWEST_DIGITS = 5
_ANNOUNCES_NUMBER = phrases("number", "code", "digits")
_FIRST_WORDS = frozenset("my the it's its".split())


@dataclass(frozen=True, slots=True)
class _Digits:
    """The number that the words end in. `singly`: how many of the digits were said one by one."""

    count: int
    singly: int


def _of_digits(words: str, asked: set[str]) -> Dictation:
    spoken = [part for word in spoken_words(words) for part in _unhyphenated(word)]
    digits = _digits_at_the_end(spoken)
    named = _NUMBERED & (asked | set(spoken))
    if not digits.count:
        announced = (
            ends_with(spoken, _ANNOUNCES_NUMBER) and spoken[0] in _FIRST_WORDS and not words.rstrip().endswith("?")
        )
        return Dictation.UNDER_WAY if announced else Dictation.NONE
    if digits.count in _lengths(asked | set(spoken)):
        return Dictation.COMPLETE
    long = digits.singly >= _FEWEST_SINGLE_DIGITS or _digits_of(spoken[-1]) >= _FEWEST_DIGITS
    return Dictation.UNDER_WAY if named or long else Dictation.NONE


def _lengths(named: set[str]) -> frozenset[int]:
    for names in (("ends", "ending", "last", "pin"), ("zip", "postal"), ("card", "credit")):
        if named & set(names):
            return _LENGTHS[names[0]]
    return _LENGTHS["phone"] | _UNASKED_LENGTHS


def _digits_at_the_end(spoken: list[str]) -> _Digits:
    count, singly = 0, 0
    for at in range(len(spoken) - 1, -1, -1):
        word = spoken[at]
        if word in _SOUND_LIKE_DIGITS and count and at and _digits_of(spoken[at - 1]):
            found = 1
        elif word in _REPEATS and count:
            found = _REPEATS[word]
        else:
            found = _digits_of(word)
        if not found:
            break
        singly += found if found == 1 or _SAID_SINGLY.fullmatch(word) else 0
        count += found
    return _Digits(count, singly)


def _digits_of(word: str) -> int:
    if word in _DIGITS:
        return 1
    if word in _TEENS or word in _TENS:
        return 2
    return sum(character.isalnum() for character in word) if _WRITTEN_DIGITS.fullmatch(word) else 0


def _unhyphenated(word: str) -> list[str]:
    """ "thirty-three" is two words, "555-12" is one."""
    parts = word.split("-")
    return parts if all(part.isalpha() for part in parts) else [word]


# --- dates ----------------------------------------------------------------------------------------------------------

_MONTHS = frozenset("january february march april may june july august september october november december".split())
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight noon".split())
_ORDINALS = frozenset(
    """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth thirtieth
    """.split()
)
_WRITTEN_ORDINAL = re.compile(
    r"(?:\w+-)?(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
)
_BIRTH = frozenset("birthday birth born birthdate".split())
_YEAR = re.compile(r"\b(?:(?:19|20)\d\d|(?:nineteen|twenty)[ -](?:\w+teen|\w+ty|ten|oh|eleven|twelve)\b|two thousand)")
_UNTIL = frozenset("to until till through".split())


def is_ordinal(word: str) -> bool:
    """ "23rd", "twenty-third", "third"."""
    return word in _ORDINALS or _WRITTEN_ORDINAL.fullmatch(word) is not None


def _of_date(words: str, asked: set[str]) -> Dictation:
    spoken = spoken_words(words)
    dated = any(word in _MONTHS or word in _DAYS or is_ordinal(word) for word in spoken)
    if not dated:
        return Dictation.NONE
    if _BIRTH & (asked | set(spoken)):
        return Dictation.COMPLETE if _YEAR.search(" ".join(spoken)) else Dictation.UNDER_WAY
    half = spoken[0] == "from" and not _UNTIL & set(spoken)
    return Dictation.UNDER_WAY if half else Dictation.NONE
