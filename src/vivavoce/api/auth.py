"""Who is calling: finds the API key in a request or in a WebSocket upgrade and asks whose it is.

Stateless. Browsers cannot set headers on a WebSocket, so they bring the key in a sub-protocol: OpenAI's
(`realtime` and `openai-insecure-api-key.<key>`) or xAI's (`xai-client-secret.<key>`). A browser gives up unless the
server selects one of the sub-protocols that it offered, so the answer also says which one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vivavoce.api.errors import AuthenticationError
from vivavoce.store.records import ApiKeyRecord, KeyId

REALTIME_SUBPROTOCOL = "realtime"
OPENAI_KEY_SUBPROTOCOL = "openai-insecure-api-key."
XAI_KEY_SUBPROTOCOL = "xai-client-secret."

_WHERE_KEYS_COME_FROM = (
    "The server printed a key when it started first; `vivavoce keys create` on the server's machine makes another one."
)
_NO_KEY = f"This needs an API key, sent as `Authorization: Bearer KEY`. {_WHERE_KEYS_COME_FROM}"
_WRONG_KEY = f"This API key is wrong or was revoked. {_WHERE_KEYS_COME_FROM}"


class KeyVerifier(Protocol):
    """Knows the keys; `Store.keys` does."""

    async def verify(self, plain: str) -> ApiKeyRecord | None: ...


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, as far as the key tells."""

    key_id: KeyId
    key_name: str


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller who may come in. `subprotocol` is what a WebSocket must select; None for none and over HTTP."""

    principal: Principal
    subprotocol: str | None


@dataclass(frozen=True, slots=True)
class OfferedKey:
    """What a request brought: a key, not yet verified, if it had one, and the sub-protocol to select."""

    secret: str | None = field(repr=False)
    subprotocol: str | None


def offered_key(headers: Mapping[str, str], subprotocols: Sequence[str] = ()) -> OfferedKey:
    """Find the key: `Authorization: Bearer`, else `x-api-key`, else a sub-protocol. `headers` has lower-case names."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    carried = next(
        (
            offered.removeprefix(prefix)
            for offered in subprotocols
            for prefix in (OPENAI_KEY_SUBPROTOCOL, XAI_KEY_SUBPROTOCOL)
            if offered.startswith(prefix)
        ),
        "",
    )
    secret = bearer or headers.get("x-api-key", "").strip() or carried
    return OfferedKey(secret or None, _selected(subprotocols))


async def authenticate(keys: KeyVerifier, headers: Mapping[str, str], subprotocols: Sequence[str] = ()) -> Admission:
    """Let the caller in. Raises `AuthenticationError` (401), whose message says where keys come from."""
    offered = offered_key(headers, subprotocols)
    if offered.secret is None:
        raise AuthenticationError(_NO_KEY)
    record = await keys.verify(offered.secret)
    if record is None:
        raise AuthenticationError(_WRONG_KEY)
    return Admission(Principal(record.key_id, record.name), offered.subprotocol)


def _selected(subprotocols: Sequence[str]) -> str | None:
    if REALTIME_SUBPROTOCOL in subprotocols:
        return REALTIME_SUBPROTOCOL
    return next((each for each in subprotocols if each.startswith((OPENAI_KEY_SUBPROTOCOL, XAI_KEY_SUBPROTOCOL))), None)
