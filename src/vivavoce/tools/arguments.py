"""Arguments of a tool as a model wrote them: read, put right where that does no harm, checked against the schema. Pure.

What cannot be put right is told to the model in one sentence, so that it can try again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn

from jsonschema.exceptions import ValidationError, best_match
from referencing.exceptions import Unresolvable

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError
from vivavoce.tools.schemas import UnusableSchemaError, compiled

ARGUMENTS_CHARACTERS_MAXIMUM = 65_536
ERRORS_LOOKED_AT_MAXIMUM = 20
_QUOTED_CHARACTERS = 80
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}|\d{1,15}\.\d{1,15})")
_WORDS_FOR_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

Schema = Mapping[str, Any]


def read_arguments(tool: Tool, arguments: str) -> dict[str, Any]:
    """The arguments, valid for the tool's schema. Raises `ToolError` (`INVALID_ARGUMENTS`).

    Put right: a number written as a text and the other way about, yes and no, the case of a word that is one of a few,
    one value where a list of such is wanted, and nothing (null, or an empty text) for what may be left out.
    """
    values = _read(arguments)
    try:
        validator = compiled(tool.parameters)
        schema = validator.schema
        values = _object(values, schema, schema) if isinstance(schema, Mapping) else values
        errors = list(islice(validator.iter_errors(values), ERRORS_LOOKED_AT_MAXIMUM))
    except (UnusableSchemaError, Unresolvable, RecursionError):
        # A schema that we cannot read is the far end's; whoever runs the tool checks what it gets.
        return values
    if errors:
        _refuse(_complaint(errors))
    return values


def arguments_text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _read(arguments: str) -> dict[str, Any]:
    if len(arguments) > ARGUMENTS_CHARACTERS_MAXIMUM:
        _refuse(f"The arguments are longer than {ARGUMENTS_CHARACTERS_MAXIMUM} characters; call the tool with fewer.")
    read = _decoded(arguments.strip() or "{}")
    if isinstance(read, str):
        read = _decoded(read.strip() or "{}")
    if read is None:
        read = {}
    if not isinstance(read, dict):
        _refuse("The arguments must be one JSON object; call the tool again with such.")
    return read


def _decoded(text: str) -> Any:
    try:
        read = json.loads(text, parse_constant=_no_constant)
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        _refuse("The arguments are not valid JSON; call the tool again with one JSON object.")
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse(message: str) -> NoReturn:
    raise ToolError(ToolFailure.INVALID_ARGUMENTS, message)


# --- Put right what does no harm --------------------------------------------------------------------------------------


def resolved(schema: object, root: Schema) -> Schema:
    """The schema itself, or the part of `root` that it refers to (`#/…`); {} where there is none."""
    for _ in range(8):
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        found: object = root
        for step in reference[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        schema = found
    return {}


def kinds_of(schema: Schema) -> Sequence[str]:
    """The types that a schema names; none where it names none."""
    told = schema.get("type")
    if isinstance(told, str):
        return (told,)
    return tuple(kind for kind in told if isinstance(kind, str)) if isinstance(told, Sequence) else ()


def _object(values: Mapping[str, Any], schema: Schema, root: Schema) -> dict[str, Any]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required") or ()
    right: dict[str, Any] = {}
    for name, value in values.items():
        own = resolved(properties.get(name), root)
        if name in properties and name not in required and _is_nothing(value, own):
            continue
        right[name] = _value(value, own, root)
    return right


def _is_nothing(value: object, schema: Schema) -> bool:
    kinds = kinds_of(schema)
    if value is None:
        return bool(kinds) and "null" not in kinds
    if value != "" or not isinstance(value, str):
        return False
    return (bool(kinds) and "string" not in kinds) or any(
        name in schema for name in ("enum", "pattern", "format", "minLength")
    )


def _value(value: Any, schema: Schema, root: Schema) -> Any:
    kinds = kinds_of(schema)
    if isinstance(value, str):
        value = _text(value, schema, kinds)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = _number(value, kinds)
    if "array" in kinds and not isinstance(value, list) and len(kinds) == 1 and value is not None:
        value = [value]
    if isinstance(value, dict):
        return _object(value, schema, root)
    if isinstance(value, list):
        items = resolved(schema.get("items"), root)
        return [_value(each, items, root) for each in value]
    return value


def _text(text: str, schema: Schema, kinds: Sequence[str]) -> Any:
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and text not in choices:
        meant = [each for each in choices if isinstance(each, str) and _folded(each) == _folded(text)]
        if len(meant) == 1:
            return meant[0]
    if "string" in kinds or not kinds:
        return text
    plain = text.strip()
    if ("integer" in kinds or "number" in kinds) and _NUMBER.fullmatch(plain):
        return _number(float(plain) if "." in plain else int(plain), kinds)
    if "boolean" in kinds and plain.casefold() in _WORDS_FOR_TRUTH:
        return _WORDS_FOR_TRUTH[plain.casefold()]
    if ("array" in kinds and plain.startswith("[")) or ("object" in kinds and plain.startswith("{")):
        return _decoded(plain)
    return text


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().casefold())


def _number(number: int | float, kinds: Sequence[str]) -> Any:
    if "integer" in kinds and not isinstance(number, int) and number.is_integer():
        return int(number)
    if "string" in kinds and "integer" not in kinds and "number" not in kinds:
        return json.dumps(number)
    return number


# --- Say what is wrong ------------------------------------------------------------------------------------------------


def _complaint(errors: Sequence[ValidationError]) -> str:
    missing = [name for error in errors for name in _missing(error)]
    if missing:
        names = " and ".join(f"'{name}'" for name in dict.fromkeys(missing))
        are, them = ("is", "it") if len(set(missing)) == 1 else ("are", "them")
        return f"The argument {names} {are} missing: take {them} from what the caller said, or ask for {them}."
    error = best_match(errors)
    return f"{_where(error)} {_wanted(error)}."


def _missing(error: ValidationError) -> Sequence[str]:
    if error.validator != "required" or not isinstance(error.instance, dict):
        return ()
    path = "".join(f"{step}." for step in error.absolute_path)
    return [f"{path}{name}" for name in _limit(error) if name not in error.instance]


def _limit(error: ValidationError) -> Any:
    """What the schema says; the library's own word for nothing does not come here."""
    return error.validator_value


def _where(error: ValidationError) -> str:
    path = ".".join(str(step) for step in error.absolute_path)
    return f"The argument '{path}'" if path else "The arguments"


def _wanted(error: ValidationError) -> str:
    limit = _limit(error)
    match error.validator:
        case "type":
            kinds = [limit] if isinstance(limit, str) else limit
            return f"must be {' or '.join(_KINDS.get(kind, kind) for kind in kinds)}, not {_quoted(error.instance)}"
        case "enum":
            return f"must be one of {', '.join(_quoted(each) for each in limit)}, not {_quoted(error.instance)}"
        case "const":
            return f"must be {_quoted(limit)}"
        case "additionalProperties":
            return f"name what the tool does not take: {error.message[:200]}"
        case "pattern":
            return f"must match {limit}, which {_quoted(error.instance)} does not"
        case "minimum" | "exclusiveMinimum":
            return f"must be {'at least' if error.validator == 'minimum' else 'more than'} {limit}"
        case "maximum" | "exclusiveMaximum":
            return f"must be {'at most' if error.validator == 'maximum' else 'less than'} {limit}"
        case "minLength" | "minItems" | "maxLength" | "maxItems":
            most = "at most" if str(error.validator).startswith("max") else "at least"
            return f"must have {most} {limit} {'items' if str(error.validator).endswith('Items') else 'characters'}"
        case _:
            return f"is wrong: {error.message[:200]}"


def _quoted(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _QUOTED_CHARACTERS else written[:_QUOTED_CHARACTERS] + "…"
