"""A webhook tool as it is declared: checked field by field, its templates read. Pure.

The same reading serves whoever stores a declaration and the source that is made of it, so that what was stored runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vivavoce.tools.declaration_checks import DeclarationError
from vivavoce.tools.schemas import UnusableSchemaError, check_schema
from vivavoce.tools.templates import (
    JsonTemplate,
    Reference,
    Template,
    is_argument,
    is_secret,
    read_json_template,
    read_template,
    templates_in,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
URL_LENGTH_MAXIMUM = 2_048
DESCRIPTION_LENGTH_MAXIMUM = 4_096
FIELDS_MAXIMUM = 50
OUTPUT_CHARACTERS = 4_000
OUTPUT_CHARACTERS_MAXIMUM = 32_000
PICKED_MAXIMUM = 50

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SECRET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_RESERVED_HEADERS = frozenset(
    "accept-encoding connection content-length expect host idempotency-key keep-alive te trailer transfer-encoding "
    "upgrade".split()
)
_RESERVED_PREFIXES = ("proxy-", "webhook-", "svix-")


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `body` None: the arguments, for methods that have a body; `is_text`: the body is no JSON."""

    method: str
    url: Template
    query: Mapping[str, Template]
    headers: Mapping[str, Template]
    body: JsonTemplate
    has_body: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class Webhook:
    """A declaration that was read. `pick`: one path, or paths by name; None: the whole answer."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    request: Request
    pick: str | Mapping[str, str] | None
    maximum_characters: int
    retries: int | None
    signing_secret: str | None

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that a call needs."""
        own = () if self.signing_secret is None else (self.signing_secret,)
        return frozenset((*own, *(each.path[0] for each in _references(self.request) if is_secret(each))))


def read_webhook(declaration: Mapping[str, Any], param: str) -> Webhook:
    """Raises `DeclarationError`, with the path of the field behind `param`. The policy is checked elsewhere."""
    name = read_name(declaration, param)
    description = declaration.get("description")
    if not isinstance(description, str) or not description.strip() or len(description) > DESCRIPTION_LENGTH_MAXIMUM:
        message = f"say in 1 to {DESCRIPTION_LENGTH_MAXIMUM} characters what the tool does, and when to call it"
        raise DeclarationError(f"{param}.description", message)
    parameters = declaration.get("parameters")
    parameters = {"type": "object", "properties": {}} if parameters is None else parameters
    try:
        check_schema(parameters)
    except UnusableSchemaError as error:
        raise DeclarationError(_joined(f"{param}.parameters", error.path), str(error)) from error
    request = _request(declaration.get("request"), f"{param}.request")
    _check_arguments(request, parameters, f"{param}.request")
    pick, characters = _response(declaration.get("response"), f"{param}.response")
    retries = (declaration.get("policy") or {}).get("retries")
    return Webhook(
        name, description, parameters, request, pick, characters, retries, _signing_secret(declaration, param)
    )


def read_name(declaration: Mapping[str, Any], param: str) -> str:
    name = declaration.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise DeclarationError(f"{param}.name", "must be 1 to 64 letters, digits, _ or -")
    return name


def _joined(param: str, path: str) -> str:
    return f"{param}.{path}" if path else param


def _request(told: Any, param: str) -> Request:
    if not isinstance(told, Mapping):
        raise DeclarationError(param, "must be an object with 'url', and 'method', 'headers', 'query', 'body' at will")
    method = told.get("method", "POST")
    if method not in METHODS:
        raise DeclarationError(f"{param}.method", f"must be one of {', '.join(METHODS)}")
    headers = _fields(told.get("headers"), f"{param}.headers")
    for name in headers:
        _check_header(name, f"{param}.headers.{name}")
    has_body = told.get("body") is not None
    if has_body and method not in WITH_BODY:
        raise DeclarationError(f"{param}.body", f"a {method} request has no body; use 'query'")
    body, is_text = _body(told.get("body"), headers, f"{param}.body")
    return Request(
        method,
        _url(told.get("url"), f"{param}.url"),
        _fields(told.get("query"), f"{param}.query"),
        headers,
        body,
        has_body,
        is_text,
    )


def _url(told: Any, param: str) -> Template:
    if not isinstance(told, str) or not told or len(told) > URL_LENGTH_MAXIMUM:
        raise DeclarationError(param, f"must be an http or https address of 1 to {URL_LENGTH_MAXIMUM} characters")
    template = read_template(told, param)
    # With a name in it, the host would be the model's to choose.
    beginning = template.parts[0] if isinstance(template.parts[0], str) else ""
    try:
        parts = urlsplit(beginning)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or not told.isprintable() or " " in told.replace("{{ ", "{{").replace(" }}", "}}"):
        raise DeclarationError(param, "must begin with http:// or https:// and a host without '{{names}}'")
    if parts.username is not None or parts.password is not None:
        raise DeclarationError(param, "must not have a password in it; put a secret into a header")
    if len(template.parts) > 1 and not (parts.path or parts.query or parts.fragment):
        raise DeclarationError(param, "must have no '{{names}}' before the path")
    if "#" in told:
        raise DeclarationError(param, "must have no fragment ('#'), which is never sent")
    return template


def _fields(told: Any, param: str) -> Mapping[str, Template]:
    if told is None:
        return {}
    if not isinstance(told, Mapping) or len(told) > FIELDS_MAXIMUM:
        raise DeclarationError(param, f"must be an object of at most {FIELDS_MAXIMUM} fields")
    fields = {}
    for name, value in told.items():
        if not isinstance(value, str | int | float | bool):
            raise DeclarationError(f"{param}.{name}", "must be a text")
        fields[str(name)] = read_template(value if isinstance(value, str) else json.dumps(value), f"{param}.{name}")
    return fields


def _check_header(name: str, param: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise DeclarationError(param, "is no name of a header")
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith(_RESERVED_PREFIXES):
        raise DeclarationError(param, "is a header that the server sets itself")


def _body(told: Any, headers: Mapping[str, Template], param: str) -> tuple[JsonTemplate, bool]:
    """The body, and whether it is a text. A text that says JSON is JSON: so no value can break out of its quotes."""
    if not isinstance(told, str):
        return read_json_template(told, param), False
    kind = next((header for name, header in headers.items() if name.lower() == "content-type"), None)
    wants_json = kind is not None and any("json" in part for part in kind.parts if isinstance(part, str))
    try:
        read = json.loads(told)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict | list):
        return read_json_template(read, param), False
    if wants_json:
        raise DeclarationError(param, "must be JSON, as its content-type says")
    return read_template(told, param), True


def _references(request: Request) -> Sequence[Reference]:
    templates = (request.url, *request.query.values(), *request.headers.values(), *templates_in(request.body))
    return [reference for template in templates for reference in template.references]


def _check_arguments(request: Request, parameters: Mapping[str, Any], param: str) -> None:
    properties = parameters.get("properties")
    names = set(properties) if isinstance(properties, Mapping) else set()
    for reference in _references(request):
        if is_argument(reference) and reference.path[0] not in names:
            message = f"'{{{{{'.'.join(reference.path)}}}}}' names an argument that 'parameters' does not have"
            raise DeclarationError(param, message)
        if is_secret(reference) and not SECRET_NAME.fullmatch(reference.path[0]):
            raise DeclarationError(param, f"'{reference.path[0]}' cannot be the name of a secret")


def _response(told: Any, param: str) -> tuple[str | Mapping[str, str] | None, int]:
    if told is None:
        return None, OUTPUT_CHARACTERS
    if not isinstance(told, Mapping):
        raise DeclarationError(param, "must be an object with 'pick' or 'maximum_characters'")
    characters = told.get("maximum_characters", OUTPUT_CHARACTERS)
    if (
        not isinstance(characters, int)
        or isinstance(characters, bool)
        or not 1 <= characters <= OUTPUT_CHARACTERS_MAXIMUM
    ):
        raise DeclarationError(
            f"{param}.maximum_characters", f"must be a whole number from 1 to {OUTPUT_CHARACTERS_MAXIMUM}"
        )
    return _pick(told.get("pick"), f"{param}.pick"), characters


def _pick(told: Any, param: str) -> str | Mapping[str, str] | None:
    if told is None or (isinstance(told, str) and 0 < len(told) <= 256):
        return told
    if not isinstance(told, Mapping) or not 0 < len(told) <= PICKED_MAXIMUM:
        raise DeclarationError(param, "must be a path such as 'order.status' or '/order/status', or an object of such")
    for name, path in told.items():
        if not isinstance(path, str) or not 0 < len(path) <= 256:
            raise DeclarationError(f"{param}.{name}", "must be a path such as 'order.status' or '/order/status'")
    return {str(name): path for name, path in told.items()}


def _signing_secret(declaration: Mapping[str, Any], param: str) -> str | None:
    sign, secret = declaration.get("sign"), declaration.get("signing_secret")
    if not isinstance(sign, bool | None):
        raise DeclarationError(f"{param}.sign", "must be true or false")
    if not sign:
        return None
    if not isinstance(secret, str) or not SECRET_NAME.fullmatch(secret):
        message = "a webhook that signs needs the name of a stored secret (`whsec_` and base64)"
        raise DeclarationError(f"{param}.signing_secret", message)
    return secret
