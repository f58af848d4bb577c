"""What was generated of an answer beside what was heard: shown where messages are read, gone where they are gone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import Opened, application_open

from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import NewMessage, SessionRecord, ThreadRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.threads import NewThread

GENERATED = "One two three four."
SHOWN = [("Count!", None), ("One two", GENERATED)]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _interrupted(opened: Opened) -> tuple[ThreadRecord, SessionRecord]:
    """A session in which the caller broke in on the agent."""
    thread = await opened.store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    new = NewSession(OURS, None, thread.thread_id, "realtime", "web", later)
    session = await opened.store.sessions.add(new, 100)
    for said in (
        NewMessage("user", "Count!", session.session_id),
        NewMessage("assistant", "One two", session.session_id, interrupted=True, generated_text=GENERATED),
    ):
        await opened.store.threads.append(thread, said)
    return thread, session


async def _get(opened: Opened, path: str, status: int = 200) -> Any:
    answer = await opened.http.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_transcript_and_a_thread_show_what_was_generated_where_not_all_was_heard(opened: Opened) -> None:
    thread, session = await _interrupted(opened)
    transcript = (await _get(opened, f"/v1/sessions/{session.session_id}/transcript"))["messages"]
    messages = (await _get(opened, f"/v1/threads/{thread.thread_id}/messages?order=asc"))["data"]
    for shown in (transcript, messages):
        assert [(each["content"], each["generated_text"]) for each in shown] == SHOWN


async def test_clients_of_other_vendors_are_shown_what_was_heard_and_nothing_else(opened: Opened) -> None:
    _, session = await _interrupted(opened)
    answer = await opened.http.get(f"/v1/chat/chat/sessions/{session.session_id}/messages")
    assert [each["content"] for each in answer.json()["data"]] == [heard for heard, _ in SHOWN]
    assert "generated" not in answer.text


async def test_what_was_generated_goes_with_the_thread_in_which_it_was_heard(opened: Opened) -> None:
    thread, _ = await _interrupted(opened)
    assert (await opened.http.delete(f"/v1/threads/{thread.thread_id}")).status_code == 200
    gone = await _get(opened, f"/v1/threads/{thread.thread_id}/messages", 404)
    assert gone["error"]["code"] == "thread_not_found"
