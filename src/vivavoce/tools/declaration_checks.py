"""What a declaration of tools may say, whoever makes it: policies, MCP servers and searches. Pure.

Shapes follow OpenAI's `mcp` tool and xAI's `web_search`, `x_search` and `file_search` (its guide to speech to speech,
"Tools"); `policy` is this server's own. Fields that are not named here are kept and passed over, as clients of other
versions send them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from vivavoce.conversation.tool_policy import AS_USUAL, Approval, OnInterruption, ToolPolicy

TIMEOUT_MS = (100, 120_000)
RETRIES_MAXIMUM = 5
FILLER_CHARACTERS_MAXIMUM = 200
DOMAINS_MAXIMUM = 5
HANDLES_MAXIMUM = 20
RESULTS_MAXIMUM = 50
COLLECTIONS_MAXIMUM = 20
MCP_TOOLS_MAXIMUM = 200
NAME_LENGTH_MAXIMUM = 256
HEADERS_MAXIMUM = 50
HEADER_LENGTH_MAXIMUM = 8_192

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_APPROVALS = ("always", "never")
_ON_INTERRUPTION = tuple(each.value for each in OnInterruption)


class DeclarationError(ValueError):
    """A declaration says what it cannot say. `param` is the path of the field, such as `tools[2].server_url`."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param
        self.message = message


def check_declaration(declaration: Mapping[str, Any], param: str) -> None:
    """One declaration, at the path `param`. Raises `DeclarationError`; passes over types that it does not know."""
    _check_policy(declaration.get("policy"), f"{param}.policy")
    inner = declaration.get("function")
    if isinstance(inner, Mapping):
        _check_policy(inner.get("policy"), f"{param}.function.policy")
    kind = declaration.get("type", "function")
    if isinstance(kind, str) and kind in _CHECKS:
        _CHECKS[kind](declaration, param)


def check_labels(declarations: Sequence[Mapping[str, Any]], param: str) -> None:
    """Every MCP server has a label of its own. Raises `DeclarationError`."""
    seen: set[str] = set()
    for index, declaration in enumerate(declarations):
        if declaration.get("type") != "mcp":
            continue
        label = declaration.get("server_label")
        if isinstance(label, str):
            if label in seen:
                raise DeclarationError(
                    f"{param}[{index}].server_label", f"{label[:80]!r} is the label of an earlier server"
                )
            seen.add(label)


def policy_of(declaration: Mapping[str, Any], begun: ToolPolicy = AS_USUAL) -> ToolPolicy:
    """The policy that a checked declaration asks for, beside `type` or inside `function`.

    What it leaves out is as in `begun`.
    """
    wanted = declaration.get("policy") or (declaration.get("function") or {}).get("policy") or {}
    confirm = wanted.get("confirm")
    approval = begun.approval if confirm is None else Approval.CALLER if confirm else Approval.NOBODY
    chosen = wanted.get("on_interruption")
    return ToolPolicy(
        timeout_ms=wanted.get("timeout_ms") or begun.timeout_ms,
        on_interruption=begun.on_interruption if chosen is None else OnInterruption(chosen),
        approval=approval,
        filler=wanted.get("filler") or begun.filler,
    )


def _check_policy(policy: Any, param: str) -> None:
    if policy is None:
        return
    if not isinstance(policy, Mapping):
        raise DeclarationError(param, "must be an object")
    _whole_number(policy, "timeout_ms", param, TIMEOUT_MS)
    _whole_number(policy, "retries", param, (0, RETRIES_MAXIMUM))
    chosen = policy.get("on_interruption")
    if chosen is not None and chosen not in _ON_INTERRUPTION:
        raise DeclarationError(f"{param}.on_interruption", f"must be one of {', '.join(_ON_INTERRUPTION)}")
    _boolean(policy, "confirm", param)
    _text(policy, "filler", param, FILLER_CHARACTERS_MAXIMUM)


# --- MCP servers ------------------------------------------------------------------------------------------------------


def _check_mcp(declaration: Mapping[str, Any], param: str) -> None:
    label = declaration.get("server_label")
    if not isinstance(label, str) or not label:
        raise DeclarationError(f"{param}.server_label", "an MCP tool needs a label of its server")
    if not _LABEL.fullmatch(label):
        raise DeclarationError(f"{param}.server_label", "must be 1 to 64 letters, digits, _ or -")
    for unknown in ("connector_id", "tunnel_id"):
        if declaration.get(unknown) is not None and declaration.get("server_url") is None:
            message = f"this server knows no {unknown!r}; name the MCP server by its 'server_url'"
            raise DeclarationError(f"{param}.{unknown}", message)
    _check_url(declaration.get("server_url"), f"{param}.server_url")
    _text(declaration, "server_description", param, 4_096)
    _text(declaration, "authorization", param, HEADER_LENGTH_MAXIMUM)
    _check_headers(declaration.get("headers"), f"{param}.headers")
    _check_allowed(declaration.get("allowed_tools"), f"{param}.allowed_tools")
    _check_approval(declaration.get("require_approval"), f"{param}.require_approval")


def _check_url(url: Any, param: str) -> None:
    if not isinstance(url, str) or not url:
        raise DeclarationError(param, "an MCP tool needs the address of its server")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or url != url.strip() or len(url) > 2_048:
        raise DeclarationError(param, "must be an http or https address")


def _check_headers(headers: Any, param: str) -> None:
    if headers is None:
        return
    if not isinstance(headers, Mapping) or len(headers) > HEADERS_MAXIMUM:
        raise DeclarationError(param, f"must be an object of at most {HEADERS_MAXIMUM} headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(str(name)):
            raise DeclarationError(param, f"{str(name)[:80]!r} is no name of a header")
        if not isinstance(value, str) or len(value) > HEADER_LENGTH_MAXIMUM or not value.isprintable():
            raise DeclarationError(f"{param}.{name}", "must be one line of text")


def _check_allowed(allowed: Any, param: str) -> None:
    """Names, or OpenAI's filter of them (`tool_names`, `read_only`)."""
    if isinstance(allowed, Mapping):
        _boolean(allowed, "read_only", param)
        _names(allowed.get("tool_names"), f"{param}.tool_names", MCP_TOOLS_MAXIMUM)
        return
    _names(allowed, param, MCP_TOOLS_MAXIMUM)


def _check_approval(required: Any, param: str) -> None:
    if required is None or required in (*_APPROVALS, "caller"):
        return
    if not isinstance(required, Mapping):
        raise DeclarationError(param, "must be 'always', 'never', 'caller', or an object with the first two")
    for which in _APPROVALS:
        chosen = required.get(which)
        if chosen is None:
            continue
        if not isinstance(chosen, Mapping):
            raise DeclarationError(f"{param}.{which}", "must be an object with 'tool_names'")
        _check_allowed(chosen, f"{param}.{which}")


# --- searches ---------------------------------------------------------------------------------------------------------


def _check_file_search(declaration: Mapping[str, Any], param: str) -> None:
    _whole_number(declaration, "max_num_results", param, (1, RESULTS_MAXIMUM))
    for name in ("vector_store_ids", "collection_ids"):
        _names(declaration.get(name), f"{param}.{name}", COLLECTIONS_MAXIMUM)


def _check_web_search(declaration: Mapping[str, Any], param: str) -> None:
    _one_list(declaration, ("allowed_domains", "excluded_domains"), param, DOMAINS_MAXIMUM)
    _boolean(declaration, "enable_image_understanding", param)
    for name in ("location", "user_location"):
        place = declaration.get(name)
        if place is not None and not isinstance(place, Mapping):
            raise DeclarationError(f"{param}.{name}", "must be an object with 'country', 'city', 'region', 'timezone'")
        for part in ("country", "city", "region", "timezone"):
            _text(place or {}, part, f"{param}.{name}", NAME_LENGTH_MAXIMUM)


def _check_x_search(declaration: Mapping[str, Any], param: str) -> None:
    _one_list(declaration, ("allowed_x_handles", "excluded_x_handles"), param, HANDLES_MAXIMUM)
    days = [_day(declaration.get(name), f"{param}.{name}") for name in ("from_date", "to_date")]
    if days[0] is not None and days[1] is not None and days[0] > days[1]:
        raise DeclarationError(f"{param}.to_date", "lies before 'from_date'")
    for name in ("enable_image_understanding", "enable_video_understanding"):
        _boolean(declaration, name, param)


def _day(written: Any, param: str) -> date | None:
    if written is None:
        return None
    try:
        return datetime.fromisoformat(written).date()
    except (TypeError, ValueError):
        raise DeclarationError(param, "must be a date such as 2026-01-31") from None


# --- fields -----------------------------------------------------------------------------------------------------------


def _one_list(declaration: Mapping[str, Any], names: tuple[str, str], param: str, maximum: int) -> None:
    first, second = names
    for name in names:
        _names(declaration.get(name), f"{param}.{name}", maximum)
    if declaration.get(first) and declaration.get(second):
        raise DeclarationError(f"{param}.{second}", f"cannot be given together with {first!r}")


def _names(values: Any, param: str, maximum: int) -> None:
    if values is None:
        return
    if not isinstance(values, list | tuple):
        raise DeclarationError(param, "must be a list of strings")
    if len(values) > maximum:
        raise DeclarationError(param, f"at most {maximum}, got {len(values)}")
    for index, value in enumerate(values):
        if not isinstance(value, str) or not value.strip() or len(value) > NAME_LENGTH_MAXIMUM:
            raise DeclarationError(f"{param}[{index}]", f"must be 1 to {NAME_LENGTH_MAXIMUM} characters")


def _whole_number(found: Mapping[str, Any], name: str, param: str, limits: tuple[int, int]) -> None:
    value = found.get(name)
    if value is None:
        return
    lowest, highest = limits
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise DeclarationError(f"{param}.{name}", f"must be a whole number from {lowest} to {highest}")


def _boolean(found: Mapping[str, Any], name: str, param: str) -> None:
    if not isinstance(found.get(name), bool | None):
        raise DeclarationError(f"{param}.{name}", "must be true or false")


def _text(found: Mapping[str, Any], name: str, param: str, maximum: int) -> None:
    value = found.get(name)
    if value is None:
        return
    if not isinstance(value, str) or not value.strip() or len(value) > maximum:
        raise DeclarationError(f"{param}.{name}", f"must be a text of 1 to {maximum} characters")


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], str], None]] = {
    "mcp": _check_mcp,
    "file_search": _check_file_search,
    "web_search": _check_web_search,
    "x_search": _check_x_search,
}
