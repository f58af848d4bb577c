"""Numbers that a caller has said digit by digit, written as one: small models lose or double digits. English. Pure."""

from __future__ import annotations

import re

_DIGITS = {word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine".split())}
_DIGITS["oh"] = "0"
_ONE = rf"(?:\d|{'|'.join(_DIGITS)})"
_ROW = re.compile(rf"(?<![\w.]){_ONE}(?:(?:[,.]?\s+|-){_ONE}){{2,}}(?![\w]|[.,]\d)", re.IGNORECASE)
_EACH = re.compile(_ONE, re.IGNORECASE)


def with_numbers_joined(text: str) -> str:
    """Rows of three digits and more become one number: "order one, two, three" is "order 123"."""
    return _ROW.sub(lambda row: "".join(_DIGITS.get(each.lower(), each) for each in _EACH.findall(row[0])), text)
