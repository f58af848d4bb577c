"""A language model behind any OpenAI-compatible HTTP endpoint: xAI, OpenAI, vLLM, Ollama, llama.cpp and others.

Owned by the composition root, shared by every call, closed when the process ends. One connection a running reply, from
a pool; giving a reply up closes its connection, which is how a server learns of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Literal

import httpx
import msgspec

from vivavoce.engines.llm.chat_wire import (
    ChatChunk,
    ChatUsage,
    Dialect,
    ToolCallAssembly,
    learned,
    request_body,
    usage_of,
)
from vivavoce.engines.llm.sse import EventStream, EventTooLargeError
from vivavoce.engines.ports import (
    AffinityKey,
    EngineError,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    TextGenerated,
    ToolCallGenerated,
)

RETRY_DELAY_SECONDS = 0.25
"""Before the one retry, where the server does not say how long to wait."""

LONGEST_RETRY_DELAY_SECONDS = 5.0
"""A caller who waits longer than this has hung up; a server that asks for more is not asked again."""

_ERROR_BODY_BYTES = 16 * 1024
_ERROR_CHARACTERS = 300

_decode_chunk = msgspec.json.Decoder(ChatChunk).decode


class OpenAICompatibleLanguageModel:
    """`base_url` is what comes before `/chat/completions`, e.g. https://api.x.ai/v1 or http://localhost:11434/v1.

    `read_timeout_seconds` is the longest silence of the server, before the first token or between two. Raises
    `EngineError` for a base URL that is none.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        *,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 30.0,
        connections: int = 100,
    ) -> None:
        try:
            url = httpx.URL(base_url.rstrip("/") + "/chat/completions")
        except httpx.InvalidURL as error:
            raise EngineError(f"{base_url!r} is no base URL ({error}); give one like https://api.x.ai/v1") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise EngineError(f"{base_url!r} is no base URL; give one like https://api.x.ai/v1")
        self._url = url
        self._shown_url = str(url.copy_with(userinfo=b"", query=None)).removesuffix("/chat/completions")
        self._api_key = api_key
        self._model = model
        self._dialect = Dialect()
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(read_timeout_seconds, connect=connect_timeout_seconds, pool=connect_timeout_seconds),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        response = await self._open(request)
        try:
            reason: Literal["stop", "length", "tool_calls"] = "stop"
            usage: ChatUsage | None = None
            calls = ToolCallAssembly()
            async with aclosing(self._chunks(response)) as chunks:
                async for chunk in chunks:
                    usage = chunk.usage or usage
                    for choice in chunk.choices or []:
                        reason = "length" if choice.finish_reason == "length" else reason
                        message = choice.delta or choice.message
                        if message is None:
                            continue
                        for delta in message.tool_calls or []:
                            calls.add(delta)
                        if message.content and isinstance(message.content, str):
                            yield TextGenerated(message.content)
            called = calls.finish(cut=reason == "length")
            for call in called if request.parallel_tool_calls else called[:1]:
                if reason == "stop":
                    reason = "tool_calls"
                yield ToolCallGenerated(call)
            yield GenerationEnded(reason, usage_of(usage))
        finally:
            await response.aclose()

    async def prefill(self, request: GenerationRequest) -> None:
        """Nothing to do: what the server keeps of a prompt is its own affair."""

    def release(self, affinity: AffinityKey) -> None:
        """Nothing to do: the server keeps no state of a conversation that we could name."""

    async def close(self) -> None:
        await self._client.aclose()

    async def _open(self, request: GenerationRequest) -> httpx.Response:
        """Send the request until the server begins to answer it: one retry, and one try for each thing learned."""
        retried = False
        while True:
            dialect = self._dialect
            try:
                response = await self._send(request, dialect)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as error:
                if retried:
                    raise self._unreachable(error) from error
                retried = True
                await asyncio.sleep(RETRY_DELAY_SECONDS)
                continue
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            if response.status_code == httpx.codes.OK:
                return response
            refusal = await _beginning(response)
            if response.status_code in {400, 422} and (better := learned(dialect, refusal)):
                self._dialect = better
                continue
            delay = _retry_delay_seconds(response)
            if retried or delay is None:
                raise self._refused(response.status_code, refusal)
            retried = True
            await asyncio.sleep(delay)

    async def _send(self, request: GenerationRequest, dialect: Dialect) -> httpx.Response:
        body = request_body(request, self._model, dialect)
        return await self._client.send(self._client.build_request("POST", self._url, json=body), stream=True)

    async def _chunks(self, response: httpx.Response) -> AsyncGenerator[ChatChunk]:
        try:
            if response.headers.get("content-type", "").startswith("application/json"):
                yield self._chunk(await response.aread())
                return
            async with aclosing(_events(response)) as events:
                async for data in events:
                    if data.strip() == "[DONE]":
                        return
                    yield self._chunk(data)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        except EventTooLargeError as error:
            raise EngineError(f"{self._shown_url} does not send a chat stream ({error}); check the base URL") from error

    def _chunk(self, data: str | bytes) -> ChatChunk:
        try:
            chunk = _decode_chunk(data)
        except msgspec.DecodeError as error:
            raise EngineError(f"{self._shown_url} does not send a chat stream ({error}); check the base URL") from error
        if chunk.error:
            raise EngineError(f"{self._shown_url} broke the reply off: {self._safe(_error_text(chunk.error))}")
        return chunk

    def _unreachable(self, error: httpx.HTTPError) -> EngineError:
        if isinstance(error, httpx.PoolTimeout):
            return EngineError(f"every connection to {self._shown_url} is in use; run fewer calls or allow more")
        if isinstance(error, httpx.ReadTimeout):
            return EngineError(f"{self._shown_url} went silent; check that the model is loaded and not overloaded")
        what = self._safe(str(error)) or type(error).__name__
        return EngineError(
            f"{self._shown_url} cannot be reached ({what}); check the base URL, that the server runs and the network"
        )

    def _refused(self, status: int, refusal: str) -> EngineError:
        advice = {
            401: "check the API key",
            403: "check the API key and what it may use",
            404: f"check the base URL (it often ends in /v1) and the model name {self._model!r}",
            429: "the rate limit or quota is used up; wait, or ask the provider for more",
        }.get(status, "the server is in trouble; try again" if status >= 500 else "check the model and its settings")
        said = self._safe(_error_text(_json_or_text(refusal)))
        return EngineError(f"{self._shown_url} answered {status} ({said}); {advice}")

    def _safe(self, text: str) -> str:
        """What a server said, short and without the key."""
        if self._api_key:
            text = text.replace(self._api_key, "***")
        return " ".join(text.split())[:_ERROR_CHARACTERS]


async def _events(response: httpx.Response) -> AsyncGenerator[str]:
    stream = EventStream()
    received: AsyncIterator[bytes] = response.aiter_bytes()
    async for piece in received:
        for data in stream.feed(piece):
            yield data
    for data in stream.finish():
        yield data


async def _beginning(response: httpx.Response) -> str:
    """The first bytes of an answer that is an error; the connection is given back."""
    body = b""
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) >= _ERROR_BODY_BYTES:
                break
    except httpx.HTTPError:
        body += b" (cut off)"
    finally:
        await response.aclose()
    return body[:_ERROR_BODY_BYTES].decode("utf-8", "replace")


def _retry_delay_seconds(response: httpx.Response) -> float | None:
    """How long to wait before asking again; None for an answer that will not change, or not soon enough."""
    if response.status_code not in {408, 429} and response.status_code < 500:
        return None
    try:
        asked = float(response.headers.get("retry-after", RETRY_DELAY_SECONDS))
    except ValueError:
        return RETRY_DELAY_SECONDS
    return max(0.0, asked) if asked <= LONGEST_RETRY_DELAY_SECONDS else None


def _json_or_text(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _error_text(error: object) -> str:
    """The message inside an error of any of the shapes that servers send."""
    if isinstance(error, dict):
        for key in ("error", "message", "detail", "msg"):
            if error.get(key):
                return _error_text(error[key])
    return error if isinstance(error, str) else json.dumps(error)
