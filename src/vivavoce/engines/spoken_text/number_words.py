"""English number words: cardinals, ordinals, years, digits one by one, decimals and fractions.

Pure functions on ints and digit strings; American reading ('one hundred five', no 'and'). Owned by the normaliser.
Numbers beyond `LARGEST` are read digit by digit.
"""

from __future__ import annotations

from typing import Final

LARGEST: Final = 10**18 - 1

_ONES_LIST = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ONES = _ONES_LIST.split()
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """1205 -> 'one thousand two hundred five'."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number > LARGEST:
        return digits(str(number))
    if number == 0:
        return _ONES[0]
    words: list[str] = []
    scale = 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            words = [*_below_thousand(group), *([_SCALES[scale]] if scale else []), *words]
        scale += 1
    return " ".join(words)


def _below_thousand(number: int) -> list[str]:
    words = []
    if number >= 100:
        words += [_ONES[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(_TENS[number // 10])
        number %= 10
    if number:
        words.append(_ONES[number])
    return words


def ordinal(number: int) -> str:
    """21 -> 'twenty first'."""
    words = cardinal(number).split()
    last = words[-1]
    if last in _ORDINALS:
        words[-1] = _ORDINALS[last]
    elif last.endswith("y"):
        words[-1] = f"{last[:-1]}ieth"
    else:
        words[-1] = f"{last}th"
    return " ".join(words)


def year(number: int) -> str:
    """1999 -> 'nineteen ninety nine', 2005 -> 'two thousand five', 2026 -> 'twenty twenty six'."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 2999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(number: int) -> str:
    """1990 -> 'nineteen nineties', 90 -> 'nineties', 2000 -> 'two thousands'."""
    words = (cardinal(number) if number < 100 else year(number)).split()
    words[-1] = f"{words[-1][:-1]}ies" if words[-1].endswith("y") else f"{words[-1]}s"
    return " ".join(words)


def digits(text: str) -> str:
    """'0042' -> 'zero zero four two'; whatever is no digit is passed over."""
    return " ".join(_ONES[int(character)] for character in text if character in "0123456789")


def grouped_digits(text: str) -> str:
    """A long run of digits in groups of three (the last up to four), with a pause after each."""
    groups = []
    while len(text) > 4:
        groups.append(text[:3])
        text = text[3:]
    return ", ".join(digits(group) for group in [*groups, text])


def decimal(text: str) -> str:
    """'1,234.50' -> 'one thousand two hundred thirty four point five zero'; a leading '-' is 'minus'."""
    sign, text = ("minus ", text[1:]) if text[:1] == "-" else ("", text)
    whole, point, fraction = text.replace(",", "").partition(".")
    words = [cardinal(int(whole))] if whole else []
    if point and fraction:
        words += ["point", digits(fraction)]
    return sign + " ".join(words)


def fraction(numerator: int, denominator: int) -> str:
    """(1, 2) -> 'one half', (3, 4) -> 'three quarters', (5, 8) -> 'five eighths'."""
    part = {2: "half", 4: "quarter"}.get(denominator) or ordinal(denominator)
    if numerator != 1:
        part = "halves" if part == "half" else f"{part}s"
    return f"{cardinal(numerator)} {part}"


def roman(numeral: str) -> int:
    """'XIV' -> 14. The numeral must be well formed."""
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in numeral]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )
