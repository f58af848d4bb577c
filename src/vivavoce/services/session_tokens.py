"""Tokens that open one session: what a browser gets instead of an API key.

Signed, not stored: an HS256 JSON Web Token (RFC 7519) behind the prefix `vvs_`. It has only characters that may stand
in a URL and in a WebSocket sub-protocol (RFC 6455, section 4.1). One `SessionTokens`, owned by the composition root;
tokens outlive it as long as the key stays the same.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

PREFIX = "vvs_"
CALL = "call"
KEY_BYTES_MINIMUM = 32
TOKEN_CHARACTERS_MAXIMUM = 2048

_ALGORITHM = "HS256"
_TOKEN = re.compile(r"vvs_eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What a token says: the one session that it opens and whose that is. `token_id` is unique, for single use."""

    session_id: str
    organisation_id: str
    expires_at: datetime
    token_id: str


class InvalidSessionTokenError(Exception):
    """The token opens nothing: not ours, changed on the way, or made for another purpose."""


class ExpiredSessionTokenError(InvalidSessionTokenError):
    """It was ours and right, but its time is over."""


def looks_like_session_token(text: str) -> bool:
    """Whether it is worth verifying."""
    return len(text) <= TOKEN_CHARACTERS_MAXIMUM and _TOKEN.fullmatch(text) is not None


class SessionTokens:
    """Mints and verifies. `key` is at least 32 secret bytes; other things may be derived from the same key.

    `now` gives aware datetimes. Raises ValueError for a shorter key.
    """

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        if len(key) < KEY_BYTES_MINIMUM:
            raise ValueError(f"the key for session tokens needs at least {KEY_BYTES_MINIMUM} bytes")
        self._key = hmac.digest(key, b"vivavoce session tokens 1", hashlib.sha256)
        self._now = now

    def mint(self, session_id: str, organisation_id: str, expires_at: datetime, purpose: str = CALL) -> str:
        """A new token, good until `expires_at` (cut to whole seconds). Raises ValueError for an empty id or a
        naive time, and where the ids are so long that the token could not be verified.
        """
        if not (session_id and organisation_id and purpose):
            raise ValueError("a session token names a session, an organisation and a purpose")
        if expires_at.tzinfo is None:
            raise ValueError("the end of a session token needs a time zone")
        claims = {
            "sid": session_id,
            "org": organisation_id,
            "use": purpose,
            "exp": int(expires_at.timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        token = self._signed(claims)
        if len(token) > TOKEN_CHARACTERS_MAXIMUM:
            raise ValueError("these ids are too long for a session token")
        return token

    def verify(self, token: str, purpose: str = CALL) -> SessionToken:
        """What the token says. Raises `InvalidSessionTokenError`, of it `ExpiredSessionTokenError` where only the
        time is over. A token minted for another purpose is invalid.
        """
        claims = self._claims_of(token)
        match claims:
            case {
                "sid": str(session_id),
                "org": str(organisation_id),
                "use": str(use),
                "exp": int(exp),
                "jti": str(id_),
            }:
                pass
            case _:
                raise InvalidSessionTokenError("This session token is malformed. Create another session.")
        if use != purpose:
            raise InvalidSessionTokenError(f"This session token was made for another purpose than {purpose}.")
        if self._now().timestamp() >= exp:
            raise ExpiredSessionTokenError("This session token has expired. Create another session.")
        return SessionToken(session_id, organisation_id, datetime.fromtimestamp(exp, UTC), id_)

    def _signed(self, claims: dict[str, Any]) -> str:
        return PREFIX + jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def _claims_of(self, token: str) -> dict[str, Any]:
        wrong = InvalidSessionTokenError("This session token is wrong. Create another session.")
        if not looks_like_session_token(token):
            raise wrong
        try:
            # Time is checked by the caller, against the clock that was given.
            claims: dict[str, Any] = jwt.decode(
                token.removeprefix(PREFIX),
                self._key,
                algorithms=[_ALGORITHM],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise wrong from None
        # base64url leaves bits of the last character unused. One token has one spelling, or single use could be fooled.
        if not hmac.compare_digest(self._signed(claims), token):
            raise wrong
        return claims
