"""Whether a code, a number or an address was said, as people say it and recognisers write it. Pure.

A caller says "A as in apple, double five, twenty-three"; a recogniser writes "a is in apple", "a 55 23", "A-5523" or
"eight five five two three". What was said is a row of words, and each word stands for several spellings; a value was
said when some of the spellings, one after the other, make it up. Words that only help along are passed over.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files

_TOKEN = re.compile(r"\d+|[^\W\d_]+")
PHRASE_WORDS_MAXIMUM = 9
LANGUAGES = ("de", "es", "fr", "it", "nl", "pt")
"""Besides English, whose numbers are read word by word; of these, the numbers up to 99."""

_DIGITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = {word: number for number, word in enumerate((*_DIGITS, *_TEENS))}
_SMALL |= {word: 10 * number for number, word in enumerate(_TENS, 2)}
_SMALL |= {"fourty": 40, "dozen": 12}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1
    )
}
_REPEATED = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}

_LETTERS = {
    "a": "ay hey eh",
    "b": "bee be bi",
    "c": "see sea si cee",
    "d": "dee de di the",
    "e": "ee he",
    "f": "ef eff if",
    "g": "gee ji",
    "h": "aitch ach haitch age",
    "i": "eye aye",
    "j": "jay",
    "k": "kay cay okay",
    "l": "el ell",
    "m": "em am",
    "n": "en an and",
    "o": "oh owe",
    "p": "pee pea",
    "q": "queue cue kew",
    "r": "are ar our",
    "s": "ess es as",
    "t": "tee tea ti",
    "u": "you",
    "v": "vee we",
    "w": "dub",
    "x": "ex eggs axe",
    "y": "why wye",
    "z": "zee zed said set",
}
_ALPHABET = (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
).split()
_HEARD_DIGITS = {
    "0": "oh o nought naught null nil",
    "1": "won wan",
    "2": "to too tu",
    "3": "tree free",
    "4": "for fore",
    "5": "fife",
    "6": "sicks",
    "8": "ate",
    "9": "niner nein",
}
_PASSED_OVER = frozenset(
    "uh um er erm ah so well like and then dash hyphen minus slash backslash space dot point period full stop comma "
    "colon underscore plus hash pound sign symbol at capital uppercase lowercase upper lower case letter number digit "
    "digits no nr is it's as in with www http https".split()
)
_INSTANCE = (("as", "in"), ("is", "in"), ("as",), ("like",), ("for",), ("wie",), ("comme",))
"""What stands between a letter and the word that begins with it."""


def compact(text: str) -> str:
    """Letters and digits only, in one case and without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def words_of(texts: Iterable[str]) -> list[str]:
    """The words and the runs of digits, in one case and without accents."""
    said: list[str] = []
    for text in texts:
        plain = unicodedata.normalize("NFKD", text).casefold()
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
        said += _TOKEN.findall(plain.replace("'", ""))
    return said


def was_said(value: str, words: Sequence[str]) -> bool:
    """Whether `words` (of `words_of`) say `value`, which is not empty, from some word on."""
    target = compact(value)
    if not target:
        return False
    return any(_says(target, words, start) for start, word in enumerate(words) if _may_begin(target, word))


def _may_begin(target: str, word: str) -> bool:
    return word[0] == target[0] or word in _beginnings(target[0])


@cache
def _beginnings(first: str) -> frozenset[str]:
    """The words that are no spelling but may stand for something that begins so."""
    words = {word for word, spellings in _single_words().items() if any(each[0] == first for each in spellings)}
    numbers = {each[0] for each, number in _phrases().items() if number[0] == first}
    return frozenset(words | numbers | set(_REPEATED) | (set(_SMALL) if first.isdigit() else set()))


def _says(target: str, words: Sequence[str], start: int) -> bool:
    """Walks through the pairs (letters done, words used) that can be reached; each once."""
    open_pairs = [(0, start)]
    seen = set(open_pairs)
    while open_pairs:
        done, at = open_pairs.pop()
        if done == len(target):
            return True
        for spelling, after in _readings(words, at, begun=done > 0):
            if not target.startswith(spelling, done):
                continue
            pair = done + len(spelling), after
            if pair not in seen:
                seen.add(pair)
                open_pairs.append(pair)
    return False


def _readings(words: Sequence[str], at: int, *, begun: bool) -> Iterator[tuple[str, int]]:
    """What the words from `at` on may stand for: a spelling, and the word after it."""
    if at >= len(words):
        return
    word = words[at]
    yield word, at + 1
    for spelling in _single_words().get(word, ()):
        yield spelling, at + 1
        yield spelling, _past_instance(words, at + 1, spelling)
    if len(word) == 1:
        yield word, _past_instance(words, at + 1, word)
    if begun and word in _PASSED_OVER:
        yield "", at + 1
    if word == "double" and words[at + 1 : at + 2] in (["you"], ["u"]):
        yield "w", _past_instance(words, at + 2, "w")
    if word in _REPEATED and at + 1 < len(words):
        for spelling, after in _readings(words, at + 1, begun=False):
            if len(spelling) == 1:
                yield spelling * _REPEATED[word], after
    yield from _numbers(words, at)


def _past_instance(words: Sequence[str], at: int, letter: str) -> int:
    """Past "as in apple" after an a; else where it was."""
    for bridge in _INSTANCE:
        after = at + len(bridge)
        if tuple(words[at:after]) == bridge and after < len(words) and words[after].startswith(letter):
            return after + 1
    return at


def _numbers(words: Sequence[str], at: int) -> Iterator[tuple[str, int]]:
    word = words[at]
    if word in _SMALL or word in _ORDINALS or word == "a" or (word.isdecimal() and len(word) <= 3):
        for after in range(at + 1, min(at + PHRASE_WORDS_MAXIMUM, len(words)) + 1):
            number = _english(words[at:after])
            if number is not None:
                yield str(number), after
    for length in range(1, 5):
        known = _phrases().get(tuple(words[at : at + length]))
        if known is not None:
            yield known, at + length


def _english(words: Sequence[str]) -> int | None:
    """The number that all of the words say together; None where they say none, or several."""
    total, group, last = 0, 0, 0
    for index, word in enumerate(words):
        if word == "and":
            if index in (0, len(words) - 1) or words[index - 1] not in _LARGE:
                return None
            continue
        if word in _LARGE:
            size = _LARGE[word]
            if not group or (last and last <= size and size > 100) or (size == 100 and group >= 100):
                return None
            if size == 100:
                group *= size
            else:
                total, group, last = total + group * size, 0, size
            continue
        number = _unit(word, is_first=index == 0)
        if number is None or (group and not _fits(group, number)):
            return None
        group += number
    return total + group


def _unit(word: str, *, is_first: bool) -> int | None:
    if word == "a":
        return 1 if is_first else None
    if word.isdecimal():
        return int(word) if len(word) <= 3 else None
    return _SMALL.get(word, _ORDINALS.get(word))


def _fits(group: int, number: int) -> bool:
    """Whether a number may be added to what was said before it: "twenty" and "three", "two hundred" and "five"."""
    return (group % 100 == 0 and number < 100) or (group % 100 >= 20 and group % 10 == 0 and 0 < number < 10)


@cache
def _single_words() -> dict[str, tuple[str, ...]]:
    """Spellings of letters and digits, and of words of which a recogniser makes something else."""
    spellings: dict[str, set[str]] = {}
    for letter, words in _LETTERS.items():
        for word in words.split():
            spellings.setdefault(word, set()).add(letter)
    for word in _ALPHABET:
        spellings.setdefault(word, set()).add(word[0])
    for digit, words in _HEARD_DIGITS.items():
        for word in words.split():
            spellings.setdefault(word, set()).add(digit)
    spellings.setdefault("eight", set()).add("a")
    return {word: tuple(sorted(each)) for word, each in spellings.items()}


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    """Numbers up to 99 in other languages, as rows of words."""
    written = json.loads((files("vivavoce.tools") / "spoken_numbers.json").read_text(encoding="utf-8"))
    told = {}
    for language in LANGUAGES:
        for number, words in enumerate(written[language]):
            told[tuple(words_of([words]))] = str(number)
    return told
