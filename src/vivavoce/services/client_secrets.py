"""Client secrets: short-lived stand-ins for an API key that open calls, made for browsers.

A secret brings its organisation, the session that its calls begin with and, if one was named, the agent that they are
with. It is good as long as the API key that made it. It is random; the database keeps its hash, and what it brings
sealed, so that it outlives a restart and works in every process. The service is stateless but for the rooms it joins.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from vivavoce.dialects.realtime.prompts import PromptName, StoredPrompt, not_found, prompt_of_session
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError
from vivavoce.store.client_secrets import ClientSecretRecord, LimitedCall, StoredClientSecrets
from vivavoce.store.records import AgentRecord, ApiKeyRecord, OrganisationId
from vivavoce.store.vault import Vault

SECONDS_MINIMUM = 10
SECONDS_MAXIMUM = 7_200
SECONDS_DEFAULT = 600
"""OpenAI's bounds and both vendors' default; xAI's own maximum is 3 600."""

SHORTEST_CALL_SECONDS = 1.0
"""A call that would have to end sooner does not begin."""

_RANDOM_BYTES = 32
_SECRET_CHARACTERS = 43
_PURPOSE = "client secret"


class SecretPrefix(StrEnum):
    """How a secret begins: some clients refuse those of the other vendor."""

    OPENAI = "ek_"
    XAI = "xai-realtime-client-secret-"


class InvalidClientSecretError(Exception):
    """The secret opens nothing: not ours, or its time is over. The message is for the client."""


class KeyFinder(Protocol):
    """Knows the keys; `Store.keys` does."""

    async def get(self, organisation_id: OrganisationId, key_id: str) -> ApiKeyRecord | None: ...


class PromptFinder(Protocol):
    """Knows the stored prompts; the composition root knows how."""

    async def __call__(self, caller: Caller, name: PromptName) -> StoredPrompt: ...


class SessionDrafts(Protocol):
    """Says what a session would be, without opening one; the composition root knows how."""

    def __call__(self, agent: AgentRecord | None, model: str | None, session: Mapping[str, Any]) -> dict[str, Any]:
        """The whole effective session object in GA's shape. Raises `WireError` (dialects) for a wrong field."""
        ...


@dataclass(frozen=True, slots=True)
class SecretWish:
    """What a secret is to be. `session` is a partial session object as clients write it, without our own fields.

    `agent`: the one that its calls are with, in any rendering of its id. `call_seconds_maximum`: how long its calls may
    last, all of them together; None for as long as calls may.
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
    """What a secret opens, and for whom: `caller` may hold calls and nothing else, in the name of who made it."""

    secret_hash: str = field(repr=False)
    caller: Caller
    agent_id: str | None
    model: str | None
    session: Mapping[str, Any]
    call_seconds_maximum: int | None

    @property
    def organisation_id(self) -> OrganisationId:
        return self.caller.organisation_id

    @property
    def only_transcribes(self) -> bool:
        return self.session.get("type") == "transcription"


def looks_like_client_secret(text: str) -> bool:
    """Whether it is worth asking for."""
    return any(text.startswith(prefix) and len(text) == len(prefix) + _SECRET_CHARACTERS for prefix in (*SecretPrefix,))


class ClientSecretService:
    """`agent_of` finds an agent or raises `UnknownRecordError`."""

    def __init__(
        self,
        stored: StoredClientSecrets,
        keys: KeyFinder,
        vault: Vault,
        agent_of: Callable[[Caller, str], Awaitable[AgentRecord]],
        prompt_of: PromptFinder,
        draft: SessionDrafts,
        now: Callable[[], datetime],
    ) -> None:
        self._stored = stored
        self._keys = keys
        self._prompt_of = prompt_of
        self._vault = vault
        self._agent_of = agent_of
        self._draft = draft
        self._now = now

    async def create(self, caller: Caller, wish: SecretWish) -> ClientSecret:
        """A new secret. Raises `UnknownRecordError`, `ConflictError` for a paused agent, `WireError` (dialects)."""
        agent = None if wish.agent is None else await self._agent_of(caller, wish.agent)
        if agent is not None and agent.status == "paused":
            raise ConflictError("agent_paused", f"The agent {agent.definition.name!r} is paused; activate it first.")
        begun = await self._with_prompt(caller, dict(wish.session))
        session = self._draft(agent, wish.model, begun)
        value = wish.prefix + secrets.token_urlsafe(_RANDOM_BYTES)
        brought = {
            "agent_id": None if agent is None else agent.agent_id,
            "model": wish.model,
            "session": begun,
            "key_id": caller.key_id,
            "subject": caller.subject,
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
        key_id = brought.get("key_id")
        if key_id is not None:
            key = await self._keys.get(kept.organisation_id, key_id)
            if key is None or key.revoked_at is not None:
                raise InvalidClientSecretError("The API key that made this client secret was revoked. Use another key.")
        return SecretGrant(
            _hash(secret),
            Caller(kept.organisation_id, ("realtime",), key_id, brought.get("subject")),
            brought["agent_id"],
            brought["model"],
            brought["session"],
            brought["call_seconds_maximum"],
        )

    async def call_seconds_left(self, grant: SecretGrant) -> float | None:
        """How long a call may last that begins now, 0 if none may; None for as long as calls may."""
        if grant.call_seconds_maximum is None:
            return None
        used = _used_seconds(await self._stored.calls_of(grant.secret_hash), self._now())
        left = grant.call_seconds_maximum - used
        return left if left >= SHORTEST_CALL_SECONDS else 0.0

    async def count_call(self, grant: SecretGrant, session_id: str) -> None:
        """This call was opened with the secret."""
        if grant.call_seconds_maximum is not None:
            await self._stored.add_call(
                grant.organisation_id, grant.secret_hash, session_id, grant.call_seconds_maximum
            )

    async def used_up(self) -> Sequence[LimitedCall]:
        """The calls that are held, of secrets whose calls have lasted as long as they may."""
        calls: dict[str, list[LimitedCall]] = {}
        for call in await self._stored.calls_beside_held_ones():
            calls.setdefault(call.secret_hash, []).append(call)
        now = self._now()
        over = [of_one for of_one in calls.values() if _used_seconds(of_one, now) >= of_one[0].seconds_maximum]
        return [call for of_one in over for call in of_one if call.ended_at is None]

    async def _with_prompt(self, caller: Caller, session: dict[str, Any]) -> dict[str, Any]:
        """The session with the instructions of the prompt that it names, as they are now. Raises `WireError`."""
        name = prompt_of_session(session)
        if name is None:
            return session
        found = await self._prompt_of(caller, name)
        if found.instructions is None:
            raise not_found(name, found.missing)
        return {"instructions": found.instructions, **session}


def _used_seconds(calls: Sequence[LimitedCall], now: datetime) -> float:
    return sum(max(0.0, ((call.ended_at or now) - call.created_at).total_seconds()) for call in calls)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
