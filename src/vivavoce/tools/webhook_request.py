"""The HTTP request of one call of a webhook tool: its templates filled, safe whatever the model wrote. Pure.

Values in the address are percent-encoded and can neither leave their segment of the path nor empty it; values in JSON
keep their types; no value can begin another header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import httpx

from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError
from vivavoce.tools.templates import Reference, Template, Values, as_text, fill_json, is_argument
from vivavoce.tools.webhook_declaration import WITH_BODY, Request

JSON_TYPE = "application/json"
_FORM = "application/x-www-form-urlencoded"
_TEXT_TYPE = "text/plain; charset=utf-8"
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
ADDRESS_CHARACTERS_MAXIMUM = 8_000
HEADER_CHARACTERS_MAXIMUM = 8_000


@dataclass(frozen=True, slots=True)
class FilledRequest:
    """What is sent. `body` is the text that is signed. Not shown: it may hold secrets."""

    method: str
    url: httpx.URL
    headers: Sequence[tuple[bytes, bytes]]
    body: str

    def __repr__(self) -> str:
        return f"FilledRequest({self.method} …)"


def filled(request: Request, values: Values) -> FilledRequest:
    """Raises `ToolError` (`INVALID_ARGUMENTS`) for a value that cannot be where its template is."""
    url = _url(request, values)
    headers = {name: text for name, each in request.headers.items() if (text := _header(name, each, values))}
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    body, own_kind = _body(request, values, kind)
    encoded = [(name.encode("ascii"), value.encode()) for name, value in headers.items()]
    if own_kind is not None and kind is None:
        encoded.append((b"content-type", own_kind.encode("ascii")))
    return FilledRequest(request.method, url, encoded, body)


def _url(request: Request, values: Values) -> httpx.URL:
    in_query = False
    written = ""
    for part in request.url.parts:
        if isinstance(part, str):
            in_query = in_query or "?" in part
            written += part
            continue
        text = as_text(values.of(part))
        if not in_query and not text:
            raise ToolError(ToolFailure.INVALID_ARGUMENTS, f"The argument '{_name(part)}' must not be empty.")
        written += quote(text, safe="")
    _check_path(written, request.url)
    told = {name: _in_query(each, values) for name, each in request.query.items()}
    query = urlencode({name: text for name, text in told.items() if text is not None})
    if query:
        written += ("&" if "?" in written else "?") + query
    if len(written) > ADDRESS_CHARACTERS_MAXIMUM:
        raise ToolError(ToolFailure.INVALID_ARGUMENTS, "The arguments are too long for the address of this tool.")
    try:
        return httpx.URL(written)
    except httpx.InvalidURL as error:
        raise ToolError(ToolFailure.INVALID_ARGUMENTS, "The arguments do not fit the address of this tool.") from error


def _check_path(written: str, template: Template) -> None:
    """A value of dots would climb out of its place in the path, though nothing in it needs encoding."""
    if any(_DOTS.fullmatch(segment) for segment in urlsplit(written).path.split("/")):
        names = " and ".join(f"'{_name(each)}'" for each in template.references) or "the address"
        raise ToolError(ToolFailure.INVALID_ARGUMENTS, f"The argument {names} must be more than dots.")


def _in_query(template: Template, values: Values) -> str | None:
    """None leaves the field out: its value is not there."""
    if template.sole is not None and values.of(template.sole) is None:
        return None
    return template.render(values)


def _header(name: str, template: Template, values: Values) -> str:
    """'' leaves the header out."""
    text = template.render(values).strip()
    if not text.isprintable() or len(text) > HEADER_CHARACTERS_MAXIMUM:
        names = [f"'{_name(each)}'" for each in template.references if is_argument(each)]
        told = f"The argument {' and '.join(names)}" if names else "What the tool was set up with"
        message = f"{told} cannot be in the header '{name}': it must be one line, without control characters."
        raise ToolError(ToolFailure.INVALID_ARGUMENTS, message)
    return text


def _body(request: Request, values: Values, kind: str | None) -> tuple[str, str | None]:
    """The body, and its type where the declaration names none."""
    if request.method not in WITH_BODY:
        return "", None
    if not request.has_body:
        return as_text(dict(values.arguments)), JSON_TYPE
    if request.is_text and isinstance(request.body, Template):
        return request.body.render(values), _TEXT_TYPE
    filled_body = fill_json(request.body, values)
    if kind is not None and kind.lower().startswith(_FORM) and isinstance(filled_body, Mapping):
        return urlencode({name: as_text(value) for name, value in filled_body.items()}), _FORM
    return json.dumps(filled_body, ensure_ascii=False, separators=(",", ":")), JSON_TYPE


def _name(reference: Reference) -> str:
    return ".".join(reference.path) or reference.kind
