"""Signatures by which a receiver knows that a request is ours and fresh. Pure functions.

Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks, section "Signature scheme", symmetric):
HMAC-SHA256 over `id.timestamp.payload`, base64, behind `v1,`. Receivers written for Svix read the same under `svix-`
names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every such secret begins with
SECRET_BYTES = 32
SECRET_BYTES_MINIMUM = 24
SECRET_BYTES_MAXIMUM = 64
HEADER_FAMILIES = ("webhook", "svix")


def new_secret() -> str:
    """A fresh secret: `whsec_` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The 24 to 64 bytes that a secret writes out. Raises ValueError, which does not quote it."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not SECRET_BYTES_MINIMUM <= len(key) <= SECRET_BYTES_MAXIMUM:
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 bytes")
    return key


def signature(secret: str, message_id: str, unix_seconds: int, payload: str) -> str:
    """`v1,` and the base64 of the HMAC. Raises ValueError for something that is no secret."""
    signed = f"{message_id}.{unix_seconds}.{payload}".encode()
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def signed_headers(signing: Sequence[str], message_id: str, unix_seconds: int, payload: str) -> dict[str, str]:
    """The headers that go with a payload; one signature for each secret, in this order."""
    told = {
        "id": message_id,
        "timestamp": str(unix_seconds),
        "signature": " ".join(signature(secret, message_id, unix_seconds, payload) for secret in signing),
    }
    return {f"{family}-{name}": value for family in HEADER_FAMILIES for name, value in told.items()}
