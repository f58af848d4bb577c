"""When the SDK tries again, how long it waits, and when it gives up: the arithmetic, and against a real socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_http import DROPPED, Answer, ScriptedHttp, answering

from vivavoce.client import Vivavoce
from vivavoce.client.errors import (
    ClientError,
    InvalidRequestError,
    RateLimitedError,
    ServerError,
    ServerUnreachableError,
)
from vivavoce.client.retrying import RetryPolicy, retry_after_seconds
from vivavoce.client.wire import Chance

AGENT = Answer(200, {"agent": {"agent_id": "agent_1", "name": "Bot"}})
PAST_1970 = 1_700_000_000.0


@dataclass
class Nights:
    """A clock that only moves while somebody sleeps."""

    slept: list[float] = field(default_factory=list)
    chance: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def world(self) -> Chance:
        return Chance(self.sleep, lambda: self.chance, lambda: sum(self.slept), lambda: PAST_1970 + sum(self.slept))


def _client(script: ScriptedHttp, nights: Nights, policy: RetryPolicy | None = None) -> Vivavoce:
    return Vivavoce(script.url, "vv_key", retries=policy, chance=nights.world())


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(DROPPED, id="a connection that breaks is tried again"),
        pytest.param(Answer(408, {}), id="a request timeout is tried again"),
        pytest.param(Answer(429, {}), id="too many requests are tried again"),
        pytest.param(Answer(502, b"<html>"), id="a bad gateway is tried again"),
        pytest.param(Answer(503, {}), id="an unavailable service is tried again"),
        pytest.param(Answer(504, {}), id="a gateway timeout is tried again"),
        pytest.param(Answer(200, b"{}", broken_off=True), id="an answer that breaks off is asked for again"),
        pytest.param(
            Answer(409, {}, {"Retry-After": "0"}), id="a request that is still being worked on is asked for again"
        ),
    ],
)
async def test_what_may_pass_is_tried_again(failure: Answer) -> None:
    nights = Nights()
    async with answering(failure, failure, AGENT) as script, _client(script, nights) as client:
        assert (await client.agents.get("agent_1")).name == "Bot"
    assert nights.slept == ([0.0, 0.0] if failure.status == 409 else [0.5, 1.0])
    assert len(script.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 501])
async def test_what_trying_again_cannot_mend_is_told_at_once(status: int) -> None:
    nights = Nights()
    async with answering(Answer(status, {}), AGENT) as script, _client(script, nights) as client:
        with pytest.raises(ClientError):
            await client.agents.get("agent_1")
    assert (nights.slept, len(script.asked)) == ([], 1)


async def test_a_repeated_order_carries_the_same_idempotency_key_and_another_order_another() -> None:
    async with answering(DROPPED, Answer(503, {}), AGENT) as script, _client(script, Nights()) as client:
        await client.agents.create("Bot")
        await client.agents.create("Bot")
        await client.agents.create("Bot", idempotency_key="mine")
    keys = [asked.headers["idempotency-key"] for asked in script.asked]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert keys[4] == "mine"
    assert [asked.body for asked in script.asked] == [{"name": "Bot"}] * 5


async def test_deleting_again_after_a_lost_answer_is_the_same_order() -> None:
    async with answering(DROPPED, Answer(200, {})) as script, _client(script, Nights()) as client:
        await client.agents.delete("agent_1")
    first, second = [asked.headers["idempotency-key"] for asked in script.asked]
    assert first == second


async def test_a_question_needs_no_idempotency_key() -> None:
    async with answering(AGENT) as script, _client(script, Nights()) as client:
        await client.agents.get("agent_1")
    assert "idempotency-key" not in script.asked[0].headers


async def test_the_last_error_is_told_when_every_attempt_has_failed() -> None:
    nights = Nights()
    async with answering(Answer(503, {"error": {"message": "starting"}})) as script, _client(script, nights) as client:
        with pytest.raises(ServerError, match="starting"):
            await client.agents.get("agent_1")
    assert (nights.slept, len(script.asked)) == ([0.5, 1.0, 2.0], 4)


@pytest.mark.parametrize(
    ("header", "slept"),
    [
        pytest.param("7", [7.0], id="seconds are waited out"),
        pytest.param(formatdate(PAST_1970 + 9, usegmt=True), [9.0], id="an HTTP date is waited for"),
        pytest.param("soon", [0.5], id="what cannot be read is as if it were not there"),
        pytest.param("0", [0.0], id="zero means now"),
    ],
)
async def test_what_the_server_asks_for_is_honoured(header: str, slept: list[float]) -> None:
    nights = Nights()
    busy = Answer(429, {}, {"Retry-After": header})
    async with answering(busy, AGENT) as script, _client(script, nights) as client:
        await client.agents.get("agent_1")
    assert nights.slept == slept


async def test_a_server_that_wants_more_patience_than_there_is_gets_no_second_request() -> None:
    nights = Nights()
    async with answering(Answer(429, {}, {"Retry-After": "3600"})) as script, _client(script, nights) as client:
        with pytest.raises(RateLimitedError) as caught:
            await client.agents.get("agent_1")
    assert caught.value.refusal.retry_after_seconds == 3600
    assert (nights.slept, len(script.asked)) == ([], 1)


async def test_retrying_can_be_turned_off() -> None:
    async with answering(DROPPED) as script, _client(script, Nights(), RetryPolicy(attempts_maximum=1)) as client:
        with pytest.raises(ServerUnreachableError):
            await client.agents.get("agent_1")
    assert len(script.asked) == 1


async def test_a_server_that_fails_and_then_refuses_is_believed() -> None:
    async with answering(DROPPED, Answer(400, {})) as script, _client(script, Nights()) as client:
        with pytest.raises(InvalidRequestError):
            await client.agents.create("Bot")
    assert len(script.asked) == 2


# --- the arithmetic -------------------------------------------------------------------------------------------------

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), st.floats(0, 100), chances)
def test_a_wait_is_never_longer_than_the_longest_nor_beyond_the_whole(
    attempt: int, elapsed: float, chance: float
) -> None:
    policy = RetryPolicy(attempts_maximum=20_000)
    delay = policy.delay_seconds(attempt, elapsed, None, chance)
    if delay is None:
        assert elapsed + policy.delay_maximum_seconds > policy.total_maximum_seconds
    else:
        assert 0.25 <= delay <= 8.0
        assert elapsed + delay <= policy.total_maximum_seconds


@given(st.floats(0, 50), chances)
def test_nobody_comes_back_before_the_server_wants_it(asked: float, chance: float) -> None:
    delay = RetryPolicy().delay_seconds(1, 0.0, asked, chance)
    assert delay is not None
    assert asked <= delay < asked + 0.5


def test_clients_that_failed_together_do_not_come_back_together() -> None:
    delays = {RetryPolicy().delay_seconds(2, 0.0, None, chance / 10) for chance in range(10)}
    assert len(delays) == 10


@given(st.text())
def test_any_header_is_read_without_trouble(header: str) -> None:
    seconds = retry_after_seconds(header, PAST_1970)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param(None, None, id="no header asks for nothing"),
        pytest.param(" 12 ", 12.0, id="blanks do not matter"),
        pytest.param("1.5", 1.5, id="fractions are understood"),
        pytest.param("-3", 0.0, id="a negative wait is none"),
        pytest.param("nan", None, id="what is no number asks for nothing"),
        pytest.param("inf", None, id="nobody waits for ever"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, id="a date that is over means now"),
        pytest.param("Wed, 99 Oct 2015 07:28:00 GMT", None, id="a day that is none asks for nothing"),
    ],
)
def test_the_header_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, PAST_1970) == seconds
