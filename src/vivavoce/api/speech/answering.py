"""Sound as an answer: encoded while it is spoken, stopped when the client goes.

Functions and a response without state of their own; they live as long as a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from vivavoce.api.auth import offered
from vivavoce.api.dependencies import api_state, authenticated, counted
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.speech.secrets import HEARING_PATHS, caller_of_secret
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.audio_encoding import SpeechEncoding, open_encoder
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import looks_like_client_secret
from vivavoce.services.speech.saying import Said, SaidSound

UPLOAD_BYTES_MAXIMUM = 25 * 1024 * 1024
UPLOAD_PATHS = HEARING_PATHS
"""Where a recording may be sent, which is larger than other bodies."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}


class KeyFirstRoute(APIRoute):
    """A route that looks at the key before it takes the body in: a stranger's recording is not even stored."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            await _let_in(request)
            return await handle(request)

        return answer


async def _let_in(request: Request) -> Caller:
    """By key, or by a client secret that may come in here."""
    secret = offered(request.headers).secret
    if secret is None or not looks_like_client_secret(secret):
        return await authenticated(request)
    secrets = api_state(request).platform.client_secrets
    return counted(request, await caller_of_secret(secrets, secret, request.url.path))


class SpeechResponse(StreamingResponse):
    """Sound as it is spoken. However the answer ends, its generator is closed with it."""

    media_type = None

    def __init__(self, sound: AsyncGenerator[bytes], content_type: str, status_code: int = 200) -> None:
        super().__init__(sound, status_code, {"cache-control": "no-store"}, content_type)
        self._sound = sound

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._sound):
            await super().__call__(scope, receive, send)


class SoundMeter:
    """Counts how long the speech is that passes through. One belongs to one answer."""

    def __init__(self) -> None:
        self._samples = 0

    @property
    def seconds(self) -> float:
        return self._samples / VOICE_RATE_HZ

    async def through(self, said: AsyncGenerator[Said]) -> AsyncGenerator[Said]:
        """What is said, untouched. Closes `said` with itself."""
        async with aclosing(said):
            async for part in said:
                if isinstance(part, SaidSound):
                    self._samples += part.samples.size
                yield part


async def encoded(said: AsyncGenerator[Said], encoding: SpeechEncoding) -> AsyncGenerator[bytes]:
    """The bytes of what is said, piece by piece. Closes `said` with itself."""
    encoder = open_encoder(encoding, VOICE_RATE_HZ)
    try:
        async with aclosing(said):
            async for part in said:
                if isinstance(part, SaidSound):
                    data = await asyncio.to_thread(encoder.push, part.samples)
                    if data:
                        yield data
        data = await asyncio.to_thread(encoder.flush)
        if data:
            yield data
    finally:
        encoder.close()


async def first_of(sound: AsyncGenerator[bytes]) -> bytes:
    """The first bytes, or none at all: whatever keeps the sound from beginning is raised here."""
    return await anext(sound, b"")


async def beginning_with(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The first bytes and the others. Closes `rest` with itself."""
    async with aclosing(rest):
        if first:
            yield first
        async for data in rest:
            yield data


def speech_responses(description: str, *content_types: str) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: which kinds of sound it answers with."""
    content = {each: {} if each == "text/event-stream" else _BINARY for each in content_types}
    return {200: {"description": description, "content": content}}


def speech_errors() -> dict[int | str, dict[str, Any]]:
    """For a router's `responses=`: the errors that the speech endpoints may answer with."""
    told = error_responses(Dialect.XAI, 502)
    told[413] = told[413] | {"description": "The body is larger than 25 MiB (1 MiB where no recording is sent)."}
    return told
