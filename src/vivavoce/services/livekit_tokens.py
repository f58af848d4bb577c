"""Tokens with which a client joins a LiveKit room; LiveKit's servers verify them with the same key and secret.

Stateless: a token is a JSON Web Token signed with HS256 and dies at its `exp`. The claims are those of LiveKit's
documentation, "Tokens & grants" (video grant, room configuration with agent dispatch).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_HEADER = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True, slots=True)
class LiveKitSettings:
    """A LiveKit server: `url` as clients are to open it (wss://…), and a key pair of it."""

    url: str
    api_key: str
    api_secret: str = field(repr=False)


def mint(
    settings: LiveKitSettings,
    *,
    room: str,
    identity: str,
    name: str,
    metadata: str,
    ttl_seconds: int,
    now: datetime,
    agent_name: str | None = None,
) -> str:
    """A token for one participant and one room: join, publish, subscribe, send data; valid from `now` (aware) on.

    With `agent_name` LiveKit also dispatches that agent to the room when it is created, with the same metadata.
    Raises ValueError for an empty room, identity, key or secret, a naive `now`, or a `ttl_seconds` below one.
    """
    if not (room and identity and settings.api_key and settings.api_secret):
        raise ValueError("a LiveKit token needs a room, an identity, an API key and its secret")
    if now.tzinfo is None or ttl_seconds < 1:
        raise ValueError("a LiveKit token needs an aware time and at least one second to live")
    not_before = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.api_key,
        "sub": identity,
        "name": name,
        "metadata": metadata,
        "nbf": not_before,
        "exp": not_before + ttl_seconds,
        "video": {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True, "canPublishData": True},
    }
    if agent_name:
        claims["roomConfig"] = {"agents": [{"agentName": agent_name, "metadata": metadata}]}
    return _signed(claims, settings.api_secret)


def _signed(claims: dict[str, Any], secret: str) -> str:
    """RFC 7515, section 3.1. By hand, since PyJWT warns of the six-letter secret of LiveKit's development mode."""
    signed = f"{_part(_json(_HEADER))}.{_part(_json(claims))}"
    return f"{signed}.{_part(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
