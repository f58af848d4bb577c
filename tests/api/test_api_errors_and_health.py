"""What HTTP clients see: health, readiness, and one shape for everything that goes wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vivavoce import __version__
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.errors import AuthenticationError, exception_handlers
from vivavoce.api.health import health_routes
from vivavoce.services.errors import (
    ConflictError,
    LimitReachedError,
    NotReadyError,
    RefusedError,
    UpstreamFailedError,
)
from vivavoce.store.errors import (
    DuplicateRecordError,
    InvalidKeyError,
    StoreError,
    StoreUnavailableError,
    UnknownRecordError,
)

TELLING = "/srv/private/vivavoce.db"


@dataclass
class Waiting:
    """A server that waits for whatever the test says."""

    names: Sequence[str] = ()
    fault: Exception | None = None

    def waiting_for(self) -> Sequence[str]:
        return self.names


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
async def http(waiting: Waiting) -> AsyncGenerator[httpx.AsyncClient]:
    async def fail(_request: Request) -> Response:
        assert waiting.fault is not None
        raise waiting.fault

    app = Starlette(routes=[*health_routes(waiting), Route("/fail", fail)], exception_handlers=exception_handlers())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        yield client


async def test_a_living_server_says_so_with_its_version_even_before_it_is_ready(
    http: httpx.AsyncClient, waiting: Waiting
) -> None:
    waiting.names = ["speech-to-text"]
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": __version__})


async def test_a_server_that_waits_says_for_what(http: httpx.AsyncClient, waiting: Waiting) -> None:
    waiting.names = ("speech-to-text", "voice")
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "starting", "waiting_for": ["speech-to-text", "voice"]}
    assert answer.headers["retry-after"] == "1"


async def test_a_ready_server_says_so_and_no_cache_may_remember_it(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("fault", "status", "code", "param"),
    [
        pytest.param(AuthenticationError("no key"), 401, "invalid_api_key", None, id="no key is 401"),
        pytest.param(InvalidFieldError("speed", "too fast"), 400, "invalid_value", "speed", id="a bad agent is 400"),
        pytest.param(UnknownRecordError("agent", "agent_x"), 404, "agent_not_found", None, id="no agent is 404"),
        pytest.param(DuplicateRecordError("there is one"), 409, "already_exists", None, id="a second one is 409"),
        pytest.param(InvalidKeyError("too short"), 400, "invalid_value", None, id="a bad secret is 400"),
        pytest.param(StoreUnavailableError(TELLING), 503, "store_unavailable", None, id="a locked database is 503"),
        pytest.param(StoreError(TELLING), 500, "internal_error", None, id="a broken database is 500"),
        pytest.param(ZeroDivisionError(TELLING), 500, "internal_error", None, id="anything unexpected is 500"),
        pytest.param(UnknownRecordError("API key", "k"), 404, "api_key_not_found", None, id="an unknown key is 404"),
        pytest.param(RefusedError("no", "Not so."), 400, "no", None, id="what cannot be done is 400"),
        pytest.param(ConflictError("over", "It is over."), 409, "over", None, id="what the state forbids is 409"),
        pytest.param(LimitReachedError("many", "Too many."), 429, "many", None, id="too much at once is 429"),
        pytest.param(NotReadyError("later", "Not yet."), 503, "later", None, id="what cannot be done yet is 503"),
        pytest.param(UpstreamFailedError("up", "It failed."), 502, "up", None, id="another service's failure is 502"),
        pytest.param(HTTPException(413), 413, "request_too_large", None, id="a body too large is 413"),
        pytest.param(HTTPException(418, "I am a teapot"), 418, "invalid_request", None, id="any other status is kept"),
        pytest.param(HTTPException(502), 502, "internal_error", None, id="a fault further away is 502"),
    ],
)
async def test_every_error_has_one_shape_and_tells_no_secrets_of_the_house(
    http: httpx.AsyncClient, waiting: Waiting, fault: Exception, status: int, code: str, param: str | None
) -> None:
    waiting.fault = fault
    answer = await http.get("/fail")
    error = answer.json()["error"]
    assert answer.status_code == status
    assert set(error) == {"type", "code", "message", "param", "event_id"}
    assert (error["code"], error["param"], error["event_id"]) == (code, param, None)
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert error["message"]
    assert TELLING not in answer.text


async def test_what_broke_in_the_store_is_in_the_log(
    http: httpx.AsyncClient, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.fault = StoreUnavailableError(TELLING)
    with caplog.at_level(logging.ERROR):
        await http.get("/fail")
    assert f"GET /fail failed: {TELLING}" in caplog.text


async def test_a_path_that_does_not_exist_is_404_in_the_same_shape(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is nothing at this path."


async def test_a_method_that_a_path_does_not_take_is_405_and_names_those_it_takes(http: httpx.AsyncClient) -> None:
    answer = await http.post("/healthz")
    assert answer.status_code == 405
    assert answer.json()["error"]["message"] == "This path takes GET, HEAD."
    assert answer.headers["allow"] == "GET, HEAD"


async def test_a_401_says_which_kind_of_key_is_wanted(http: httpx.AsyncClient, waiting: Waiting) -> None:
    waiting.fault = AuthenticationError("no key")
    assert (await http.get("/fail")).headers["www-authenticate"] == "Bearer"
