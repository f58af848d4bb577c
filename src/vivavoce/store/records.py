"""Frozen rows: what the store hands out. They live as long as whoever asked for them and know nothing of SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from vivavoce.agents.definition import AgentDefinition

KeyId = NewType("KeyId", str)
"""`key_` and 26 characters that sort by time. Not a secret."""


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """A stored agent. All times are UTC."""

    definition: AgentDefinition
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """A stored API key without its secret, of which only the last four characters are known. All times are UTC."""

    key_id: KeyId
    name: str
    last4: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key at the only moment its secret is known: show `secret` once, keep it nowhere."""

    record: ApiKeyRecord
    secret: str = field(repr=False)
