"""JSON Schemas of tools (draft 2020-12): checked when they are declared, compiled once, never fetched. Pure.

Schemas come from agents, clients and MCP servers, values from a model. Neither may hold up the event loop: a pattern
that could take time without bound is left unchecked, and no pattern is tried on a long text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing.exceptions import Unresolvable
from referencing.jsonschema import EMPTY_REGISTRY

COMPILED_MAXIMUM = 512
PATTERN_TEXT_MAXIMUM = 256
UNBOUNDED_MAXIMUM = 3
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|(?<!\\)\{\d*,\}")
_GROUP_REPEATED = re.compile(r"\((?P<body>[^()]*)\)(?:[*+]|\{\d*,?\d*\})")
_CLASS = re.compile(r"(?<!\\)\[\^?\]?(?:\\.|[^\]\\])*\]")


class UnusableSchemaError(ValueError):
    """Arguments cannot be checked against it. `path`: where the fault is, such as `properties.id.type`."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def is_tame(pattern: str) -> bool:
    """Whether a regular expression is sure to be quick on a short text. Says no rather too often."""
    plain = _CLASS.sub("x", pattern)
    while repeated := _GROUP_REPEATED.search(plain):
        body = repeated["body"]
        if "|" in body or "?" in body.removeprefix("?:") or _UNBOUNDED.search(body) or "{" in body:
            return False
        plain = plain[: repeated.start()] + "x+" + plain[repeated.end() :]
    if re.search(r"\)(?:[*+]|\{)", plain) or re.search(r"\\[1-9]|\(\?P=", plain):
        return False
    return len(_UNBOUNDED.findall(plain)) <= UNBOUNDED_MAXIMUM


def _pattern(_: Validator, pattern: str, instance: object, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, str) or len(instance) > PATTERN_TEXT_MAXIMUM or not is_tame(pattern):
        return
    if not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return True  # ECMA 262, which schemas are written in, has words that Python has not.


def _unchecked(*_: object) -> Iterator[ValidationError]:
    return iter(())


_Checker: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _pattern, "patternProperties": _unchecked}
)


@lru_cache(maxsize=COMPILED_MAXIMUM)
def compiled(schema: str) -> Validator:
    """The validator of a schema as JSON text. Raises `UnusableSchemaError`."""
    try:
        read = json.loads(schema or "{}")
    except (ValueError, RecursionError) as error:
        raise UnusableSchemaError("the schema is not JSON") from error
    check_schema(read)
    return _validator(read)


def check_schema(schema: object) -> None:
    """A schema of an object, which refers to nothing outside itself. Raises `UnusableSchemaError`."""
    if not isinstance(schema, Mapping):
        raise UnusableSchemaError("must be a JSON Schema object")
    if schema.get("type", "object") != "object":
        raise UnusableSchemaError("the type of a tool's parameters is 'object'", "type")
    try:
        Draft202012Validator.check_schema(dict(schema))
        _check_references(schema, ())
        next(_validator(schema).iter_errors({}), None)
    except SchemaError as error:
        path = ".".join(str(step) for step in error.absolute_path)
        raise UnusableSchemaError(f"is not valid JSON Schema: {error.message[:200]}", path) from error
    except Unresolvable as error:
        raise UnusableSchemaError("refers to a part of the schema that is not there") from error
    except RecursionError as error:
        raise UnusableSchemaError("refers to itself without end") from error


def _check_references(node: object, path: tuple[str, ...]) -> None:
    if isinstance(node, Mapping):
        for name in ("$ref", "$dynamicRef"):
            told = node.get(name)
            if isinstance(told, str) and not told.startswith("#"):
                raise UnusableSchemaError("may refer only to its own parts, by '#/…'", ".".join((*path, name)))
        for name, inner in node.items():
            _check_references(inner, (*path, str(name)))
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for index, inner in enumerate(node):
            _check_references(inner, (*path, str(index)))


def _validator(schema: Mapping[str, Any]) -> Validator:
    validator: Validator = _Checker(schema, registry=EMPTY_REGISTRY)
    return validator
