"""A small asyncio client of `/v1/realtime`.

    async with RealtimeClient.connect("http://127.0.0.1:8080", api_key) as call:
        await call.create_message("Hello!")
        await call.create_response()
        async for event in call:
            ...

Events are plain dicts in both directions, as the OpenAI Realtime API (GA) describes them. A call belongs to the block
that opened it and ends with it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, Self
from urllib.parse import urlencode, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from vivavoce.client.addresses import is_loopback, server_address, shown_address
from vivavoce.client.errors import (
    ClosedByServerError,
    InvalidServerUrlError,
    NotRealtimeError,
    ServerUnreachableError,
    UnauthorizedError,
    UpgradeRefusedError,
)

Event = dict[str, Any]

PATH = "/v1/realtime"
EVENT_BYTES_MAXIMUM = 16 * 1024 * 1024
OPEN_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 2.0
_NO_CLOSE_FRAME = 1006
_GOOD_ORDER = {1000, 1005}
_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def realtime_url(base_url: str, query: Mapping[str, str] | None = None) -> str:
    """The WebSocket address for a server's address, which may end in `/v1` or in the whole path.

    Raises `InvalidServerUrlError`.
    """
    parts = server_address(base_url)
    prefix = parts.path.rstrip("/").removesuffix("/realtime").removesuffix("/v1")
    return urlunsplit((_WEBSOCKET_SCHEMES[parts.scheme], parts.netloc, prefix + PATH, urlencode(query or {}), ""))


class RealtimeClient:
    """One call with one agent. Iterate over it for the server's events."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        base_url: str,
        api_key: str | None,
        agent_id: str | None = None,
        *,
        model: str | None = None,
        open_timeout_seconds: float = OPEN_TIMEOUT_SECONDS,
    ) -> AsyncGenerator[Self]:
        """Call an agent (None: whoever the server chooses) and hang up when the block ends.

        Raises `InvalidServerUrlError`, `ServerUnreachableError`, `UnauthorizedError`, `UpgradeRefusedError`.
        """
        chosen = {"agent_id": agent_id, "model": model}
        url = realtime_url(base_url, {name: value for name, value in chosen.items() if value is not None})
        connection = await _open(url, api_key, open_timeout_seconds)
        try:
            yield cls(connection)
        finally:
            await connection.close()

    @classmethod
    @asynccontextmanager
    async def join(
        cls, websocket_url: str, *, open_timeout_seconds: float = OPEN_TIMEOUT_SECONDS
    ) -> AsyncGenerator[Self]:
        """Open the `websocket_url` of a session that was made over HTTP; the address itself carries what is needed.

        Raises as `connect`.
        """
        parts = server_address(websocket_url)
        url = urlunsplit((_WEBSOCKET_SCHEMES[parts.scheme], parts.netloc, parts.path, parts.query, ""))
        connection = await _open(url, None, open_timeout_seconds)
        try:
            yield cls(connection)
        finally:
            await connection.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The server's events until the call ends in good order. Raises `ClosedByServerError`, `NotRealtimeError`."""
        while True:
            try:
                message = await self._connection.recv()
            except ConnectionClosed as error:
                frame = error.rcvd or error.sent
                if frame is not None and frame.code in _GOOD_ORDER:
                    return
                raise _closed(error) from error
            yield _decoded(message)

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send any client event. Waits while the server reads slowly. Raises `ClosedByServerError`."""
        try:
            await self._connection.send(json.dumps(event))
        except ConnectionClosed as error:
            raise _closed(error) from error

    async def update_session(self, session: Mapping[str, Any]) -> None:
        """Change what `session` names and nothing else; answered by `session.updated`."""
        await self.send({"type": "session.update", "session": {"type": "realtime"} | dict(session)})

    async def append_audio(self, audio: bytes) -> None:
        """Let the agent hear audio in the session's input format (default: 24 kHz mono 16-bit PCM)."""
        await self.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode("ascii")})

    async def commit_audio(self) -> None:
        """End the caller's turn by hand, for sessions without turn detection."""
        await self.send({"type": "input_audio_buffer.commit"})

    async def clear_audio(self) -> None:
        await self.send({"type": "input_audio_buffer.clear"})

    async def create_message(self, text: str, role: Literal["user", "system", "assistant"] = "user") -> None:
        """Add a written message; the agent answers it after `create_response`."""
        content = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
        item = {"type": "message", "role": role, "content": [content]}
        await self.send({"type": "conversation.item.create", "item": item})

    async def create_function_output(self, call_id: str, output: str) -> None:
        """Give the result of a function that the agent called."""
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        await self.send({"type": "conversation.item.create", "item": item})

    async def create_response(self, response: Mapping[str, Any] | None = None) -> None:
        """Make the agent answer now; `response` changes settings for this answer only."""
        await self.send({"type": "response.create"} | ({} if response is None else {"response": dict(response)}))

    async def cancel_response(self, response_id: str | None = None) -> None:
        await self.send({"type": "response.cancel"} | ({} if response_id is None else {"response_id": response_id}))

    async def truncate_item(self, item_id: str, audio_end_ms: int, event_id: str | None = None) -> None:
        """Say how much of the agent's item was heard, when playing it was cut off."""
        event: Event = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0}
        named = {} if event_id is None else {"event_id": event_id}
        await self.send(event | {"audio_end_ms": audio_end_ms} | named)

    async def acknowledge_playback(self, response_id: str, played_ms: int) -> None:
        """Say how much of an answer's sound has been played so far, while the answer is under way."""
        await self.send({"type": "vivavoce.output_audio.played", "response_id": response_id, "played_ms": played_ms})


async def _open(url: str, api_key: str | None, open_timeout_seconds: float) -> ClientConnection:
    where = shown_address(url)
    try:
        return await connect(
            url,
            additional_headers=None if api_key is None else {"Authorization": f"Bearer {api_key}"},
            # A proxy cannot reach this machine's own addresses, although the environment may name one for everything.
            proxy=None if is_loopback(url) else True,
            compression=None,
            open_timeout=open_timeout_seconds,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            max_size=EVENT_BYTES_MAXIMUM,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        kind = UnauthorizedError if status == 401 else UpgradeRefusedError
        raise kind(status, _message_of(error.response.body)) from error
    except InvalidURI as error:
        raise InvalidServerUrlError(f"{where!r} is no address of a server: {error.msg}") from error
    except TimeoutError as error:
        raise ServerUnreachableError(f"{where} did not answer within {open_timeout_seconds:g} s") from error
    except InvalidHandshake as error:
        raise ServerUnreachableError(f"what answers at {where} does not speak WebSocket ({error})") from error
    except OSError as error:
        raise ServerUnreachableError(f"no connection to {where} ({error.strerror or error})") from error


def _message_of(body: bytes | bytearray | None) -> str:
    """The explanation in an error's body: OpenAI's shape, or the bare text of something else that answered."""
    text = (body or b"").decode("utf-8", "replace").strip()
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "" if text.startswith("<") else text[:300]


def _closed(error: ConnectionClosed) -> ClosedByServerError:
    frame = error.rcvd
    return ClosedByServerError(_NO_CLOSE_FRAME, "") if frame is None else ClosedByServerError(frame.code, frame.reason)


def _decoded(message: str | bytes) -> Event:
    try:
        event = json.loads(message)
    except ValueError as error:
        raise NotRealtimeError("the server sent something that is not JSON; is this a vivavoce server?") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise NotRealtimeError("the server sent JSON that is no event; is this a vivavoce server?")
    return event
