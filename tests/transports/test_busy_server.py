"""A server that is too busy for another call: who is refused and how, who is not, and what `/readyz` tells of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.telemetry.load import LoadLimits
from vivavoce.telemetry.loop_watch import LoopLag

BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("busy")
    with serving(scripted_settings(data, load=LoadLimits(loop_lag_ms=100), maximum_sessions=3)) as one:
        yield one


async def _lag(served: Served, ms: float) -> None:
    """Have the server's event loop seem this late."""

    async def follow() -> None:
        served.server.gauge.follow_loop(lambda: LoopLag(ms, ms, ms, 0))

    served.inside(follow)


@asynccontextmanager
async def _call(served: Served) -> AsyncIterator[ClientConnection]:
    async with connect(served.websocket_url, additional_headers=BEARER, proxy=None) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        yield socket


async def _alone(served: Served) -> None:
    """Wait until the calls of earlier tests have ended."""

    async def wait() -> None:
        for session_id in served.server.directory.session_ids():
            await served.server.directory.gone(session_id)

    await asyncio.to_thread(served.inside, wait)


async def _ready(served: Served) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{served.url}/readyz")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_a_busy_server_refuses_the_upgrade_and_says_when_to_come_back(served: Served) -> None:
    await _lag(served, 0)
    async with _call(served):
        await _lag(served, 250)
        with pytest.raises(InvalidStatus) as refused:
            async with _call(served):
                pytest.fail("the call was let in")
    answer = refused.value.response
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
    assert json.loads(answer.body) == {
        "error": {
            "type": "rate_limit_error",
            "code": "at_capacity",
            "message": "the server is too busy for another call: its event loop is 250 ms late; try again in a moment",
            "param": None,
            "event_id": None,
        }
    }


async def test_a_call_that_is_held_goes_on_and_the_next_comes_in_when_the_server_has_recovered(served: Served) -> None:
    await _alone(served)
    await _lag(served, 0)
    async with _call(served) as held:
        await _lag(served, 250)
        await held.send(json.dumps({"type": "input_audio_buffer.clear"}))
        while json.loads(await held.recv())["type"] != "input_audio_buffer.cleared":
            pass
        await _lag(served, 20)
        async with _call(served):
            assert (await _ready(served))["calls"] == {"live": 2, "maximum": 3}


async def test_a_server_without_calls_takes_one_however_late_it_is(served: Served) -> None:
    await _alone(served)
    await _lag(served, 900)
    async with _call(served):
        assert not (await _ready(served))["takes_calls"]


async def test_the_health_answer_tells_the_load(served: Served) -> None:
    await _alone(served)
    await _lag(served, 0)
    async with _call(served):
        await _lag(served, 123.4)
        told = await _ready(served)
    assert told["status"] == "ready"
    assert not told["takes_calls"]
    assert told["overload"] == "its event loop is 123 ms late"
    assert told["loop_lag_ms"] == {"p50": 123.4, "p95": 123.4, "p99": 123.4}
    assert told["calls"] == {"live": 1, "maximum": 3}
