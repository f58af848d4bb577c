"""The turns of a session over HTTP: each with its stages, all of them at a glance, to their organisation alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import Opened, application_open

from vivavoce.agents.identifiers import as_uuid
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import SessionRecord, TurnStages, TurnTiming
from vivavoce.store.sessions import NewSession
from vivavoce.store.threads import NewThread

STAGES = TurnStages(70, 210, 205, 240, 400, 430, 440)
SHOWN_STAGES = {
    "soft_end": 70,
    "endpoint": 210,
    "transcript": 205,
    "first_token": 240,
    "first_sentence": 400,
    "first_speech": 430,
    "first_audio": 440,
    "first_played": None,
    "interrupted": None,
}


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


@pytest.fixture
async def session(opened: Opened) -> SessionRecord:
    thread = await opened.store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    return await opened.store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)


async def _get(opened: Opened, path: str, status: int = 200) -> Any:
    answer = await opened.http.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def _answered(opened: Opened, session: SessionRecord, count: int) -> None:
    for number in range(1, count + 1):
        timing = TurnTiming(f"resp_{number}", f"item_{number}", number * 1000, "words", STAGES, 1380, wasted_tokens=2)
        await opened.store.turns.add(OURS, session.session_id, timing)


async def test_a_turn_is_shown_with_every_stage(opened: Opened, session: SessionRecord) -> None:
    await _answered(opened, session, 1)
    page = await _get(opened, f"/v1/sessions/{session.session_id}/turns")
    (turn,) = page["data"]
    assert datetime.fromisoformat(turn.pop("created_at")).tzinfo is not None
    assert turn == {
        "response_id": "resp_1",
        "item_id": "item_1",
        "audio_end_ms": 1000,
        "endpoint_reason": "words",
        "stages": SHOWN_STAGES,
        "heard_ms": 1380,
        "speculated": False,
        "wasted_tokens": 2,
        "filler": False,
    }
    assert (page["has_more"], page["pagination_token"]) == (False, None)


async def test_turns_are_listed_page_by_page_in_the_order_that_is_asked_for(
    opened: Opened, session: SessionRecord
) -> None:
    await _answered(opened, session, 3)
    path = f"/v1/sessions/{as_uuid(session.session_id)}/turns"
    page = await _get(opened, f"{path}?limit=2&order=asc")
    assert [turn["response_id"] for turn in page["data"]] == ["resp_1", "resp_2"]
    rest = await _get(opened, f"{path}?order=asc&pagination_token={page['pagination_token']}")
    assert [turn["response_id"] for turn in rest["data"]] == ["resp_3"]
    assert [turn["response_id"] for turn in (await _get(opened, path))["data"]] == ["resp_3", "resp_2", "resp_1"]


async def test_the_summary_has_the_stages_that_turns_had(opened: Opened, session: SessionRecord) -> None:
    path = f"/v1/sessions/{session.session_id}/turns/summary"
    nothing = {"turns": 0, "interrupted": 0, "speculated": 0, "filled": 0, "wasted_tokens": 0, "stages": {}}
    assert await _get(opened, path) == nothing
    await _answered(opened, session, 3)
    summary = await _get(opened, path)
    assert (summary["turns"], summary["wasted_tokens"]) == (3, 6)
    assert list(summary["stages"]) == [stage for stage, moment in SHOWN_STAGES.items() if moment is not None]
    assert summary["stages"]["first_audio"] == {"turns": 3, "p50_ms": 440, "p95_ms": 440}


@pytest.mark.parametrize("path", ["turns", "turns/summary"])
async def test_a_session_that_is_not_there_has_no_turns(opened: Opened, path: str) -> None:
    told = await _get(opened, f"/v1/sessions/sess_{'0' * 26}/{path}", 404)
    assert told["error"]["code"] == "session_not_found"
