"""Calls that a client secret opens: every way to bring it, what the call begins with, and what it does not open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openai import OpenAI
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.schema import sessions

PATH = "/v1/realtime/client_secrets"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("secrets"))) as running:
        yield running


def made(served: Served, body: Any = None, key: str = KEY) -> str:
    answer = httpx.post(served.url + PATH, json=body or {}, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    value: str = answer.json()["value"]
    return value


@contextmanager
def call(
    served: Served,
    secret: str = "",
    *,
    query: str = "",
    subprotocols: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Iterator[ClientConnection]:
    bearer = {"Authorization": f"Bearer {secret}"} if secret else {}
    with connect(
        f"{served.websocket_url}{query}",
        additional_headers=bearer | dict(headers or {}),
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        proxy=None,
    ) as websocket:
        yield websocket


def told(websocket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = json.loads(websocket.recv(timeout=30))
        if event["type"] == kind:
            return event


WAYS = [
    pytest.param("{}", "", (), None, id="as the bearer token"),
    pytest.param("", "?token={}", (), None, id="in the query"),
    pytest.param("", "", ("xai-client-secret.{}",), 0, id="in xAI's sub-protocol, which is echoed exactly"),
    pytest.param("", "", ("realtime", "openai-insecure-api-key.{}"), 0, id="in OpenAI's sub-protocols"),
]


@pytest.mark.parametrize(("bearer", "query", "subprotocols", "selected"), WAYS)
@pytest.mark.parametrize("body", [{}, {"expires_after": {"seconds": 300}}], ids=["OpenAI's secret", "xAI's secret"])
def test_a_secret_opens_a_call_however_it_is_brought(
    served: Served, body: Any, bearer: str, query: str, subprotocols: Sequence[str], selected: int | None
) -> None:
    secret = made(served, body)
    offered = [each.format(secret) for each in subprotocols]
    with call(served, bearer.format(secret), query=query.format(secret), subprotocols=offered) as websocket:
        assert told(websocket, "session.created")["session"]["type"] == "realtime"
        assert websocket.subprotocol == (None if selected is None else offered[selected])


def test_the_call_begins_with_the_session_of_the_secret(served: Served) -> None:
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Whisper.", "output_modalities": ["text"]}
    secret = made(served, {"session": session})
    with call(served, secret) as websocket:
        created = told(websocket, "session.created")["session"]
    assert created.items() >= session.items()


def test_the_address_names_the_model_before_the_secret_does(served: Served) -> None:
    secret = made(served, {"session": {"model": "gpt-realtime"}})
    with call(served, secret, query="?model=gpt-other") as websocket:
        assert told(websocket, "session.created")["session"]["model"] == "gpt-other"


def test_a_secret_opens_any_number_of_calls_each_a_session_of_its_own(served: Served) -> None:
    secret = made(served)
    with call(served, secret) as one, call(served, secret) as another:
        ids = {told(websocket, "session.created")["session"]["id"] for websocket in (one, another)}
    assert len(ids) == 2


def test_the_call_belongs_to_the_organisation_that_made_the_secret(served: Served) -> None:
    store = served.server._store
    assert store is not None

    async def another_key() -> str:
        other = await store.organisations.add("Other")
        return (await store.keys.create("theirs", organisation_id=other.organisation_id)).secret

    theirs = served.inside(another_key)
    with call(served, made(served, key=theirs)) as websocket:
        session_id = told(websocket, "session.created")["session"]["id"]
        seen = [
            httpx.get(f"{served.url}/v1/sessions/{session_id}", headers={"authorization": f"Bearer {key}"}).status_code
            for key in (theirs, KEY)
        ]
    assert seen == [200, 404]


def test_a_call_with_the_agent_of_the_secret(served: Served) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    agent = {"name": "Ann", "instructions": "Be Ann."}
    agent_id = httpx.post(f"{served.url}/v1/agents", json=agent, headers=headers).json()["agent"]["agent_id"]
    secret = made(served, {"session": {"agent_id": agent_id}})
    with call(served, secret) as websocket:
        assert "Be Ann." in told(websocket, "session.created")["session"]["instructions"]
    with call(served, secret, query=f"?agent_id={agent_id}") as websocket:
        assert "Be Ann." in told(websocket, "session.created")["session"]["instructions"]
    with pytest.raises(InvalidStatus) as refused, call(served, made(served), query=f"?agent_id={agent_id}"):
        pass
    assert refused.value.response.status_code == 403


def test_a_call_ends_when_the_longest_duration_of_the_secret_is_over(served: Served) -> None:
    secret = made(served, {"session": {"max_duration_seconds": 1}})
    with call(served, secret) as websocket, pytest.raises(ConnectionClosed) as closed:
        told(websocket, "nothing that there is")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "expired")


def test_the_longest_duration_counts_over_all_calls_of_a_secret(served: Served) -> None:
    secret = made(served, {"session": {"max_duration_seconds": 2}})
    with call(served, secret) as first, pytest.raises(ConnectionClosed):
        told(first, "nothing that there is")
    with pytest.raises(InvalidStatus) as refused, call(served, secret):
        pass
    answer = refused.value.response
    assert (answer.status_code, json.loads(answer.body or b"")["error"]["code"]) == (403, "duration_used_up")


def test_a_later_call_gets_what_the_earlier_ones_left(served: Served) -> None:
    secret = made(served, {"session": {"max_duration_seconds": 3600}})
    with call(served, secret) as websocket:
        first = told(websocket, "session.created")["session"]["id"]

    async def as_if_long_ago() -> None:
        store = served.server._store
        assert store is not None
        begun = datetime.now(UTC) - timedelta(minutes=50)
        async with store._database.writing() as connection:
            await connection.execute(update(sessions).where(sessions.c.id == first).values(created_at=begun))

    served.inside(as_if_long_ago)
    with call(served, secret) as websocket:
        second = told(websocket, "session.created")["session"]["id"]
        store = served.server._store
        assert store is not None
        session = served.inside(lambda: store.sessions.get(FIRST_ORGANISATION, second))
    assert session is not None
    assert timedelta(minutes=5) < session.expires_at - datetime.now(UTC) < timedelta(minutes=15)


def test_calls_at_the_same_time_end_when_they_have_used_up_the_duration_together(served: Served) -> None:
    secret = made(served, {"session": {"max_duration_seconds": 3600}})
    with call(served, secret) as one, call(served, secret) as another:
        ids = [told(websocket, "session.created")["session"]["id"] for websocket in (one, another)]

        async def as_if_both_had_lasted_half_an_hour() -> None:
            store = served.server._store
            assert store is not None
            begun = datetime.now(UTC) - timedelta(minutes=30)
            async with store._database.writing() as connection:
                await connection.execute(update(sessions).where(sessions.c.id.in_(ids)).values(created_at=begun))

        served.inside(as_if_both_had_lasted_half_an_hour)
        for websocket in (one, another):
            with pytest.raises(ConnectionClosed) as closed:
                told(websocket, "nothing that there is")
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "expired")


def test_a_secret_opens_nothing_any_more_when_its_key_is_revoked(served: Served) -> None:
    store = served.server._store
    assert store is not None
    key = served.inside(lambda: store.keys.create("a page's"))
    secret = made(served, key=key.secret)
    with call(served, secret) as websocket:
        told(websocket, "session.created")
    served.inside(lambda: store.keys.revoke(key.record.key_id))
    with pytest.raises(InvalidStatus) as refused, call(served, secret):
        pass
    assert refused.value.response.status_code == 401


NOT_OPENED = [
    pytest.param("/v1/sessions/sess_01jzzzzzzzzzzzzzzzzzzzzzzz/stream", 401, id="a session that is there already"),
    pytest.param("/v1/realtime?thread_id=thr_01jzzzzzzzzzzzzzzzzzzzzzzz", 403, id="what was said earlier"),
    pytest.param("/v1/realtime?agent_id=agent_01jzzzzzzzzzzzzzzzzzzzzzzz", 403, id="an agent that it does not name"),
]


@pytest.mark.parametrize(("path", "status"), NOT_OPENED)
def test_a_secret_opens_new_calls_and_nothing_else(served: Served, path: str, status: int) -> None:
    bearer = {"Authorization": f"Bearer {made(served)}"}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{served.port}{path}", additional_headers=bearer, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == status


@pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning")
def test_openais_client_makes_a_secret_and_holds_a_call_with_it(served: Served) -> None:
    with OpenAI(base_url=f"{served.url}/v1", api_key=KEY) as client:
        secret = client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "instructions": "Whisper.", "output_modalities": ["text"]},
        )
    assert secret.value.startswith("ek_")
    assert secret.session.type == "realtime"
    with (
        OpenAI(base_url=f"{served.url}/v1", api_key=secret.value) as browser,
        browser.realtime.connect(model="gpt-realtime") as connection,
    ):
        created = connection.recv()
    assert created.type == "session.created"
    assert getattr(created.session, "instructions", None) == "Whisper."
