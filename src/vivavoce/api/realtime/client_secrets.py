"""Routes that make client secrets: the one of OpenAI and xAI, and the two of OpenAI's beta. Thin and stateless."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from vivavoce.api.dependencies import PlatformOf, Speaker
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.errors import ApiError
from vivavoce.api.problems import Problem
from vivavoce.api.realtime.secret_shapes import (
    BetaSession,
    MadeBetaSession,
    MadeSecret,
    SecretToMake,
    SessionToBring,
    inner_secret,
)
from vivavoce.dialects.realtime.beta import in_beta
from vivavoce.dialects.wire import WireError
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import ClientSecret, SecretPrefix, SecretWish
from vivavoce.services.platform import Platform

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Realtime: client secrets"])

_TRANSCRIBING: dict[str, Any] = {"type": "transcription"}


@router.post("/v1/realtime/client_secrets", summary="Make a client secret")
async def create_client_secret(platform: PlatformOf, caller: Speaker, body: SecretToMake | None = None) -> MadeSecret:
    """A short-lived secret with which a browser opens calls at `/v1/realtime`, and uses the speech endpoints.

    It is sent as `Authorization: Bearer SECRET`, in a sub-protocol (`xai-client-secret.SECRET`, or `realtime` and
    `openai-insecure-api-key.SECRET`), or, to a WebSocket, as `?token=SECRET`. It opens any number of calls until it
    expires or the key that made it is revoked. One that names an agent or a longest duration opens calls alone.
    """
    asked = body or SecretToMake()
    session = asked.session or SessionToBring()
    wish = session.wish(asked.prefix, asked.expires_after)
    secret = await _made(platform, caller, wish, "session")
    inner = inner_secret(secret)
    return MadeSecret(
        value=inner.value,
        expires_at=inner.expires_at,
        session=dict(secret.session),
        client_secret=inner,
        model=str(secret.session.get("model", wish.model or "")),
    )


@router.post("/v1/realtime/sessions", summary="Make a session of the beta protocol")
async def create_beta_session(
    platform: PlatformOf, caller: Speaker, body: BetaSession | None = None
) -> MadeBetaSession:
    """As OpenAI's clients from before GA ask for a client secret: a flat session in and out."""
    asked = body or BetaSession()
    return await _made_in_beta(platform, caller, asked.wish(SecretPrefix.OPENAI, asked.expiry))


@router.post("/v1/realtime/transcription_sessions", summary="Make a transcription session of the beta protocol")
async def create_beta_transcription_session(
    platform: PlatformOf, caller: Speaker, body: BetaSession | None = None
) -> MadeBetaSession:
    """The same for a session that writes down what is said and never answers."""
    asked = body or BetaSession()
    return await _made_in_beta(platform, caller, asked.wish(SecretPrefix.OPENAI, asked.expiry, _TRANSCRIBING))


async def _made_in_beta(platform: Platform, caller: Caller, wish: SecretWish) -> MadeBetaSession:
    secret = await _made(platform, caller, wish, "")
    inner = inner_secret(secret)
    told = in_beta({"type": "session.created", "session": dict(secret.session)})
    flat: dict[str, Any] = {} if told is None else told["session"]
    return MadeBetaSession(**flat | {"expires_at": inner.expires_at, "client_secret": inner})


async def _made(platform: Platform, caller: Caller, wish: SecretWish, root: str) -> ClientSecret:
    """`root`: where in the request the session's fields stand."""
    try:
        return await platform.client_secrets.create(caller, wish)
    except WireError as error:
        param = error.param if root or error.param is None else error.param.removeprefix("session.")
        raise ApiError(Problem(400, error.code, error.message, param=param)) from error
