"""JSON Web Tokens of an outside issuer (Clerk, Auth0, Keycloak, …): who signed in there may call here.

One `JwtVerifier` an issuer, owned by the composition root; it dies with the server and holds nothing but the issuer's
public keys. Only asymmetric signatures are taken, and a key only for the one algorithm that its type allows: what an
attacker writes into the header of a token never chooses how the token is checked (RFC 8725, section 3.1).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

KEYS_FRESH_SECONDS = 600.0
KEYS_SERVED_WITHOUT_ISSUER_SECONDS = 86_400.0
UNKNOWN_KEY_PAUSE_SECONDS = 30.0
FAILED_FETCH_PAUSE_SECONDS = 5.0
FETCH_TIMEOUT_SECONDS = 5.0
KEY_SET_BYTES_MAXIMUM = 256 * 1024
KEYS_MAXIMUM = 64
RSA_BITS_MINIMUM = 2048
RSA_BITS_MAXIMUM = 8192
TOKEN_CHARACTERS_MAXIMUM = 8192
IDENTIFIER_CHARACTERS_MAXIMUM = 255
ALGORITHMS = ("RS256", "ES256")
CLAIMS_KEPT = ("azp", "email", "exp", "iss", "name", "org_role", "org_slug", "scope", "sid")

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)

PublicKey = RSAPublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """Whose tokens are taken. `issuer` must be the token's `iss` to the letter; no `audience`: any is taken.

    With `authorized_parties` a token that has an `azp` must name one of them. `organisation_claims` are tried in
    turn: a claim of that very name, else the path that its dots spell.
    """

    issuer: str
    audience: str | None
    jwks_url: str
    authorized_parties: tuple[str, ...] = ()
    leeway_seconds: float = 30
    organisation_claims: tuple[str, ...] = ("org_id", "o.id", "organization_id")


@dataclass(frozen=True, slots=True)
class JwtIdentity:
    """Who a token speaks for. `organisation` is the issuer's id of it.

    Where the token names no organisation, that is the subject and `is_personal` is true: ids of people and of
    organisations may be chosen apart, so keep the two apart (and apart from other issuers) when looking them up.
    """

    subject: str
    organisation: str
    is_personal: bool
    claims: Mapping[str, Any]


class InvalidTokenError(Exception):
    """The token does not let in. `reason` is a sentence for the caller; it never quotes the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IssuerUnavailableError(InvalidTokenError):
    """Nobody can tell yet: the issuer's keys could not be had. Trying again later may work."""


def looks_like_jwt(text: str) -> bool:
    """Whether it is worth verifying: three base64url parts, the first of them an encoded JSON object."""
    return len(text) <= TOKEN_CHARACTERS_MAXIMUM and _JWT.fullmatch(text) is not None


class JwtVerifier:
    """Verifies tokens of one issuer. `monotonic` gives seconds, for the age of the keys; `exp` is wall time.

    `http` stays the caller's: it must outlive the verifier and is never closed here.
    """

    def __init__(self, settings: JwtSettings, http: httpx.AsyncClient, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._keys = _IssuerKeys(settings.jwks_url, http, monotonic)

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    async def verify(self, token: str) -> JwtIdentity:
        """Who sent it. Raises `InvalidTokenError`; `IssuerUnavailableError` where the keys could not be had."""
        if not looks_like_jwt(token):
            raise InvalidTokenError("This is no JSON Web Token.")
        algorithm, key_id = _header_of(token)
        key = await self._keys.get(algorithm, key_id)
        return _identity_of(self._claims_of(token, algorithm, key), self._settings)

    def _claims_of(self, token: str, algorithm: str, key: PublicKey) -> dict[str, Any]:
        settings = self._settings
        required = ["exp", "iss", "sub"] if settings.audience is None else ["exp", "iss", "sub", "aud"]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=settings.issuer,
                audience=settings.audience,
                leeway=settings.leeway_seconds,
                options={
                    "require": required,
                    "verify_aud": settings.audience is not None,
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise InvalidTokenError(_reason_of(error)) from None
        return claims


class _IssuerKeys:
    """The issuer's public keys: cached, fetched by one caller at a time, and not at the pleasure of strangers."""

    def __init__(self, url: str, http: httpx.AsyncClient, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._http = http
        self._monotonic = monotonic
        self._fetching = asyncio.Lock()
        self._keys: Mapping[tuple[str, str | None], PublicKey] = {}
        self._fetched_at = -float("inf")
        self._looked_at = -float("inf")
        self._failed_at = -float("inf")

    async def get(self, algorithm: str, key_id: str | None) -> PublicKey:
        key = self._held(algorithm, key_id)
        # While someone else renews keys that are merely old, the old ones serve everybody else at once.
        if key is None or (self._age > KEYS_FRESH_SECONDS and not self._fetching.locked()):
            async with self._fetching:
                key = self._held(algorithm, key_id)
                if self._worth_fetching(key is not None):
                    await self._fetch()
                    key = self._held(algorithm, key_id)
        if key is not None:
            return key
        if self._age > KEYS_SERVED_WITHOUT_ISSUER_SECONDS:
            raise IssuerUnavailableError("The keys of the token's issuer cannot be had now. Try again in a moment.")
        raise InvalidTokenError("The token is signed with a key that its issuer does not publish. Sign in again.")

    @property
    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    def _held(self, algorithm: str, key_id: str | None) -> PublicKey | None:
        if self._age > KEYS_SERVED_WITHOUT_ISSUER_SECONDS:
            return None
        if key_id is not None:
            return self._keys.get((algorithm, key_id))
        # RFC 7517, section 4.5: `kid` is optional. Without one only a sole key is beyond doubt.
        fitting = [key for (fits, _), key in self._keys.items() if fits == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _worth_fetching(self, held: bool) -> bool:
        now = self._monotonic()
        if now - self._failed_at < FAILED_FETCH_PAUSE_SECONDS:
            return False
        if now - self._fetched_at > KEYS_FRESH_SECONDS:
            return True
        return not held and now - self._looked_at >= UNKNOWN_KEY_PAUSE_SECONDS

    async def _fetch(self) -> None:
        """Renew the keys, or note that it failed. A caller who goes away meanwhile leaves no mark."""
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                document = await self._document()
            keys = _usable_keys(json.loads(document))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError):
            self._failed_at = self._looked_at = self._monotonic()
            return
        self._keys = keys
        self._fetched_at = self._looked_at = self._monotonic()

    async def _document(self) -> bytes:
        # Unpacked bytes cannot be bounded before they are unpacked, so nothing packed is taken.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._http.stream("GET", self._url, headers=headers, follow_redirects=False) as response:
            if response.status_code != 200 or response.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("no key set")
            document = b""
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > KEY_SET_BYTES_MAXIMUM:
                    raise ValueError("key set too large")
            return document


def _usable_keys(document: object) -> Mapping[tuple[str, str | None], PublicKey]:
    """The keys of a JWK Set (RFC 7517) that may check a signature here. Raises ValueError where there are none."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")
    keys: dict[tuple[str, str | None], PublicKey] = {}
    for entry in listed[:KEYS_MAXIMUM]:
        usable = _usable_key(entry) if isinstance(entry, dict) else None
        if usable is not None:
            key_id = entry.get("kid")
            keys.setdefault((usable[0], key_id if isinstance(key_id, str) else None), usable[1])
    if not keys:
        raise ValueError("no usable key")
    return keys


def _usable_key(entry: dict[str, Any]) -> tuple[str, PublicKey] | None:
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        match entry:
            case {"kty": "RSA", "n": str(n), "e": str(e)} if entry.get("alg", "RS256") == "RS256":
                # Only the public numbers are passed on: a private key published by mistake stays unread.
                rsa = RSAAlgorithm.from_jwk({"kty": "RSA", "n": n, "e": e})
                if isinstance(rsa, RSAPublicKey) and RSA_BITS_MINIMUM <= rsa.key_size <= RSA_BITS_MAXIMUM:
                    return "RS256", rsa
            case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)} if entry.get("alg", "ES256") == "ES256":
                curve = ECAlgorithm.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
                if isinstance(curve, EllipticCurvePublicKey):
                    return "ES256", curve
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None


def _header_of(token: str) -> tuple[str, str | None]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise InvalidTokenError("This is no JSON Web Token.") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidTokenError("The token must be signed with RS256 or ES256.")
    return algorithm, header.get("kid")


def _identity_of(claims: Mapping[str, Any], settings: JwtSettings) -> JwtIdentity:
    if settings.authorized_parties and "azp" in claims and claims["azp"] not in settings.authorized_parties:
        raise InvalidTokenError("The token was made for another application (claim azp).")
    subject: str = claims["sub"]
    organisation = next(filter(None, (_organisation_in(claims, path) for path in settings.organisation_claims)), None)
    if not _is_identifier(subject) or (organisation is not None and not _is_identifier(organisation)):
        raise InvalidTokenError("The token names nobody: its sub or organisation is empty, too long or unprintable.")
    kept = MappingProxyType({name: claims[name] for name in CLAIMS_KEPT if name in claims})
    return JwtIdentity(subject, organisation or subject, organisation is None, kept)


def _organisation_in(claims: Mapping[str, Any], path: str) -> str | None:
    found: Any = claims
    # Auth0's claims are URLs: the whole name first, and only then the path that the dots spell.
    for step in [path] if path in claims else path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None


def _is_identifier(value: str) -> bool:
    # OpenID Connect Core, section 2: at most 255 characters. What cannot be printed cannot be stored everywhere.
    return 0 < len(value) <= IDENTIFIER_CHARACTERS_MAXIMUM and value.isprintable()


def _reason_of(error: Exception) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "The token has expired. Sign in again."
        case jwt.ImmatureSignatureError():
            return "The token is not valid yet (claims nbf, iat). Check the clocks."
        case jwt.InvalidIssuerError():
            return "The token comes from another issuer (claim iss)."
        case jwt.InvalidAudienceError():
            return "The token was made for another audience (claim aud)."
        case jwt.MissingRequiredClaimError():
            return f"The token lacks the claim {error.claim}."
        case jwt.InvalidSignatureError():
            return "The token's signature is wrong."
        case _:
            return "The token is malformed."
