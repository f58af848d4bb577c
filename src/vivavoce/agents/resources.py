"""The nouns around an agent: what it can be called by, shown as, told about and run in. Values that check themselves.

Secrets in them are sealed before they get here: a field that ends in `_sealed` holds a token of the store's vault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.knowledge.passages import ChunkConfiguration

NAME_LENGTH_MAXIMUM = 255
URL_LENGTH_MAXIMUM = 2_048
VARIABLES_MAXIMUM = 200
VARIABLE_LENGTH_MAXIMUM = 32_768

WEBHOOK_EVENTS = ("session.started", "session.ended", "message.added", "agent.updated")

FIELDS_MAXIMUM = 50
FIELD_KEY_LENGTH_MAXIMUM = 128
CHUNK_SIZES = {"tokens": (16, 2_048), "characters": (64, 8_192), "bytes": (64, 8_192)}
"""How large passages may be asked for, at least and at most."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ORIGINS = ("provisioned", "byo_trunk", "simulated")
_ENVIRONMENT_STATUSES = ("stopped", "building", "running", "error")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that an agent may have. `number` is E.164; `simulated` ones exist in this server alone."""

    number: str
    name: str = ""
    origin: Literal["provisioned", "byo_trunk", "simulated"] = "simulated"
    provider: str = "vivavoce"
    area_code: str | None = None
    agent_id: str | None = None
    sip_uri: str | None = None
    sip_auth_sealed: str | None = None
    webhook_name: str | None = None
    webhook_url: str | None = None
    webhook_secret_sealed: str | None = None
    status: str = "active"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.matching("phone_number", self.number, _E164, "an E.164 number such as +14155550123")
        checks.optional_text("name", self.name, NAME_LENGTH_MAXIMUM)
        checks.one_of("origin", self.origin, _ORIGINS)
        if self.webhook_url is not None:
            check_url("webhook.url", self.webhook_url)
        checks.check_metadata(self.metadata)


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field of a collection's documents: whether each must have it, whether no two may have the same, and whether
    what it says is found in every passage.
    """

    key: str
    required: bool = False
    unique: bool = False
    inject_into_chunk: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that an agent may search, and how they are cut into passages."""

    name: str
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    chunking: ChunkConfiguration = field(default_factory=ChunkConfiguration)
    field_definitions: tuple[FieldDefinition, ...] = ()

    def __post_init__(self) -> None:
        checks.text("name", self.name, NAME_LENGTH_MAXIMUM)
        checks.optional_text("description", self.description, 4_000)
        checks.check_metadata(self.metadata)
        lowest, highest = CHUNK_SIZES[self.chunking.unit]
        checks.within("chunk_configuration", self.chunking.maximum, (lowest, highest))
        checks.at_most("field_definitions", len(self.field_definitions), FIELDS_MAXIMUM, "fields")
        keys = [each.key for each in self.field_definitions]
        for index, key in enumerate(keys):
            checks.text(f"field_definitions[{index}].key", key, FIELD_KEY_LENGTH_MAXIMUM)
            if key in keys[:index]:
                raise InvalidFieldError(f"field_definitions[{index}].key", f"{key[:80]!r} is defined twice")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where an agent's tools run. `secrets_sealed` maps names to sealed values; the values are never shown."""

    name: str
    status: Literal["stopped", "building", "running", "error"] = "stopped"
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets_sealed: Mapping[str, str] = field(default_factory=dict)
    mcp_servers: tuple[Mapping[str, Any], ...] = ()
    working_directory: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.text("name", self.name, NAME_LENGTH_MAXIMUM)
        checks.one_of("status", self.status, _ENVIRONMENT_STATUSES)
        for param, names in (("variables", self.variables), ("secrets", self.secrets_sealed)):
            checks.at_most(param, len(names), VARIABLES_MAXIMUM, "names")
            for name in names:
                checks.matching(f"{param}.{name}", name, _VARIABLE, "the name of a variable: letters, digits and _")
        for name, value in self.variables.items():
            checks.optional_text(f"variables.{name}", value, VARIABLE_LENGTH_MAXIMUM)
        checks.check_metadata(self.metadata)


@dataclass(frozen=True, slots=True)
class Avatar:
    """How an agent looks."""

    name: str
    url: str
    aspect_ratio: Literal["4:3", "3:4", "1:1", "16:9", "9:16"] = "1:1"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.text("name", self.name, NAME_LENGTH_MAXIMUM)
        check_url("url", self.url)
        checks.one_of("aspect_ratio", self.aspect_ratio, ("4:3", "3:4", "1:1", "16:9", "9:16"))
        checks.check_metadata(self.metadata)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somewhere to tell what happened. `secret_sealed` is the signing secret (Standard Webhooks, `whsec_…`)."""

    url: str
    events: tuple[str, ...]
    secret_sealed: str
    description: str = ""
    enabled: bool = True

    def __post_init__(self) -> None:
        check_url("url", self.url)
        if not self.events:
            raise InvalidFieldError("events", f"name at least one of {', '.join(WEBHOOK_EVENTS)}")
        for index, event in enumerate(self.events):
            checks.one_of(f"events[{index}]", event, WEBHOOK_EVENTS)
        checks.optional_text("description", self.description, 1_000)


def check_url(param: str, url: str) -> None:
    """An absolute http or https URL without a password in it."""
    checks.optional_text(param, url, URL_LENGTH_MAXIMUM)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidFieldError(param, f"is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url):
        raise InvalidFieldError(param, "must be an absolute http or https URL")
    if parts.username or parts.password:
        raise InvalidFieldError(param, "must not contain a user name or a password")
