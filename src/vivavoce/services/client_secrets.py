"""Client secrets: short-lived stand-ins for an API key that open calls, made for browsers.

A secret brings its organisation, the session that its calls begin with and, if one was named, the agent that they are
with. It is random; the database keeps its hash, and what it brings sealed, so that it outlives a restart and works in
every process. The service is stateless but for the rooms it joins.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError
from vivavoce.store.client_secrets import ClientSecretRecord, StoredClientSecrets
from vivavoce.store.records import AgentRecord, OrganisationId
from vivavoce.store.vault import Vault

SECONDS_MINIMUM = 10
SECONDS_MAXIMUM = 7_200
SECONDS_DEFAULT = 600
"""OpenAI's bounds and both vendors' default; xAI's own maximum is 3 600."""

_RANDOM_BYTES = 32
_SECRET_CHARACTERS = 43
_PURPOSE = "client secret"


class SecretPrefix(StrEnum):
    """How a secret begins: some clients refuse those of the other vendor."""

    OPENAI = "ek_"
    XAI = "xai-realtime-client-secret-"


class InvalidClientSecretError(Exception):
    """The secret opens nothing: not ours, or its time is over. The message is for the client."""


class SessionDrafts(Protocol):
    """Says what a session would be, without opening one; the composition root knows how."""

    def __call__(self, agent: AgentRecord | None, model: str | None, session: Mapping[str, Any]) -> dict[str, Any]:
        """The whole effective session object in GA's shape. Raises `WireError` (dialects) for a wrong field."""
        ...


@dataclass(frozen=True, slots=True)
class SecretWish:
    """What a secret is to be. `session` is a partial session object as clients write it, without our own fields.

    `agent`: the one that its calls are with, in any rendering of its id. `call_seconds_maximum`: how long a call may
    last; None for as long as calls may.
    """

    prefix: SecretPrefix
    seconds: int = SECONDS_DEFAULT
    agent: str | None = None
    model: str | None = None
    session: Mapping[str, Any] = field(default_factory=dict)
    call_seconds_maximum: int | None = None


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A new secret, until when it opens calls, and the session that they begin with."""

    value: str = field(repr=False)
    expires_at: datetime
    session: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SecretGrant:
    """What a secret opens."""

    organisation_id: OrganisationId
    agent_id: str | None
    model: str | None
    session: Mapping[str, Any]
    call_seconds_maximum: int | None


def looks_like_client_secret(text: str) -> bool:
    """Whether it is worth asking for."""
    return any(text.startswith(prefix) and len(text) == len(prefix) + _SECRET_CHARACTERS for prefix in (*SecretPrefix,))


class ClientSecretService:
    """`agent_of` finds an agent or raises `UnknownRecordError`."""

    def __init__(
        self,
        stored: StoredClientSecrets,
        vault: Vault,
        agent_of: Callable[[Caller, str], Awaitable[AgentRecord]],
        draft: SessionDrafts,
        now: Callable[[], datetime],
    ) -> None:
        self._stored = stored
        self._vault = vault
        self._agent_of = agent_of
        self._draft = draft
        self._now = now

    async def create(self, caller: Caller, wish: SecretWish) -> ClientSecret:
        """A new secret. Raises `UnknownRecordError`, `ConflictError` for a paused agent, `WireError` (dialects)."""
        agent = None if wish.agent is None else await self._agent_of(caller, wish.agent)
        if agent is not None and agent.status == "paused":
            raise ConflictError("agent_paused", f"The agent {agent.definition.name!r} is paused; activate it first.")
        session = self._draft(agent, wish.model, wish.session)
        value = wish.prefix + secrets.token_urlsafe(_RANDOM_BYTES)
        brought = {
            "agent_id": None if agent is None else agent.agent_id,
            "model": wish.model,
            "session": dict(wish.session),
            "call_seconds_maximum": wish.call_seconds_maximum,
        }
        sealed = self._vault.seal(json.dumps(brought), _PURPOSE)
        # whole seconds, as clients are told
        expires_at = self._now().replace(microsecond=0) + timedelta(seconds=wish.seconds)
        await self._stored.add(_hash(value), ClientSecretRecord(caller.organisation_id, sealed, expires_at))
        return ClientSecret(value, expires_at, session)

    async def grant(self, secret: str) -> SecretGrant:
        """What this secret opens. Raises `InvalidClientSecretError`."""
        kept = await self._stored.get(_hash(secret))
        if kept is None:
            raise InvalidClientSecretError("This client secret is wrong, or expired long ago. Make another one.")
        if kept.expires_at <= self._now():
            raise InvalidClientSecretError("This client secret has expired. Make another one.")
        brought = json.loads(self._vault.unseal(kept.sealed, _PURPOSE))
        return SecretGrant(
            kept.organisation_id,
            brought["agent_id"],
            brought["model"],
            brought["session"],
            brought["call_seconds_maximum"],
        )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
