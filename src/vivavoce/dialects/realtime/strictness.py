"""Strict mode: fields that this server does not know are errors, as they are at OpenAI.

Sessions ask for it with `?strict=true`; elsewhere unknown fields are ignored, as clients of other versions send them.
Pure: walks a shape's msgspec type beside the decoded JSON.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import inspect

from vivavoce.dialects.wire import WireError


def check_known(found: Any, shape: Any, root: str, *, also: frozenset[str] = frozenset()) -> None:
    """Raises `WireError` (`unknown_parameter`) for the first field that the shape does not have.

    `root`: the path of `found`, empty for a whole event. `also`: fields of `found` itself that are known besides.
    """
    if isinstance(found, dict):
        found = {key: value for key, value in found.items() if key not in also}
    path = _unknown(found, _type(shape), root)
    if path is not None:
        message = f"unknown parameter: '{path}'; leave it out, or connect without strict=true"
        raise WireError("unknown_parameter", message, param=path)


@cache
def _type(shape: Any) -> inspect.Type:
    return inspect.type_info(shape)


def _unknown(found: Any, expected: inspect.Type, path: str) -> str | None:
    match found, expected:
        case dict(), inspect.StructType(fields=fields, tag_field=tag_field):
            types = {field.encode_name: field.type for field in fields}
            for key, value in found.items():
                where = f"{path}.{key}" if path else str(key)
                if key == tag_field:
                    continue
                if key not in types:
                    return where
                if (deeper := _unknown(value, types[key], where)) is not None:
                    return deeper
            return None
        case dict(), inspect.UnionType(types=types_of_union):
            structs = [each for each in types_of_union if isinstance(each, inspect.StructType)]
            chosen = [each for each in structs if each.tag_field and found.get(each.tag_field) == each.tag] or structs
            return _unknown(found, chosen[0], path) if chosen else None
        case list(), inspect.UnionType(types=types_of_union):
            lists = [each for each in types_of_union if isinstance(each, inspect.ListType)]
            return _unknown(found, lists[0], path) if lists else None
        case list(), inspect.ListType(item_type=item_type):
            for index, value in enumerate(found):
                if (deeper := _unknown(value, item_type, f"{path}[{index}]")) is not None:
                    return deeper
            return None
        case _:
            return None
