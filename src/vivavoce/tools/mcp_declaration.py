"""One declaration of an MCP server, read: where it is, what proves who asks, which of its tools are meant. Pure.

The shape is OpenAI's `mcp` tool; xAI's is the part of it without `require_approval`. `require_approval: "caller"` and
`policy` are this server's own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from vivavoce.conversation.tool_policy import Approval, ToolFailure, ToolPolicy
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration, policy_of
from vivavoce.tools.declared import Declaration
from vivavoce.tools.ports import ToolError

SecretValues = Callable[[str, Collection[str]], Awaitable[Mapping[str, str]]]
"""Those of an organisation's secrets, by name, that are stored. Raises `ToolError` where they cannot be read."""

HIDDEN_LENGTH_MINIMUM = 8
"""Shorter values of headers are no secrets, and taking them out of what a tool says would garble it."""

_SECRET = re.compile(r"\{\{\s*secret\.([A-Za-z][A-Za-z0-9_]{0,63})\s*\}\}")


@dataclass(frozen=True, slots=True)
class ToolFilter:
    """Some of a server's tools. What is None does not narrow. `read_only`: those that say so of themselves, or not."""

    names: frozenset[str] | None = None
    read_only: bool | None = None

    def takes(self, name: str, *, read_only: bool) -> bool:
        return (self.names is None or name in self.names) and self.read_only in (None, read_only)


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who has to agree to which tool. `always` and `never` are OpenAI's filters; None: none was given."""

    of_all: Approval | None = None
    always: ToolFilter | None = None
    never: ToolFilter | None = None

    def of(self, name: str, *, read_only: bool) -> Approval | None:
        """None: the declaration says nothing about it."""
        if self.always is None and self.never is None:
            return self.of_all
        if self.always is not None and self.always.takes(name, read_only=read_only):
            return Approval.CLIENT
        if self.never is None:
            return None
        # Whoever lists what needs no asking wants to be asked about the rest, as with OpenAI.
        return Approval.NOBODY if self.never.takes(name, read_only=read_only) else Approval.CLIENT


@dataclass(frozen=True, slots=True)
class McpEndpoint:
    """What a connection is made of: equal ones can share it. `headers` proves who asks and is never shown."""

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def hidden(self) -> Collection[str]:
        """What must not come back in what the server says: the values of headers, without their schemes."""
        parts = [part for _, value in self.headers for part in (value, *value.split()[1:])]
        return [part for part in parts if len(part) >= HIDDEN_LENGTH_MINIMUM]


@dataclass(frozen=True, slots=True)
class McpServer:
    """A declaration, read. `headers` as they were given: references to secrets are not resolved yet."""

    url: str = field(repr=False)
    label: str
    description: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    allowed: ToolFilter = ToolFilter()
    approvals: Approvals = Approvals()
    policy: ToolPolicy = field(default_factory=ToolPolicy)

    @property
    def secrets(self) -> Collection[str]:
        """The names of the secrets that the headers refer to."""
        return {name for _, value in self.headers for name in _SECRET.findall(value)}

    async def endpoint(self, organisation_id: str, secrets: SecretValues) -> McpEndpoint:
        """With the secrets in their places. Raises `ToolError`."""
        wanted = self.secrets
        found = await secrets(organisation_id, wanted) if wanted else {}
        missing = sorted(set(wanted) - set(found))
        if missing:
            message = f"The secret '{missing[0]}' is not stored: an administrator stores it at /v1/secrets."
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        headers = [(name, _SECRET.sub(lambda match: found[match.group(1)], value)) for name, value in self.headers]
        return McpEndpoint(self.url, tuple(headers))


def read_mcp(declaration: Declaration) -> McpServer:
    """Raises `ToolError` for a declaration that cannot be meant."""
    required = declaration.get("require_approval")
    try:
        check_declaration(declaration, "mcp")
    except DeclarationError as error:
        raise ToolError(ToolFailure.NOT_CONFIGURED, f"the declaration of the MCP server is wrong: {error}") from error
    url = declaration["server_url"]
    if urlsplit(url).username is not None or urlsplit(url).password is not None:
        message = "the MCP server's address must not hold a password; send it as 'authorization'"
        raise ToolError(ToolFailure.NOT_CONFIGURED, message)
    return McpServer(
        url=url,
        label=declaration["server_label"],
        description=declaration.get("server_description") or "",
        headers=_headers(declaration),
        allowed=_filter(declaration.get("allowed_tools")) or ToolFilter(),
        approvals=_approvals(required),
        policy=policy_of(declaration),
    )


def _headers(declaration: Declaration) -> tuple[tuple[str, str], ...]:
    headers = {str(name).lower(): value for name, value in (declaration.get("headers") or {}).items()}
    authorization = declaration.get("authorization")
    if authorization:
        # OpenAI's is a bare token; others write the scheme before it.
        has_scheme = len(authorization.split(None, 1)) == 2 and not _SECRET.fullmatch(authorization.strip())
        headers["authorization"] = authorization.strip() if has_scheme else f"Bearer {authorization.strip()}"
    for value in headers.values():
        if not value.isprintable() or not value.isascii():
            raise ToolError(ToolFailure.NOT_CONFIGURED, "a header for the MCP server is not one line of ASCII")
    return tuple(sorted(headers.items()))


def _filter(wanted: Any) -> ToolFilter | None:
    """A list of names, or an object with `tool_names` and `read_only`; None and an empty list mean no narrowing."""
    if isinstance(wanted, Mapping):
        names = wanted.get("tool_names")
        return ToolFilter(None if names is None else frozenset(names), wanted.get("read_only"))
    return ToolFilter(frozenset(wanted)) if wanted else None


def _approvals(required: Any) -> Approvals:
    match required:
        case "always":
            return Approvals(Approval.CLIENT)
        case "caller":
            return Approvals(Approval.CALLER)
        case "never":
            return Approvals(Approval.NOBODY)
        case Mapping():
            return Approvals(always=_filter(required.get("always")), never=_filter(required.get("never")))
        case _:
            return Approvals()
