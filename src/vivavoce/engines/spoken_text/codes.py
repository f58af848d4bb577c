"""Reads numbers that name something digit by digit: telephone numbers, order numbers, versions, 'BA249'.

Pure text functions, steps of the normaliser.
"""

from __future__ import annotations

import re

from vivavoce.engines.spoken_text.number_words import cardinal, digits, grouped_digits

_PHONE = re.compile(
    r"(?<![\w.,-])(?P<plus>\+)?(?P<groups>\(?\d{1,4}\)?(?:[\s.-]\s?\(?\d{2,4}\)?){1,5})(?![\w-]|[.,]\d)"
    r"|(?<!\w)(?P<plus_run>\+)(?P<run>\d{7,15})(?!\w)"
)
_KNOWN_SHAPES = (
    re.compile(r"\d{3}[-. ]\d{4}"),
    re.compile(r"\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}"),
    re.compile(r"\d[-. ]\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}"),
    re.compile(r"\d{3}-\d{2}-\d{4}"),
    re.compile(r"\d{4}([ -])\d{4}(?:\1\d{4})+(?:\1\d{2,4})?"),
    re.compile(r"0\d{1,4}(?: \d{2,4}){1,4}"),
    re.compile(r"\d{2}(?:-\d{2}){2,}"),
)
_NAMED = re.compile(
    r"\b((?:order|pin|code|passcode|password|account|room|extension|flight|invoice|ticket|case|reference|ref|"
    r"confirmation|zip|zipcode|postcode|tracking|booking|reservation|serial|card|id|ending|otp|suite|gate)"
    r"(?:\s+(?:number|code|id|is|was|in|are|with|no))*\s*[:#]?\s*#?)(\d{3,})(?![\w%°]|[.,]\d|\s?[-/]\d)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?<![\w.])([vV])?(\d+(?:\.\d+){2,})(?!\w)")
_DECIMAL_AFTER_NAME = re.compile(r"(?<!\w)([A-Za-z]{2,})-?(?=\d+\.\d)")
_VERSION = re.compile(r"(?<![\w.])[vV](?:ersion )?\s?(\d+(?:\.\d+)?)(?![\w.]\w|\w)")
_MIXED = re.compile(r"(?<![\w'])[A-Za-z\d]+(?:[-_][A-Za-z\d]+)*(?![\w'])")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Za-z]")
_MIXED_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*|\d+")
_LONE_A = re.compile(r"(?<![\w-])A (?=[a-z])")
_LONG_RUN = re.compile(r"(?<![\w.,])(\d{5,}|0\d+)(?!\w|[.,]\d)")


def read_telephone_numbers(text: str) -> str:
    """'+1 (555) 123-4567' -> 'plus one, five five five, one two three, four five six seven'; card numbers too."""
    return _PHONE.sub(_telephone, text)


def read_codes(text: str) -> str:
    """Numbers after 'code', 'order', 'room' …; versions and IP addresses; words of letters and digits."""
    text = _NAMED.sub(lambda m: f"{m[1].rstrip('#')}{grouped_digits(m[2]) if len(m[2]) > 6 else digits(m[2])}", text)
    text = _DECIMAL_AFTER_NAME.sub(r"\1 ", text)
    text = _DOTTED.sub(_dotted, text)
    text = _VERSION.sub(r"version \1", text)
    return _MIXED.sub(_mixed, text)


def read_long_numbers(text: str) -> str:
    """'48213' -> 'four eight two one three'; round ones such as 50000 stay numbers, '007' does not."""
    return _LONG_RUN.sub(_long_run, text)


def _telephone(match: re.Match[str]) -> str:
    if match["run"]:
        return f"plus {grouped_digits(match['run'])}"
    groups = match["groups"]
    long_enough = bool(match["plus"]) and sum(character.isdigit() for character in groups) >= 7
    if not long_enough and not any(shape.fullmatch(groups) for shape in _KNOWN_SHAPES):
        return match.group()
    spoken = ", ".join(digits(group) for group in re.findall(r"\d+", groups))
    return f"plus {spoken}" if match["plus"] else spoken


def _dotted(match: re.Match[str]) -> str:
    parts = match[2].split(".")
    if len(parts) == 4:
        return " dot ".join(digits(part) for part in parts)
    spoken = " point ".join(cardinal(int(part)) if part[0] != "0" or part == "0" else digits(part) for part in parts)
    return f"version {spoken}" if match[1] else spoken


def _mixed(match: re.Match[str]) -> str:
    """'A4' -> 'A-four', 'H2O' -> 'H-two-O', 'BA249' -> 'B-A two four nine'; three digits make it a code."""
    text = match.group()
    if text.isalpha() or text.isdigit() or not (_DIGIT.search(text) and _LETTER.search(text)):
        return text
    parts = _MIXED_PART.findall(text)
    is_code = (
        any(len(part) >= 3 and part[-2:] != "00" for part in parts if part.isdigit())
        or sum(part.isdigit() for part in parts) > 1
    )
    spoken = []
    for part in parts:
        if part.isdigit():
            spoken.append(digits(part) if is_code or part[0] == "0" else cardinal(int(part)).replace(" ", "-"))
        else:
            spoken.append("-".join(part) if part.isupper() and (is_code or len(part) == 1) else part)
    return _LONE_A.sub("A-", " ".join(spoken)) if is_code else "-".join(spoken)


def _long_run(match: re.Match[str]) -> str:
    text = match[1]
    if text[0] == "0" or not text.endswith("000"):
        return grouped_digits(text) if len(text) > 6 else digits(text)
    return cardinal(int(text))
