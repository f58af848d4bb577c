"""The options of `vivavoce serve` for the platform API, and the settings that they and the environment make.

Pure but for the environment that it is given. Secrets have no options: other users of a machine can see a process's
arguments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from vivavoce.api.json_web_tokens import JwtSettings
from vivavoce.services.livekit_tokens import LiveKitSettings
from vivavoce.services.upstream_xai import BASE_URL, UpstreamXaiSettings

LIVEKIT_VARIABLES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
UPSTREAM_KEY_VARIABLE = "XAI_UPSTREAM_API_KEY"
UPSTREAM_URL_VARIABLE = "XAI_UPSTREAM_BASE_URL"
"""Not XAI_API_KEY and XAI_BASE_URL: these two tell the `agents` command of this very server."""
_ORIGIN = re.compile(r"https?://[^/\sA-Z?#]+")

PublicUrl = Annotated[
    str | None,
    typer.Option(envvar="VIVAVOCE_PUBLIC_URL", help="This server's address as clients reach it: https://…"),
]
JwtIssuer = Annotated[
    str | None,
    typer.Option(envvar="VIVAVOCE_JWT_ISSUER", help="Take JSON Web Tokens of this issuer besides API keys."),
]
JwtAudience = Annotated[
    str | None, typer.Option(envvar="VIVAVOCE_JWT_AUDIENCE", help="The tokens must be made for this audience.")
]
JwksUrl = Annotated[
    str | None,
    typer.Option(envvar="VIVAVOCE_JWKS_URL", help="The issuer's keys; default: its /.well-known/jwks.json."),
]
JwtAuthorizedParty = Annotated[
    list[str] | None,
    typer.Option(envvar="VIVAVOCE_JWT_AUTHORIZED_PARTY", help="Applications that tokens may name; repeatable."),
]
SessionLifetime = Annotated[
    float, typer.Option(envvar="VIVAVOCE_SESSION_LIFETIME_SECONDS", min=1, help="Seconds that a session may last.")
]
SessionIdle = Annotated[
    float, typer.Option(envvar="VIVAVOCE_SESSION_IDLE_SECONDS", min=1, help="Seconds that one may be left alone.")
]
OpenSessions = Annotated[
    int, typer.Option(envvar="VIVAVOCE_OPEN_SESSIONS", min=1, help="Sessions an organisation may have open.")
]
RequestsPerMinute = Annotated[
    int, typer.Option(envvar="VIVAVOCE_REQUESTS_PER_MINUTE", min=1, help="Requests a minute and key.")
]
CorsOrigins = Annotated[
    list[str] | None,
    typer.Option(
        "--cors-origin",
        envvar="VIVAVOCE_CORS_ORIGINS",
        help="An origin whose pages may use the API in browsers; may be repeated; * is any.",
        show_default=False,
    ),
]
PrivateWebhooks = Annotated[
    bool,
    typer.Option(
        "--private-webhooks/--no-private-webhooks",
        envvar="VIVAVOCE_PRIVATE_WEBHOOKS",
        help="Let webhooks go to private addresses too.",
    ),
]


def public_url_of(given: str | None) -> str | None:
    """The address without a slash at its end. Raises `BadParameter` for what is none."""
    if not given:
        return None
    if not given.startswith(("http://", "https://")) or any(character.isspace() for character in given):
        raise typer.BadParameter("--public-url (or VIVAVOCE_PUBLIC_URL) must begin with http:// or https://")
    return given.rstrip("/")


def cors_origins_of(given: Sequence[str] | None) -> tuple[str, ...]:
    """The origins as browsers write them. Raises `BadParameter` for what is none."""
    for origin in given or ():
        if origin != "*" and _ORIGIN.fullmatch(origin) is None:
            raise typer.BadParameter(
                f"--cors-origin (or VIVAVOCE_CORS_ORIGINS): '{origin}' is not * or an origin such as "
                "https://app.example.com, in lower case and without a path"
            )
    return tuple(given or ())


def identity_of(
    issuer: str | None, audience: str | None, jwks_url: str | None, parties: Sequence[str] | None
) -> JwtSettings | None:
    """Whose tokens are taken; None: nobody's. Raises `BadParameter`."""
    if not issuer:
        if audience or jwks_url or parties:
            raise typer.BadParameter("tokens are taken only of an issuer: give --jwt-issuer (or VIVAVOCE_JWT_ISSUER)")
        return None
    keys = jwks_url or f"{issuer.rstrip('/')}/.well-known/jwks.json"
    if not keys.startswith(("http://", "https://")):
        raise typer.BadParameter(f"the issuer's keys must have an http(s) address, not {keys!r}: give --jwks-url")
    return JwtSettings(issuer, audience or None, keys, tuple(parties or ()))


def livekit_of(environment: Mapping[str, str]) -> LiveKitSettings | None:
    """The LiveKit server that tokens are minted for; None: there is none. Raises `BadParameter` for half of it."""
    found = [environment.get(name, "").strip() for name in LIVEKIT_VARIABLES]
    if not any(found):
        return None
    missing = [name for name, value in zip(LIVEKIT_VARIABLES, found, strict=True) if not value]
    if missing:
        raise typer.BadParameter(f"{', '.join(LIVEKIT_VARIABLES)} go together: set {' and '.join(missing)} too")
    url, api_key, api_secret = found
    if url.startswith(("http://", "https://")):
        url = f"ws{url.removeprefix('http')}"
    if not url.startswith(("ws://", "wss://")):
        raise typer.BadParameter(f"{LIVEKIT_VARIABLES[0]} must begin with wss:// (or ws:// within one machine)")
    return LiveKitSettings(url, api_key, api_secret)


def upstream_of(environment: Mapping[str, str]) -> UpstreamXaiSettings | None:
    """xAI itself, for sessions that are to be held there; None: no key. Raises `BadParameter`."""
    api_key = environment.get(UPSTREAM_KEY_VARIABLE, "").strip()
    if not api_key:
        return None
    try:
        return UpstreamXaiSettings(api_key, environment.get(UPSTREAM_URL_VARIABLE, "").strip() or BASE_URL)
    except ValueError as error:
        raise typer.BadParameter(f"{UPSTREAM_KEY_VARIABLE}: {error}") from error
