"""A reply on its way to the client, and a client that tells how far its player has come."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.orders import StartReply
from vivavoce.conversation.settings import Modality
from vivavoce.engines.ports import AffinityKey
from vivavoce.media.pacing import SHORTEST_LEAD_SECONDS, Playout
from vivavoce.sessions.track import FRAME_SAMPLES, LONGEST_BACKLOG_SECONDS, Track

pytestmark = pytest.mark.looptime

FRAME_SECONDS = 0.02


def track() -> Track:
    order = StartReply(ReplyId("r"), (), Modality.AUDIO, "eve", 1.0)
    return Track(order, Playout(), AffinityKey("call"))


async def send(one: Track, frames: int) -> float:
    """Send frames as soon as they may go; how many seconds that took."""
    clock = asyncio.get_running_loop()
    begun_at = clock.time()
    for _ in range(frames):
        await one.frame(np.zeros(FRAME_SAMPLES, np.float32))
    return clock.time() - begun_at


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_player_that_lags_is_waited_for() -> None:
    one = track()
    await send(one, 100)
    assert one.acknowledge(1000, now()) == 1000
    assert one.played_ms(now()) == pytest.approx(1000, abs=1)
    assert await send(one, 1) == pytest.approx(1.0 - SHORTEST_LEAD_SECONDS, abs=0.001)


async def test_a_player_that_says_it_lags_far_behind_is_waited_for_no_longer_than_any_can_lag() -> None:
    one = track()
    await send(one, 500)
    assert one.acknowledge(1000, now()) == 1000
    assert await send(one, 1) == pytest.approx(LONGEST_BACKLOG_SECONDS - SHORTEST_LEAD_SECONDS, abs=0.001)


@pytest.mark.parametrize(
    "again_ms",
    [
        pytest.param(2000, id="the position that it has told before"),
        pytest.param(500, id="an older position than it has told before"),
    ],
)
async def test_a_player_that_tells_what_is_no_news_does_not_hold_the_agent_up(again_ms: int) -> None:
    one = track()
    await send(one, 100)
    one.acknowledge(2000, now())
    lasted = 0.0
    for _ in range(50):
        assert one.acknowledge(again_ms, now()) == 2000
        lasted += await send(one, 1)
    assert lasted <= 50 * FRAME_SECONDS


async def test_a_player_that_claims_more_than_was_sent_has_played_what_was_sent() -> None:
    one = track()
    await send(one, 100)
    assert one.acknowledge(60_000, now()) == 2000
    assert one.played_ms(now()) == 2000
