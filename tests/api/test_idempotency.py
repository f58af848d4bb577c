"""`Idempotency-Key`: the same request again gets the first answer again, and only its caller gets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.responses import StreamingResponse
from tests.platform_application import Opened, application_open, bytes_in

from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.store.schema import idempotent_answers


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _posted(opened: Opened, key: str, path: str = "/v1/threads", **body: Any) -> Any:
    return await opened.http.post(path, json=body, headers={"Idempotency-Key": key})


async def _kept(opened: Opened) -> int:
    async with opened.store._database.reading() as connection:
        return len((await connection.execute(idempotent_answers.select())).all())


async def _threads(opened: Opened) -> int:
    return len((await opened.http.get("/v1/threads")).json()["data"])


async def test_the_same_request_again_gets_the_first_answer_and_does_nothing(opened: Opened) -> None:
    first = await _posted(opened, "k1", title="one")
    again = await _posted(opened, "k1", title="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await _threads(opened) == 1


async def test_another_key_or_none_is_another_request(opened: Opened) -> None:
    for key in ("k1", "k2"):
        await _posted(opened, key, title="one")
    await opened.http.post("/v1/threads", json={"title": "one"})
    assert await _threads(opened) == 3


async def test_the_same_key_with_another_body_or_path_is_409(opened: Opened) -> None:
    await _posted(opened, "k1", title="one")
    for answer in (
        await _posted(opened, "k1", title="two"),
        await _posted(opened, "k1", "/v1/collections", title="one"),
        await _posted(opened, "k1", "/v1/threads?x=1", title="one"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reused")
    assert await _threads(opened) == 1


async def test_an_answer_that_is_an_error_is_not_kept(opened: Opened) -> None:
    for _ in range(2):
        answer = await _posted(opened, "k1", title=3)
        assert answer.status_code == 400
        assert "idempotency-replayed" not in answer.headers
    assert await _kept(opened) == 0
    assert (await _posted(opened, "k1", title="right")).status_code == 201


@pytest.mark.parametrize(
    ("key", "status"),
    [
        pytest.param("k" * 255, 201, id="the longest"),
        pytest.param("k" * 256, 400, id="one too long"),
        pytest.param("", 400, id="an empty one"),
        pytest.param("schlüssel", 201, id="any letters"),
    ],
)
async def test_a_key_has_up_to_255_characters(opened: Opened, key: str, status: int) -> None:
    answer = await opened.http.post("/v1/threads", json={}, headers=[(b"idempotency-key", key.encode("latin-1"))])
    assert answer.status_code == status


async def test_an_answer_that_streams_is_not_kept(opened: Opened) -> None:
    router = APIRouter(route_class=IdempotentRoute)

    @router.post("/streaming")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncGenerator[bytes]:
            yield b"one "
            yield b"two"

        return StreamingResponse(parts())

    opened.app.include_router(router)
    for _ in range(2):
        answer = await _posted(opened, "k1", "/streaming")
        assert (answer.status_code, answer.text) == (200, "one two")
        assert "idempotency-replayed" not in answer.headers
    assert await _kept(opened) == 0


async def test_of_two_at_once_one_is_done_and_the_other_is_told_to_ask_again(opened: Opened) -> None:
    router = APIRouter(route_class=IdempotentRoute)
    begun, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    @router.post("/slow")
    async def slow() -> str:
        begun.set()
        await go_on.wait()
        done.append("once")
        return "done"

    opened.app.include_router(router)
    first = asyncio.create_task(_posted(opened, "k1", "/slow"))
    await begun.wait()
    second = await _posted(opened, "k1", "/slow")
    assert (second.status_code, second.json()["error"]["code"]) == (409, "request_in_progress")
    assert second.headers["retry-after"] == "1"
    go_on.set()
    assert (await first).json() == (await _posted(opened, "k1", "/slow")).json() == "done"
    assert done == ["once"]


async def test_many_at_once_make_one_object(opened: Opened) -> None:
    answers = await asyncio.gather(*(_posted(opened, "k1", title="one") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await _threads(opened) == 1
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1


async def test_what_is_kept_holds_no_plain_secret(opened: Opened, tmp_path: Path) -> None:
    secret = (await _posted(opened, "k1", "/v1/api-keys", name="program")).json()["secret"]
    assert (await _posted(opened, "k1", "/v1/api-keys", name="program")).json()["secret"] == secret
    await opened.store.close()
    held = bytes_in(tmp_path)
    assert len(held) > 10_000
    assert secret.encode() not in held


async def test_an_answer_is_given_again_only_to_the_key_that_asked_first(opened: Opened) -> None:
    made = await _posted(opened, "k1", "/v1/api-keys", name="program")
    async with opened.client(await opened.new_key("read")) as reader:
        answer = await reader.post("/v1/api-keys", json={"name": "program"}, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 403
    assert made.json()["secret"] not in answer.text
    theirs = await opened.store.organisations.add("Others")
    async with opened.client(await opened.new_key(organisation_id=theirs.organisation_id)) as other:
        answer = await other.post("/v1/api-keys", json={"name": "program"}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["secret"] == made.json()["secret"]) == (201, False)


async def test_a_repeated_request_counts_against_the_rate_limit_once(tmp_path: Path) -> None:
    async with application_open(tmp_path, requests_per_minute=4) as opened:
        answers = [await _posted(opened, "k1") for _ in range(5)]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 429]


async def test_a_get_takes_no_notice_of_the_key(opened: Opened) -> None:
    before = await opened.http.get("/v1/threads", headers={"Idempotency-Key": "k1"})
    await _posted(opened, "k2")
    after = await opened.http.get("/v1/threads", headers={"Idempotency-Key": "k1"})
    assert (len(before.json()["data"]), len(after.json()["data"])) == (0, 1)
    assert await _kept(opened) == 1
