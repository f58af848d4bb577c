"""Who is calling: finds the key or token in a request or in a WebSocket upgrade and asks whose it is.

Stateless. Browsers cannot set headers on a WebSocket, so they bring the key in a sub-protocol: OpenAI's
(`realtime` and `openai-insecure-api-key.<key>`) or xAI's (`xai-client-secret.<key>`), or in the query (`?token=`). A
browser gives up unless the server selects one of the sub-protocols that it offered, so the answer also says which one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vivavoce.api.errors import ApiError, AuthenticationError
from vivavoce.api.json_web_tokens import InvalidTokenError, IssuerUnavailableError, JwtVerifier, looks_like_jwt
from vivavoce.api.problems import Problem
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import looks_like_client_secret
from vivavoce.services.session_tokens import (
    InvalidSessionTokenError,
    SessionToken,
    SessionTokens,
    looks_like_session_token,
)
from vivavoce.store.organisations import StoredOrganisations
from vivavoce.store.records import ApiKeyRecord

REALTIME_SUBPROTOCOL = "realtime"
OPENAI_KEY_SUBPROTOCOL = "openai-insecure-api-key."
XAI_KEY_SUBPROTOCOL = "xai-client-secret."
TOKEN_SCOPES = ("read", "write", "realtime")
"""What somebody may do who came with a token of the identity provider: everything but managing keys."""

_WHERE_KEYS_COME_FROM = (
    "The server printed a key when it started first; `vivavoce keys create` on the server's machine makes another one."
)
_NO_KEY = f"This needs an API key, sent as `Authorization: Bearer KEY` or as `x-api-key: KEY`. {_WHERE_KEYS_COME_FROM}"
_WRONG_KEY = f"This API key is wrong or was revoked. {_WHERE_KEYS_COME_FROM}"
_ONLY_FOR_CALLS = "A session's token opens its call and nothing else; this needs an API key."
_OPENS_CALLS = "A client secret opens calls and the speech endpoints and nothing else; this needs an API key."


class KeyVerifier(Protocol):
    """Knows the keys; `Store.keys` does."""

    async def verify(self, plain: str) -> ApiKeyRecord | None: ...


@dataclass(frozen=True, slots=True)
class Offered:
    """What a request brought: a key or token, not yet verified, if it had one, and the sub-protocol to select."""

    secret: str | None = field(repr=False)
    subprotocol: str | None


def offered(headers: Mapping[str, str], subprotocols: Sequence[str] = (), token: str | None = None) -> Offered:
    """Find the key: `Authorization: Bearer`, else `x-api-key`, else a sub-protocol, else `token` of the query.

    `headers` has lower-case names.
    """
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    bearer = value.strip() if scheme.lower() == "bearer" else ""
    carried = next(
        (
            each.removeprefix(prefix)
            for each in subprotocols
            for prefix in (OPENAI_KEY_SUBPROTOCOL, XAI_KEY_SUBPROTOCOL)
            if each.startswith(prefix)
        ),
        "",
    )
    secret = bearer or headers.get("x-api-key", "").strip() or carried or (token or "").strip()
    return Offered(secret or None, _selected(subprotocols))


class Authenticator:
    """Knows every kind of proof. `identity` None: tokens of an identity provider are not taken."""

    def __init__(
        self,
        keys: KeyVerifier,
        organisations: StoredOrganisations,
        session_tokens: SessionTokens,
        identity: JwtVerifier | None,
    ) -> None:
        self._keys = keys
        self._organisations = organisations
        self._session_tokens = session_tokens
        self._identity = identity

    async def caller(self, secret: str | None) -> Caller:
        """Whose key or identity token this is. Raises `AuthenticationError` (401), which says where keys come from."""
        if secret is None:
            raise AuthenticationError(_NO_KEY)
        if looks_like_session_token(secret):
            raise AuthenticationError(_ONLY_FOR_CALLS)
        if looks_like_client_secret(secret):
            raise AuthenticationError(_OPENS_CALLS)
        if self._identity is not None and looks_like_jwt(secret):
            return await self._person(self._identity, secret)
        record = await self._keys.verify(secret)
        if record is None:
            raise AuthenticationError(_WRONG_KEY)
        return Caller(record.organisation_id, record.scopes, key_id=record.key_id)

    def session_token(self, secret: str | None) -> SessionToken | None:
        """The session that this token opens; None for no session token. Raises `AuthenticationError`."""
        if secret is None or not looks_like_session_token(secret):
            return None
        try:
            return self._session_tokens.verify(secret)
        except InvalidSessionTokenError as error:
            raise AuthenticationError(str(error)) from error

    async def _person(self, identity: JwtVerifier, token: str) -> Caller:
        try:
            person = await identity.verify(token)
        except IssuerUnavailableError as error:
            problem = Problem(503, "identity_provider_unavailable", str(error), "server_error")
            raise ApiError(problem) from error
        except InvalidTokenError as error:
            raise AuthenticationError(str(error)) from error
        kind = "user" if person.is_personal else "organisation"
        external_id = hashlib.sha256(f"{identity.issuer}\n{kind}\n{person.organisation}".encode()).hexdigest()
        organisation = await self._organisations.of_external(external_id, person.organisation)
        return Caller(organisation.organisation_id, TOKEN_SCOPES, subject=person.subject)


def _selected(subprotocols: Sequence[str]) -> str | None:
    if REALTIME_SUBPROTOCOL in subprotocols:
        return REALTIME_SUBPROTOCOL
    return next((each for each in subprotocols if each.startswith((OPENAI_KEY_SUBPROTOCOL, XAI_KEY_SUBPROTOCOL))), None)
