"""`/v1/chat/completions` when something goes wrong on the way: the model fails, loads, or the client goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from vivavoce.api.dependencies import authenticated, platform
from vivavoce.api.errors import exception_handlers
from vivavoce.api.xai.chat_completions import router
from vivavoce.engines.ports import GenerationUsage, TextGenerated
from vivavoce.services.callers import Caller
from vivavoce.services.completing import CompletionEnded, CompletionPart, CompletionWish
from vivavoce.services.errors import NotReadyError, ServiceError, UpstreamFailedError
from vivavoce.store.records import FIRST_ORGANISATION

BODY: dict[str, Any] = {"model": "vivavoce", "messages": [{"role": "user", "content": "Hello"}]}
PATH = "/v1/chat/completions"


class Chat:
    """In the place of the service: says `said`, then fails or waits for ever; knows whether it was closed."""

    model_names = ("vivavoce",)

    def __init__(self, said: tuple[str, ...] = (), failure: ServiceError | None = None) -> None:
        self._said = said
        self._failure = failure
        self.waits = asyncio.Event()
        self.closed = asyncio.Event()

    async def complete(self, caller: Caller, wish: CompletionWish) -> AsyncGenerator[CompletionPart]:
        try:
            for text in self._said:
                yield TextGenerated(text)
            if self._failure is not None:
                raise self._failure
            self.waits.set()
            await asyncio.Event().wait()
            yield CompletionEnded("stop", GenerationUsage(0, 0, 0))
        finally:
            self.closed.set()


def _application(chat: Chat) -> FastAPI:
    house = SimpleNamespace(chat=chat, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(router)
    app.dependency_overrides[platform] = lambda: house
    app.dependency_overrides[authenticated] = lambda: Caller(FIRST_ORGANISATION)
    return app


async def _ask(chat: Chat, **fields: Any) -> httpx.Response:
    transport = httpx.ASGITransport(_application(chat), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(PATH, json=BODY | fields)


@pytest.mark.parametrize("stream", [False, True], ids=["of a whole answer", "of a stream"])
@pytest.mark.parametrize(
    ("failure", "status"),
    [
        pytest.param(NotReadyError("not_ready", "Try again."), 503, id="a model that still loads"),
        pytest.param(UpstreamFailedError("model_failed", "Start it again."), 502, id="a model that fails"),
    ],
)
async def test_a_failure_before_the_first_word(failure: ServiceError, status: int, stream: bool) -> None:
    response = await _ask(Chat(failure=failure), stream=stream)
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["type"], error["code"], error["message"]) == ("server_error", failure.code, failure.message)


async def test_a_failure_in_the_middle_of_a_stream_is_its_last_event() -> None:
    response = await _ask(Chat(("Well ",), UpstreamFailedError("model_failed", "Start it again.")), stream=True)
    assert response.status_code == 200
    events = [json.loads(event.removeprefix("data: ")) for event in response.text.strip().split("\n\n")]
    assert events[1]["choices"][0]["delta"] == {"content": "Well "}
    assert events[2]["error"]["code"] == "model_failed"
    assert len(events) == 3


def _until_gone(gone: asyncio.Event, *, stream: bool) -> Callable[[], Any]:
    """An ASGI `receive` of a client that sends its request and goes when the event is set."""
    body = json.dumps(BODY | {"stream": stream}).encode()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive


@pytest.mark.parametrize(
    ("said", "stream"),
    [
        pytest.param((), True, id="before the first word of a stream"),
        pytest.param(("Well ",), True, id="in the middle of a stream"),
        pytest.param(("Well ",), False, id="before an answer is whole"),
    ],
)
async def test_a_client_that_goes_stops_the_generation(said: tuple[str, ...], stream: bool) -> None:
    chat = Chat(said)
    app = _application(chat)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def send(message: Any) -> None:
        pass

    async with asyncio.timeout(30):
        await app(scope, _until_gone(chat.waits, stream=stream), send)
    assert chat.closed.is_set()
