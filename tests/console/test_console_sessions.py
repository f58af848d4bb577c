"""Sessions in the console: found, read, heard, deleted, and where their time went; after a call held in the browser."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.compliance.talking_server import STORY, TalkingServer
from tests.console.browsing import (
    Watch,
    assert_accessible,
    assert_fits,
    chromium,
    console_server,
    opened_page,
)
from tests.console.microphone import write_microphone
from tests.serving import KEY

from vivavoce.config import RecordingSettings
from vivavoce.engines.scripted import ScriptedSpeechToText
from vivavoce.services.recordings.service import RecordingChoice

HEARD = "Tell me a story, please."


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    recording = RecordingSettings(RecordingChoice(enabled=True))
    with console_server(tmp_path_factory.mktemp("sessions"), recording=recording, journal=True) as server:
        engines = server.served.server.engines
        assert engines is not None
        assert isinstance(engines.speech_to_text, ScriptedSpeechToText)
        engines.speech_to_text.texts = (HEARD,)
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(write_microphone(tmp_path_factory.mktemp("microphone") / "speech.wav", (1.5, 3.5))) as opened:
        yield opened


def _made(console: TalkingServer, path: str, body: Mapping[str, object]) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(console.served.url + path, headers=headers, json=body, trust_env=False)
    assert answer.status_code < 300, answer.text
    made: dict[str, str] = answer.json()
    return made


@pytest.fixture(scope="module")
def called(console: TalkingServer, browser: Browser) -> str:
    """The address of a session: a call in which the caller broke into a story. It was recorded."""
    body = {"name": "Storyteller", "instructions": "Tell stories.", "recording": {"enabled": True}}
    agent = _made(console, "/v1/agents", body)["agent_id"]
    with opened_page(browser, console, f"/agents/{agent}?tab=testing") as page:
        page.get_by_role("button", name="Talk").click()
        log = page.get_by_role("log", name="Conversation")
        expect(log.get_by_text("interrupted here")).to_be_visible()
        expect(page.get_by_role("region", name="Turn 2")).to_contain_text("answered after")
        page.get_by_role("button", name="Hang up").click()
        page.get_by_role("link", name="Sessions", exact=True).click()
        row = page.get_by_role("link", name="Storyteller")
        row.click()
        expect(page.get_by_role("heading", name="Session of")).to_be_visible()
        return page.url.removeprefix(console.served.url)


def test_sessions_are_filtered_by_status_and_agent(page: Page, called: str) -> None:
    page.goto("/sessions")
    rows = page.get_by_role("region", name="Sessions").get_by_role("link")
    expect(rows.first).to_contain_text("Storyteller")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Active").click()
    expect(page.get_by_role("heading", name="No sessions")).to_be_visible()
    expect(page.get_by_text("None fits these filters.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Any status").click()
    page.get_by_role("combobox", name="Agent").click()
    page.get_by_role("option", name="Storyteller").click()
    rows.first.click()
    page.wait_for_url(f"**{called}")


@pytest.mark.corpus
def test_a_session_tells_what_was_said_and_where_the_time_went(page: Page, called: str) -> None:
    page.goto(called)
    said = page.get_by_role("listitem")
    expect(said.filter(has_text=HEARD).first).to_be_visible()
    expect(page.get_by_text("the caller broke in here").first).to_be_visible()
    expect(page.get_by_role("region", name="Turn 1")).to_contain_text("answered after")
    expect(page.get_by_text("p95", exact=True)).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def _answers(*said: tuple[str, str | None]) -> dict[str, object]:
    """A transcript of interrupted answers: what was heard of each, and what was generated."""
    told: dict[str, object] = {"role": "assistant", "tool_call": None, "start_ms": None, "end_ms": None}
    told |= {"interrupted": True, "created_at": "2026-11-21T12:00:00Z"}
    messages = [
        told | {"id": f"msg_{number}", "content": heard, "generated_text": generated}
        for number, (heard, generated) in enumerate(said)
    ]
    return {"messages": messages, "has_more": False, "pagination_token": None}


def test_what_was_generated_and_never_heard_is_struck_through(console: TalkingServer, page: Page) -> None:
    agent = _made(console, "/v1/agents", {"name": "Cut short", "instructions": "Answer."})["agent_id"]
    session = _made(console, f"/v1/agents/{agent}/sessions", {})["session_id"]
    transcript = _answers(
        ("One two", "One two\n\nthree **four**."),
        ("Of this all was heard.", None),
        ("Rule: be kind.", "Rule:\n\n---\n\nbe kind."),
        ("This is sentence 1 of a long", STORY),
        ("Nobody wrote this.", "But this."),
    )
    page.route("**/transcript?*", lambda route: route.fulfill(json=transcript))
    page.goto(f"/sessions/{session}")
    cut, whole, ruled, long, other = (page.get_by_role("listitem").nth(number) for number in range(5))
    expect(cut).to_contain_text("One two — (the caller broke in here; no more was heard) Not heard: three **four**.")
    expect(cut.get_by_role("deletion")).to_have_text("three **four**.")
    expect(whole.get_by_text("Of this all was heard.")).to_be_visible()
    expect(whole.get_by_role("deletion")).to_have_count(0)
    expect(ruled.get_by_role("deletion")).to_have_text("---")
    expect(other).to_contain_text("Nobody wrote this.")
    expect(other).to_contain_text("(generated: But this.)")
    expect(long.get_by_role("deletion")).not_to_contain_text("sentence 30 of")
    assert_accessible(page)
    long.get_by_role("button", name="Show all that was not heard").click()
    expect(long.get_by_role("deletion")).to_contain_text("sentence 30 of a long story.")
    expect(long.get_by_role("button", name="Show less")).to_have_attribute("aria-expanded", "true")
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.corpus
def test_a_recording_is_played_from_a_line_of_the_transcript(page: Page, called: str) -> None:
    page.goto(called)
    player = page.get_by_role("group", name="Player")
    play = page.get_by_role("button", name="Play from").last
    expect(play).to_be_visible()
    play.click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("Number(document.querySelector('[data-position]').dataset.position) > 3")
    player.get_by_role("button", name="Pause").click()
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.corpus
def test_journal_and_recording_are_downloaded_and_the_decisions_replayed(
    page: Page, called: str, tmp_path: Path
) -> None:
    page.goto(called)
    with page.expect_download() as journal:
        page.get_by_role("button", name="Download the journal").click()
    journal.value.save_as(tmp_path / "journal")
    lines = (tmp_path / "journal").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert len(lines) > 10
    with page.expect_download() as sound:
        page.get_by_role("button", name="Download (").click()
    sound.value.save_as(tmp_path / "sound")
    assert (tmp_path / "sound").read_bytes().startswith(b"OggS")
    page.get_by_role("button", name="Replay the decisions").click()
    expect(page.get_by_text("facts lead to the same decisions today")).to_be_visible()


@pytest.mark.corpus
def test_a_recording_is_deleted_after_a_question_and_the_words_stay(page: Page, called: str) -> None:
    page.goto(called)
    page.get_by_role("button", name="Delete the recording").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("cannot be brought back")
    assert_accessible(page)
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The recording was deleted.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=HEARD).first).to_be_visible()
    assert_accessible(page)


def test_a_session_without_a_recording_says_so(console: TalkingServer, page: Page) -> None:
    agent = _made(console, "/v1/agents", {"name": "Unheard", "instructions": "Answer."})["agent_id"]
    page.goto(f"/agents/{agent}?tab=testing")
    page.get_by_label("Type a message").fill("Good day")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log")).to_contain_text("You said: Good day")
    page.get_by_role("link", name="Sessions", exact=True).click()
    page.get_by_role("link", name="Unheard").click()
    expect(page.get_by_text("This call was not recorded")).to_be_visible()
    assert_accessible(page)


def test_a_session_that_is_not_there_says_so(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 404")
    page.goto("/sessions/session_000000000000000000000000")
    expect(page.get_by_role("alert").first).to_be_visible()
    assert_accessible(page)
