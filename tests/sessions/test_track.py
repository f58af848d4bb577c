"""A reply on its way to the client, and a client that tells how far its player has come."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.orders import OpenGate, StartReply
from vivavoce.conversation.settings import Modality
from vivavoce.engines.ports import VOICE_RATE_HZ, AffinityKey
from vivavoce.media.pacing import SHORTEST_LEAD_SECONDS, Playout
from vivavoce.sessions.track import (
    FRAME_SAMPLES,
    GATED_PATIENCE_SECONDS,
    LONGEST_BACKLOG_SECONDS,
    SPOKEN_CHARACTERS_A_SECOND,
    WRITING_SECONDS,
    Track,
)

pytestmark = pytest.mark.looptime

FRAME_SECONDS = 0.02


def track(*, gated: bool = False) -> Track:
    order = StartReply(ReplyId("r"), (), Modality.AUDIO, "eve", 1.0, gated=gated)
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


def _voice(one: Track, seconds: float) -> None:
    one.voiced(np.zeros(round(seconds * VOICE_RATE_HZ), np.float32))


async def test_the_first_words_are_wanted_when_the_reply_begins() -> None:
    begun_at, one = now(), track()
    await asyncio.sleep(3)
    assert one.words_wanted_at() == begun_at


async def test_behind_the_gate_words_are_wanted_a_little_later_and_ever_later_until_it_opens() -> None:
    begun_at, one = now(), track(gated=True)
    assert one.words_wanted_at() == begun_at + GATED_PATIENCE_SECONDS
    await asyncio.sleep(3)
    assert one.words_wanted_at() == begun_at + 3 + GATED_PATIENCE_SECONDS
    one.perform(OpenGate(one.reply_id))
    assert one.words_wanted_at() == begun_at


async def test_words_that_are_not_voiced_yet_count_as_said_in_their_time() -> None:
    one = track()
    await one.queue("x" * 30)
    assert one.words_wanted_at() == pytest.approx(now() + 30 / SPOKEN_CHARACTERS_A_SECOND - WRITING_SECONDS)


async def test_more_words_are_wanted_shortly_before_the_voice_has_nothing_left_to_say() -> None:
    one = track()
    await one.queue("x" * 30)
    _voice(one, 4.0)
    one.voiced_whole("x" * 30)
    dry_at = now() + 4.0
    assert one.words_wanted_at() == pytest.approx(dry_at - WRITING_SECONDS)
    await send(one, 100)
    assert one.words_wanted_at() == pytest.approx(dry_at - WRITING_SECONDS)


async def test_a_voice_that_has_run_dry_wants_words_since_then() -> None:
    one = track()
    await one.queue("x" * 15)
    _voice(one, 1.0)
    one.voiced_whole("x" * 15)
    dry_at = now() + 1.0
    await send(one, 50)
    await asyncio.sleep(9)
    assert one.words_wanted_at() == pytest.approx(dry_at - WRITING_SECONDS)


async def test_a_piece_without_anything_to_say_is_not_waited_for() -> None:
    one = track()
    await one.queue("...")
    one.voiced_whole("...")
    assert one.words_wanted_at() == now() - WRITING_SECONDS
