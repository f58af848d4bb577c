"""Which documents a search may look through: conditions on their fields, written as text or as JSON. Pure.

Text is a part of AIP-160 (https://google.aip.dev/160), which xAI's `filter` follows: `author = "Sandra Kim" AND (year
>= 2020 OR year IN (1999, 2001)) AND NOT draft = true`. JSON is the shape of OpenAI's `file_search`: `{"type": "eq",
"key": "author", "value": "Sandra Kim"}`, `{"type": "and", "filters": [...]}`.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

FILTER_CHARACTERS_MAXIMUM = 4_000
CONDITIONS_MAXIMUM = 100
DEPTH_MAXIMUM = 20

Scalar = str | float | int | bool
Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "in"]


class FilterError(ValueError):
    """Not a filter; the message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with one value, or with several for `in`."""

    key: str
    comparison: Comparison
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


Filter = Condition | AllOf | AnyOf | Not

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_JSON_COMPARISONS: Mapping[str, Comparison] = {
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "in": "in",
}


def matches(wanted: Filter | None, fields: Mapping[str, Any]) -> bool:
    """Whether a document with these fields may be looked through.

    A field that is not there equals nothing. A field that is a list matches when one of its values does. Text and
    numbers compare with each other where the text is a number, and are otherwise different.
    """
    match wanted:
        case None:
            return True
        case AllOf(parts=parts):
            return all(matches(part, fields) for part in parts)
        case AnyOf(parts=parts):
            return any(matches(part, fields) for part in parts)
        case Not(part=part):
            return not matches(part, fields)
        case Condition():
            return _holds(wanted, fields.get(wanted.key))


def _holds(condition: Condition, found: Any) -> bool:
    if condition.comparison == "!=":
        return not _holds(Condition(condition.key, "=", condition.values), found)
    several = found if isinstance(found, list | tuple) else [found]
    return any(
        _compares(condition.comparison, each, value)
        for each in several
        for value in condition.values
        if isinstance(each, str | float | int)
    )


def _compares(comparison: Comparison, found: Scalar, value: Scalar) -> bool:
    left, right = _alike(found, value)
    if comparison in ("=", "in"):
        return type(left) is type(right) and left == right
    if type(left) is not type(right) or isinstance(left, bool):
        return False
    return _ORDER[comparison](left, right)


def _alike(left: Scalar, right: Scalar) -> tuple[Scalar, Scalar]:
    """Numbers as numbers, also where one of the two was written as text; truth the same."""
    if isinstance(left, str) and not isinstance(right, str):
        return _read(left), _number(right)
    if isinstance(right, str) and not isinstance(left, str):
        return _number(left), _read(right)
    return _number(left), _number(right)


def _read(written: str) -> Scalar:
    if written.casefold() in ("true", "false"):
        return written.casefold() == "true"
    try:
        return float(written)
    except ValueError:
        return written


def _number(value: Scalar) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# --- JSON -------------------------------------------------------------------------------------------------------------


def filter_of(written: str | Mapping[str, Any] | None) -> Filter | None:
    """A filter from its text or its JSON; None where nothing is asked. Raises `FilterError`."""
    if written is None or not written:
        return None
    if isinstance(written, str):
        return _Reader(written).whole() if written.strip() else None
    return _of_json(written, 1, [0])


def _of_json(written: Any, depth: int, counted: list[int]) -> Filter:
    if not isinstance(written, Mapping):
        raise FilterError("a filter is an object with a 'type'")
    if depth > DEPTH_MAXIMUM:
        raise FilterError(f"nested more than {DEPTH_MAXIMUM} deep")
    kind = written.get("type")
    if kind in ("and", "or"):
        inner = written.get("filters")
        if not isinstance(inner, Sequence) or isinstance(inner, str) or not inner:
            raise FilterError(f"{kind!r} needs 'filters', a list that is not empty")
        parts = tuple(_of_json(each, depth + 1, counted) for each in inner)
        return AllOf(parts) if kind == "and" else AnyOf(parts)
    if kind == "not":
        return Not(_of_json(written.get("filter"), depth + 1, counted))
    negated = kind == "nin"
    comparison = _JSON_COMPARISONS.get("in" if negated else kind) if isinstance(kind, str) else None
    if comparison is None:
        raise FilterError(f"'type' must be one of {', '.join((*_JSON_COMPARISONS, 'nin', 'and', 'or', 'not'))}")
    counted[0] += 1
    if counted[0] > CONDITIONS_MAXIMUM:
        raise FilterError(f"more than {CONDITIONS_MAXIMUM} conditions")
    condition = Condition(_key(written.get("key")), comparison, _values(comparison, written.get("value")))
    return Not(condition) if negated else condition


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise FilterError("'key' must name a field")
    return key


def _values(comparison: Comparison, value: Any) -> tuple[Scalar, ...]:
    values = value if comparison == "in" else [value]
    if not isinstance(values, list | tuple) or not all(isinstance(each, str | float | int) for each in values):
        expected = (
            "a list of texts, numbers, true or false" if comparison == "in" else "a text, a number, true or false"
        )
        raise FilterError(f"'value' must be {expected}")
    if len(values) > CONDITIONS_MAXIMUM:
        raise FilterError(f"more than {CONDITIONS_MAXIMUM} values")
    return tuple(values)


# --- text -------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark><=|>=|!=|==|=|<|>|\(|\)|,|:)|(?P<word>[^\s"'=<>!(),:]+))""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Reader:
    """Reads one filter by recursive descent: OR binds loosest, then AND, then NOT."""

    def __init__(self, written: str) -> None:
        if len(written) > FILTER_CHARACTERS_MAXIMUM:
            raise FilterError(f"longer than {FILTER_CHARACTERS_MAXIMUM} characters")
        self._tokens = _tokens(written)
        self._place = 0
        self._conditions = 0

    def whole(self) -> Filter:
        found = self._any(1)
        if self._place < len(self._tokens):
            raise FilterError(f"unexpected {self._tokens[self._place][1]!r}")
        return found

    def _any(self, depth: int) -> Filter:
        parts = [self._all(depth)]
        while self._takes_word("OR"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._takes_word("AND"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if depth > DEPTH_MAXIMUM:
            raise FilterError(f"nested more than {DEPTH_MAXIMUM} deep")
        if self._takes_word("NOT"):
            return Not(self._one(depth + 1))
        if self._takes_mark("("):
            inner = self._any(depth + 1)
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        self._conditions += 1
        if self._conditions > CONDITIONS_MAXIMUM:
            raise FilterError(f"more than {CONDITIONS_MAXIMUM} conditions")
        kind, key = self._next("the name of a field")
        if kind == "mark":
            raise FilterError(f"a field's name was expected, not {key!r}")
        name = _unquoted(key) if kind == "text" else key
        if self._takes_word("IN"):
            self._expect("(")
            values = [self._value()]
            while self._takes_mark(","):
                values.append(self._value())
            self._expect(")")
            return Condition(name, "in", tuple(values))
        comparisons: Mapping[str, Comparison] = {
            "=": "=", "==": "=", ":": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
        }  # fmt: skip
        _, mark = self._next("a comparison")
        if mark not in comparisons:
            raise FilterError(f"a comparison such as = was expected behind {name[:80]!r}, not {mark!r}")
        return Condition(name, comparisons[mark], (self._value(),))

    def _value(self) -> Scalar:
        kind, written = self._next("a value")
        if kind == "mark":
            raise FilterError(f"a value was expected, not {written!r}")
        if kind == "text":
            return _unquoted(written)
        return _read(written)

    def _next(self, expected: str) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise FilterError(f"{expected} is missing at the end")
        self._place += 1
        return self._tokens[self._place - 1]

    def _takes_word(self, word: str) -> bool:
        return self._takes(("word", word))

    def _takes_mark(self, mark: str) -> bool:
        return self._takes(("mark", mark))

    def _takes(self, token: tuple[str, str]) -> bool:
        there = self._place < len(self._tokens) and self._tokens[self._place] == token
        self._place += there
        return there

    def _expect(self, mark: str) -> None:
        if not self._takes_mark(mark):
            raise FilterError(f"{mark!r} is missing")


def _tokens(written: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    stripped = written.rstrip()
    while place < len(stripped):
        found = _TOKEN.match(stripped, place)
        if found is None:
            raise FilterError(f"cannot be read from {stripped[place : place + 20]!r} on")
        kind = str(found.lastgroup)
        tokens.append((kind, found.group(kind)))
        place = found.end()
    return tokens


def _unquoted(written: str) -> str:
    return _ESCAPED.sub(r"\1", written[1:-1])


def as_text(wanted: Filter) -> str:
    """The filter as text that `filter_of` reads as the same filter."""
    match wanted:
        case AllOf(parts=parts):
            return " AND ".join(f"({as_text(part)})" for part in parts)
        case AnyOf(parts=parts):
            return " OR ".join(f"({as_text(part)})" for part in parts)
        case Not(part=part):
            return f"NOT ({as_text(part)})"
        case Condition(key=key, comparison=comparison, values=values):
            written = [json.dumps(value) if not isinstance(value, str) else _quoted(value) for value in values]
            if comparison == "in":
                return f"{_quoted(key)} IN ({', '.join(written)})"
            return f"{_quoted(key)} {comparison} {written[0]}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
