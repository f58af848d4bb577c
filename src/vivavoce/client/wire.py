"""Requests and answers over HTTP: keys, retries and errors, once for every resource of the SDK.

A `Wire` belongs to the `Vivavoce` client that made it and is closed with it.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import httpx

from vivavoce.client.addresses import is_loopback, shown_address
from vivavoce.client.downloads import Download
from vivavoce.client.errors import (
    ApiError,
    InvalidIdError,
    InvalidKeyError,
    Refusal,
    ServerUnreachableError,
    UnexpectedAnswerError,
    error_of,
)
from vivavoce.client.event_stream import EventStreamDecoder
from vivavoce.client.retrying import RETRIED_STATUSES, RetryPolicy, retry_after_seconds
from vivavoce.client.uploads import Upload, Watched

Query = Mapping[str, str | int | bool | None]

_QUESTIONS = frozenset({"GET", "HEAD"})
_MESSAGE_LENGTH_MAXIMUM = 500
_SEGMENT_LENGTH_MAXIMUM = 512
_END_OF_STREAM = "[DONE]"


@dataclass(frozen=True, slots=True)
class Chance:
    """What a client takes from the world besides the network; tests give their own.

    `sleep` waits for seconds, `random` is in [0, 1), `now` are seconds that only grow, `wall` seconds since 1970.
    """

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, for the next bytes of an answer, of a language model's answer."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    completion_seconds: float = 300.0


def path_of(*segments: str) -> str:
    """A path below the address. Ids are quoted, so that none can lead to another place. Raises `InvalidIdError`."""
    for segment in segments:
        if not segment or len(segment) > _SEGMENT_LENGTH_MAXIMUM:
            raise InvalidIdError("an id is empty" if not segment else f"{segment[:20]}… is too long for an id")
    return "/" + "/".join(_quoted(segment) for segment in segments)


def _quoted(segment: str) -> str:
    # A dot or two would be taken as a step within the path.
    return segment.replace(".", "%2E") if segment in {".", ".."} else quote(segment, safe="", errors="replace")


def check_key(api_key: str | None) -> str | None:
    """The key without blanks around it. Raises `InvalidKeyError`, which does not show it."""
    if api_key is None or not api_key.strip():
        return None
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InvalidKeyError("the API key has blanks, line ends or letters beyond ASCII in it: copy it again")
    return key


class Wire:
    """Sends requests to one server with one key."""

    def __init__(
        self, address: str, api_key: str | None, retries: RetryPolicy, timeouts: Timeouts, chance: Chance
    ) -> None:
        self._where = shown_address(address)
        self._retries = retries
        self._timeouts = timeouts
        self._chance = chance
        headers = {"Accept": "application/json", "User-Agent": "vivavoce-python"}
        self._http = httpx.AsyncClient(
            base_url=address,
            headers=headers | ({} if api_key is None else {"Authorization": f"Bearer {api_key}"}),
            timeout=httpx.Timeout(timeouts.read_seconds, connect=timeouts.connect_seconds),
            # A proxy cannot reach this machine's own addresses, although the environment may name one for everything.
            trust_env=not is_loopback(address),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        return await self.call("GET", path, query=query)

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Query | None = None,
        patient: bool = False,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """The JSON object of a successful answer; {} for an empty one. `patient` waits as long as a model may take.

        Raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`.
        """
        request = self._request(method, path, body, query, patient=patient, idempotency_key=idempotency_key)
        response = await self._send(request, stream=False)
        return _object(response, self._where)

    async def upload(self, path: str, upload: Upload) -> dict[str, Any]:
        """Send a file as a form; the JSON object of the answer. Tried once, so that nothing is stored twice.

        Raises as `call`.
        """
        source = upload.source if upload.progress is None else Watched(upload.source, upload.progress)
        request = self._http.build_request(
            "POST",
            path,
            files={upload.part: (upload.name, cast(BinaryIO, source), upload.content_type)},
            data=upload.fields,
            timeout=httpx.Timeout(self._timeouts.completion_seconds, connect=self._timeouts.connect_seconds),
        )
        outcome = await self._attempt(request, stream=False)
        if not isinstance(outcome, httpx.Response):
            raise outcome
        return _object(outcome, self._where)

    async def download(self, path: str, download: Download, query: Query | None = None) -> int:
        """Write an answer into a file as it comes, and take it up where it breaks; how many bytes it had.

        Raises as `call`, and what writing raises.
        """
        is_whole = False
        while not is_whole:
            request = self._request("GET", path, None, query, patient=False)
            request.headers.update(download.headers)
            response = await self._send(request, stream=True)
            try:
                is_whole = await download.take(response, self._where)
            finally:
                await response.aclose()
        return download.size_bytes

    @asynccontextmanager
    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """Ask for a streamed answer; its events come until `[DONE]`. What has begun is not tried again.

        Raises as `call`, also while the events are read.
        """
        response = await self._send(self._request("POST", path, body, None, patient=True), stream=True)
        try:
            yield self._read_events(response)
        finally:
            await response.aclose()

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Query | None,
        *,
        patient: bool,
        idempotency_key: str | None = None,
    ) -> httpx.Request:
        headers = {} if method in _QUESTIONS else {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        asked = {name: _written(value) for name, value in (query or {}).items() if value is not None}
        read_seconds = self._timeouts.completion_seconds if patient else self._timeouts.read_seconds
        return self._http.build_request(
            method,
            path,
            json=None if body is None else dict(body),
            params=asked or None,
            headers=headers,
            timeout=httpx.Timeout(read_seconds, connect=self._timeouts.connect_seconds),
        )

    async def _send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        began_at = self._chance.now()
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._attempt(request, stream=stream)
            if isinstance(outcome, httpx.Response):
                return outcome
            asked = outcome.refusal.retry_after_seconds if isinstance(outcome, ApiError) else None
            elapsed = self._chance.now() - began_at
            delay = self._retries.delay_seconds(attempt, elapsed, asked, self._chance.random())
            if delay is None:
                raise outcome
            await self._chance.sleep(delay)

    async def _attempt(
        self, request: httpx.Request, *, stream: bool
    ) -> httpx.Response | ApiError | ServerUnreachableError:
        """A successful answer, or an error that another try may mend. Raises every other error."""
        try:
            response = await self._http.send(request, stream=stream)
            if not response.is_success:
                await response.aread()
                await response.aclose()
        except httpx.TimeoutException:
            return ServerUnreachableError(f"{self._where} did not answer in time")
        except httpx.TransportError as error:
            return ServerUnreachableError(f"no answer from {self._where} ({_reason(error)})")
        except httpx.DecodingError as error:
            raise UnexpectedAnswerError(f"{self._where} sent an answer that cannot be unpacked") from error
        if response.is_success:
            return response
        if response.is_redirect:
            target = response.headers.get("Location", "elsewhere")
            raise UnexpectedAnswerError(f"{self._where} redirects to {target}: use that as the server's address")
        failure = error_of(_refusal(response, self._chance.wall()))
        # The first attempt, whose answer was lost, may still be worked on: then the server says when to ask again.
        in_progress = response.status_code == 409 and failure.refusal.retry_after_seconds is not None
        if in_progress or response.status_code in RETRIED_STATUSES:
            return failure
        raise failure

    async def _read_events(self, response: httpx.Response) -> AsyncGenerator[dict[str, Any]]:
        decoder = EventStreamDecoder()
        try:
            async for chunk in response.aiter_bytes():
                for data in decoder.feed(chunk):
                    if data.strip() == _END_OF_STREAM:
                        return
                    yield _event(data, response, self._where)
        except httpx.TransportError as error:
            raise ServerUnreachableError(f"{self._where} broke off in the middle of an answer") from error
        raise ServerUnreachableError(f"{self._where} broke off in the middle of an answer")


def _written(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__


def _object(response: httpx.Response, where: str) -> dict[str, Any]:
    if not response.content.strip():
        return {}
    try:
        body = response.json()
    except ValueError as error:
        raise UnexpectedAnswerError(f"{where} sent something that is not JSON; is this a vivavoce server?") from error
    if not isinstance(body, dict):
        raise UnexpectedAnswerError(f"{where} sent JSON that is no object; is this a vivavoce server?")
    return body


def _event(data: str, response: httpx.Response, where: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError as error:
        raise UnexpectedAnswerError(f"{where} streamed something that is not JSON") from error
    if not isinstance(event, dict):
        raise UnexpectedAnswerError(f"{where} streamed JSON that is no object")
    if event.get("error"):
        raise error_of(_explained(event, Refusal(500, request_id=response.headers.get("X-Request-Id"))))
    return event


def _refusal(response: httpx.Response, wall_seconds: float) -> Refusal:
    known = Refusal(
        response.status_code,
        request_id=response.headers.get("X-Request-Id"),
        retry_after_seconds=retry_after_seconds(response.headers.get("Retry-After"), wall_seconds),
    )
    try:
        body = response.json()
    except ValueError:
        text = response.text.strip()
        return _with_message(known, "" if text.startswith("<") else text)
    return _explained(body, known)


def _explained(body: Any, known: Refusal) -> Refusal:
    """What the body of an error says, in the shape of OpenAI or as bare texts, as other dialects have it."""
    told = body.get("error", body) if isinstance(body, dict) else {}
    if isinstance(told, str):
        said = body.get("message")
        told = {"message": said if isinstance(said, str) else told, "code": body.get("code")}
    if not isinstance(told, dict):
        return known
    code, param = told.get("code"), told.get("param")
    message = told.get("message", told.get("detail", ""))
    return Refusal(
        known.status,
        str(code) if code is not None else None,
        str(message or "")[:_MESSAGE_LENGTH_MAXIMUM],
        str(param) if param is not None else None,
        known.request_id,
        known.retry_after_seconds,
    )


def _with_message(known: Refusal, message: str) -> Refusal:
    return Refusal(
        known.status, None, message[:_MESSAGE_LENGTH_MAXIMUM], None, known.request_id, known.retry_after_seconds
    )
