"""What a client secret may do at the speech endpoints, so that browsers can use them too. A function without state."""

from __future__ import annotations

from vivavoce.api.error_shapes import MOUNTS, Dialect
from vivavoce.api.errors import ApiError, AuthenticationError
from vivavoce.api.problems import Problem
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import ClientSecretService, InvalidClientSecretError

HEARING_PATHS = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/stt")


async def caller_of_secret(secrets: ClientSecretService, secret: str, path: str) -> Caller:
    """Who calls with this secret. Raises `ApiError` (401, 403).

    A secret that was made for calls of one kind opens nothing else: not one that names an agent or limits how long
    its calls last; and one for sessions that transcribe does not speak.
    """
    try:
        grant = await secrets.grant(secret)
    except InvalidClientSecretError as error:
        raise AuthenticationError(str(error)) from error
    if grant.agent_id is not None or grant.call_seconds_maximum is not None:
        raise _not_granted("it names an agent, or how long its calls may last, so it opens calls alone")
    if grant.only_transcribes and path.removeprefix(MOUNTS[Dialect.XAI]) not in HEARING_PATHS:
        raise _not_granted("it was made for sessions that transcribe, so it does not speak")
    return grant.caller


def _not_granted(why: str) -> ApiError:
    return ApiError(Problem(403, "not_granted", f"This client secret does not do that: {why}. Make another one."))
