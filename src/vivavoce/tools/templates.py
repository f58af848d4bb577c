"""Texts with `{{names}}` in them, which the values of one call replace. Pure.

`{{order_id}}` and `{{arguments.order_id}}` are an argument of the tool, `{{arguments.place.floor}}` a part of one;
`{{session_id}}`, `{{agent_id}}`, `{{call_id}}` tell where the call comes from, `{{secret.NAME}}` is one of the
organisation's secrets. What a value says is never looked through for names again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.tools.declaration_checks import DeclarationError

CONTEXT_NAMES = ("session_id", "agent_id", "call_id")
_ARGUMENTS = "arguments"
_SECRET = "secret"  # noqa: S105 - the word of the templates
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})*")
_OPEN, _CLOSE = "{{", "}}"


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands between the braces. `path` leads into the arguments."""

    kind: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and references, in their order."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> Sequence[Reference]:
        return [part for part in self.parts if isinstance(part, Reference)]

    @property
    def sole(self) -> Reference | None:
        """The reference that is the whole template."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part if isinstance(part, Reference) else None

    def render(self, values: Values, encoded: Callable[[str], str] = str) -> str:
        """The text with its values, each through `encoded`. What is not there is nothing."""
        return "".join(part if isinstance(part, str) else encoded(as_text(values.of(part))) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Values:
    """What the names of one call stand for. Secrets are in no text that this value is shown as."""

    arguments: Mapping[str, Any]
    context: Mapping[str, str]
    secrets: Mapping[str, str]

    def of(self, reference: Reference) -> Any:
        """The value; None where there is none."""
        if reference.kind == _SECRET:
            return self.secrets.get(reference.path[0])
        if reference.kind != _ARGUMENTS:
            return self.context.get(reference.kind)
        found: Any = self.arguments
        for step in reference.path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def __repr__(self) -> str:
        return "Values(…)"


def read_template(text: str, param: str) -> Template:
    """Raises `DeclarationError` for braces that name nothing."""
    parts: list[str | Reference] = []
    rest = text
    while rest:
        plain, opened, after = rest.partition(_OPEN)
        if plain:
            parts.append(plain)
        if not opened:
            break
        inside, closed, rest = after.partition(_CLOSE)
        if not closed:
            raise DeclarationError(param, "has '{{' without '}}' behind it")
        parts.append(_reference(inside.strip(), param))
    return Template(tuple(parts))


def _reference(name: str, param: str) -> Reference:
    if not _NAME.fullmatch(name):
        raise DeclarationError(param, f"'{{{{{name[:80]}}}}}' is no name of an argument, of a secret or of the call")
    first, *others = name.split(".")
    if first == _SECRET and len(others) == 1:
        return Reference(_SECRET, (others[0],))
    if first == _ARGUMENTS and others:
        return Reference(_ARGUMENTS, tuple(others))
    if name in CONTEXT_NAMES:
        return Reference(name, ())
    if first in (_SECRET, _ARGUMENTS):
        raise DeclarationError(param, f"'{{{{{name}}}}}' must name one {first.removesuffix('s')}, as in {first}.NAME")
    return Reference(_ARGUMENTS, (first, *others))


def is_secret(reference: Reference) -> bool:
    return reference.kind == _SECRET


def is_argument(reference: Reference) -> bool:
    return reference.kind == _ARGUMENTS


def as_text(value: Any) -> str:
    """A text as it is, nothing for nothing, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


JsonTemplate = Template | Mapping[str, Any] | Sequence[Any] | float | bool | None
"""JSON whose texts are templates."""


def read_json_template(body: Any, param: str) -> JsonTemplate:
    """Texts anywhere in JSON become templates; names of fields do not. Raises `DeclarationError`."""
    if isinstance(body, str):
        return read_template(body, param)
    if isinstance(body, Mapping):
        return {str(name): read_json_template(inner, f"{param}.{name}") for name, inner in body.items()}
    if isinstance(body, list | tuple):
        return [read_json_template(inner, f"{param}[{index}]") for index, inner in enumerate(body)]
    if body is None or isinstance(body, bool | int | float):
        return body
    raise DeclarationError(param, "must be JSON")


def fill_json(body: JsonTemplate, values: Values) -> Any:
    """JSON with the values in it. A template that is nothing but a name becomes the value, with its type.

    A field whose value is not there is left out.
    """
    if isinstance(body, Template):
        return body.render(values) if body.sole is None else values.of(body.sole)
    if isinstance(body, Mapping):
        filled = {name: (inner, fill_json(inner, values)) for name, inner in body.items()}
        return {name: value for name, (inner, value) in filled.items() if value is not None or inner is None}
    if isinstance(body, Sequence):
        return [fill_json(inner, values) for inner in body]
    return body


def templates_in(body: JsonTemplate) -> Iterator[Template]:
    if isinstance(body, Template):
        yield body
    elif isinstance(body, Mapping):
        for inner in body.values():
            yield from templates_in(inner)
    elif isinstance(body, Sequence):
        for inner in body:
            yield from templates_in(inner)
