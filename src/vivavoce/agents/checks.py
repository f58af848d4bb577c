"""The checks that values of this room make of their fields. Each raises `InvalidFieldError`, which names the field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

METADATA_KEYS_MAXIMUM = 50
METADATA_BYTES_MAXIMUM = 16_384
JSON_DEPTH_MAXIMUM = 64
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class InvalidFieldError(ValueError):
    """A field has a value that it cannot have. `param` is its path, such as `tools[3].name`."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param
        self.message = message


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """At most 50 keys and 16 KiB as JSON."""
    at_most("metadata", len(metadata), METADATA_KEYS_MAXIMUM, "keys")
    at_most("metadata", json_bytes("metadata", metadata), METADATA_BYTES_MAXIMUM, "bytes of JSON")


def json_bytes(param: str, value: Mapping[str, Any]) -> int:
    """How long the value is as JSON. Raises `InvalidFieldError` for what cannot be kept, or is nested too deeply."""
    _check_json(param, value, 1)
    try:
        return len(json.dumps(dict(value), allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidFieldError(param, f"must be a JSON object: {error}") from error


def _check_json(param: str, value: Any, depth: int) -> None:
    # Serializers give up on deep nesting (pydantic at 255): such a value could be stored but never shown.
    if isinstance(value, str):
        storable(param, value)
    elif isinstance(value, Mapping):
        at_most(param, depth, JSON_DEPTH_MAXIMUM, "levels of nesting")
        for name, inner in value.items():
            storable(param, str(name))
            _check_json(param, inner, depth + 1)
    elif isinstance(value, list | tuple):
        at_most(param, depth, JSON_DEPTH_MAXIMUM, "levels of nesting")
        for inner in value:
            _check_json(param, inner, depth + 1)


def text(param: str, value: str, maximum: int) -> None:
    """Not empty, not too long, and storable: neither database keeps a NUL or half of a surrogate pair."""
    if not value.strip():
        raise InvalidFieldError(param, "must not be empty")
    optional_text(param, value, maximum)


def optional_text(param: str, value: str, maximum: int) -> None:
    at_most(param, len(value), maximum, "characters")
    storable(param, value)


def storable(param: str, value: str) -> None:
    if "\x00" in value:
        raise InvalidFieldError(param, "must not contain the character U+0000")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidFieldError(param, "must not contain half of a surrogate pair") from error


def at_most(param: str, count: int, maximum: int, unit: str) -> None:
    if count > maximum:
        raise InvalidFieldError(param, f"at most {maximum} {unit}, got {count}")


def within(param: str, value: float, limits: tuple[float, float]) -> None:
    lowest, highest = limits
    if not lowest <= value <= highest:
        raise InvalidFieldError(param, f"must be between {lowest} and {highest}, got {value}")


def one_of(param: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidFieldError(param, f"must be one of {', '.join(allowed)}, got {value[:80]!r}")


def matching(param: str, value: str, pattern: re.Pattern[str], description: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidFieldError(param, f"must be {description}, got {value[:80]!r}")
