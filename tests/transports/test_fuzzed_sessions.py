"""Sessions against clients that send anything: none crashes, none hangs, none tells what a strict client rejects."""

from __future__ import annotations

import pytest

from tests.transports.client_event_fuzzing import Found, fuzz

pytestmark = pytest.mark.looptime

EVENTS = 150


@pytest.mark.parametrize("seed", range(24))
async def test_a_session_outlives_whatever_its_client_sends(seed: int) -> None:
    found = Found()
    await fuzz(seed, EVENTS, found)
    assert found.sent == EVENTS
    assert not found.complaints
    assert found.received["session.created"] + found.received["transcription_session.created"] == 1
