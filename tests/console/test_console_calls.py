"""Talks in the console: a real Chromium whose microphone plays recorded speech, a server that hears it with Silero.

What is said is scripted: whatever the ears hear is `HEARD`, and the language model answers as `script` says.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from tests.compliance.talking_server import STORY, TalkingServer
from tests.console.browsing import (
    Watch,
    assert_accessible,
    assert_fits,
    chromium,
    console_server,
    create_from_template,
    opened_page,
    refusing_chromium,
    say,
    sounding,
)
from tests.console.microphone import write_microphone
from tests.webhook_receiver import Receiver, answer, receiving

from vivavoce.config import PlatformSettings, VoiceActivityChoice
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted import Reply, ScriptedLanguageModel, ScriptedSpeechToText

HEARD = "Tell me a story, please."
SILENCES_SECONDS = (3.0, 5.0)
"""The caller speaks over the greeting, and then over the story."""


def script(request: GenerationRequest) -> Reply:
    """Stories, orders, warranties, and what stands in the documents."""
    last = request.messages[-1]
    offered = {tool.name for tool in request.tools}
    if last.role == "tool":
        return f"I found this: {last.text[:400]}"
    said = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
    if "story" in said:
        return STORY
    for word, tool, arguments in (
        ("order", "lookup_order", {"order_number": "7"}),
        ("stock", "check_stock", {"article": "kettle"}),
        ("badger", "file_search", {"query": said}),
    ):
        if word in said and tool in offered:
            return ToolCall(f"call_{len(request.messages)}", tool, json.dumps(arguments))
    if "who are you" in said:
        return f"My instructions begin so: {request.messages[0].text[:60]}"
    return f"You said: {said}" if said else "Hello!"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    settings = {
        "platform": PlatformSettings(private_webhooks=True),
        "voice_activity": VoiceActivityChoice.SILERO,
    }
    with console_server(tmp_path_factory.mktemp("calls"), **settings) as server:
        engines = server.served.server.engines
        assert engines is not None
        assert isinstance(engines.language_model, ScriptedLanguageModel)
        assert isinstance(engines.speech_to_text, ScriptedSpeechToText)
        engines.language_model._decide = script
        engines.speech_to_text.texts = (HEARD,)
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(write_microphone(tmp_path_factory.mktemp("microphone") / "speech.wav", SILENCES_SECONDS)) as opened:
        yield opened


@contextmanager
def shop(*answers: bytes | None) -> Iterator[Receiver]:
    """A webhook's far end, on a loop of its own: Playwright holds this thread's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="webhook receiver")
    thread.start()
    place = receiving(*answers)
    try:
        receiver = asyncio.run_coroutine_threadsafe(place.__aenter__(), loop).result(10)
        try:
            yield receiver
        finally:
            asyncio.run_coroutine_threadsafe(place.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.models
@pytest.mark.corpus
def test_a_person_talks_with_a_new_agent_hears_it_breaks_in_and_reads_where_the_time_went(page: Page) -> None:
    create_from_template(page, "Customer Support", "Order desk")
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    log = page.get_by_role("log", name="Conversation")
    sounding(page, "agent")
    sounding(page, "caller")
    expect(log.get_by_text(HEARD).first).to_be_visible()
    story = log.get_by_text("This is sentence 1 of a long story").first
    expect(story).to_be_visible()
    sounding(page, "agent")
    expect(story).to_contain_text("interrupted here")
    assert STORY not in str(story.text_content()), "what was not heard is not shown as said"
    turn = page.get_by_role("region", name="Turn 1")
    expect(turn).to_contain_text("answered after")
    expect(turn).to_contain_text("First word written")
    page.get_by_role("button", name="Events").click()
    page.get_by_label("Filter events").fill("speech_started")
    expect(page.get_by_role("region", name="Events").get_by_role("button").first).to_contain_text("speech_started")
    assert_accessible(page)
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_text("ended", exact=True)).to_be_visible()


def test_a_function_of_the_clients_is_answered_by_hand(page: Page) -> None:
    create_from_template(page, "Customer Support", "Order desk by hand")
    say(page, "Where is my order?")
    form = page.get_by_role("form", name="Answer lookup_order")
    form.get_by_label("Its answer").fill('{"status": "shipped on Friday"}')
    assert_accessible(page)
    form.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("log")).to_contain_text("I found this:")
    expect(page.get_by_role("log")).to_contain_text("shipped on Friday")


def test_a_webhook_is_made_tried_and_called_before_anything_is_saved(page: Page) -> None:
    with shop(answer(200, "content-type: application/json\r\n", b'{"in_stock": 12}')) as receiver:
        create_from_template(page, "Customer Support", "Kettle desk")
        page.get_by_role("tab", name="Tools").click()
        page.get_by_role("button", name="Webhook").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill("check_stock")
        dialog.get_by_label("Description").first.fill("Tells how many of an article there are.")
        dialog.get_by_label("Address").fill(receiver.url)
        assert_accessible(page)
        dialog.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("1 change not saved")).to_be_visible()
        page.get_by_role("tab", name="Testing").click()
        expect(page.get_by_text("with unsaved changes")).to_be_visible()
        say(page, "Is it in stock?")
        expect(page.get_by_role("log")).to_contain_text('{"in_stock":12}')
        expect(page.get_by_role("log").get_by_text("done in")).to_be_visible()
    assert receiver.received


def test_a_document_is_uploaded_and_answered_from(page: Page) -> None:
    create_from_template(page, "Concierge", "House guide")
    page.get_by_role("tab", name="Knowledge base").click()
    words = b"# Badgers\n\nThe hotel's badger is called Gustav and sleeps in the cellar until noon.\n"
    handbook = FilePayload(name="badgers.md", mimeType="text/markdown", buffer=words)
    page.get_by_label("Documents to upload").set_input_files(handbook)
    row = page.get_by_role("listitem").filter(has_text="badgers.md")
    expect(row.get_by_text("ready")).to_be_visible()
    page.get_by_label("Ask the documents").fill("What is the badger called?")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Gustav").first).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("tab", name="Testing").click()
    say(page, "What is the badger called?")
    expect(page.get_by_role("log").get_by_text("file_search")).to_be_visible()
    expect(page.get_by_role("log").get_by_text("I found this:")).to_contain_text("Gustav")


def test_what_is_not_saved_is_already_used_when_it_is_tried(page: Page) -> None:
    create_from_template(page, "Restaurant", "Host")
    page.get_by_role("tab", name="Configuration").click()
    page.get_by_label("Instructions").fill("You are a lighthouse keeper.")
    page.get_by_role("tab", name="Testing").click()
    say(page, "Tell me, who are you?")
    expect(page.get_by_role("log").get_by_text("You are a lighthouse keeper.")).to_be_visible()


def test_the_configuration_on_the_page_is_the_calls_with_its_variables(page: Page) -> None:
    create_from_template(page, "Restaurant", "Draft host")
    page.get_by_role("tab", name="Configuration").click()
    page.get_by_label("Greeting").fill("Ahoy, {{guest}}!")
    page.get_by_label("Instructions").fill("You are the host of {{house}}.")
    page.get_by_label("Most turns in a call").fill("9")
    page.get_by_label("Language", exact=True).fill("de-AT")
    page.get_by_role("slider", name="Speech threshold").press("ArrowRight")
    page.get_by_label("Eagerness", exact=True).click()
    page.get_by_role("option", name="Patient").click()
    page.get_by_role("tab", name="Testing").click()
    expect(page.get_by_text("with unsaved changes")).to_be_visible()
    page.get_by_label("guest", exact=True).fill("Ada")
    page.get_by_label("house", exact=True).fill("The Lighthouse")
    assert_accessible(page)
    assert_fits(page)
    say(page, "Tell me, who are you?")
    expect(page.get_by_role("log").get_by_text("You are the host of The Lighthouse.")).to_be_visible()
    page.get_by_role("button", name="Events").click()
    events = page.get_by_role("region", name="Events").get_by_role("button")
    page.get_by_label("Filter events").fill("session.updated")
    events.first.click()
    told = json.loads(page.locator("pre").last.inner_text())["session"]
    assert told["audio"]["input"]["turn_detection"]["eagerness"] == "low"
    assert told["audio"]["input"]["transcription"]["language"] == "de-AT"
    own = told["vivavoce"]
    assert (own["greeting"], own["max_turns"], own["vad_threshold"]) == ("Ahoy, {{guest}}!", 9, 0.55)
    page.get_by_role("button", name="Hang up").click()
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_role("log").get_by_text("Ahoy, Ada!")).to_be_visible()
    page.get_by_role("button", name="Hang up").click()


NO_MICROPHONE = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };
}"""


def test_where_there_is_no_microphone_the_page_says_so_and_the_call_goes_on_in_writing(page: Page) -> None:
    create_from_template(page, "Restaurant", "Host of the mute")
    page.evaluate(NO_MICROPHONE)
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_role("alert")).to_contain_text("No microphone was found.")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    say(page, "Good evening")
    expect(page.get_by_role("log")).to_contain_text("You said: Good evening")


NO_WORKLETS = """() => {
    AudioWorklet.prototype.addModule = async () => { throw new DOMException('', 'AbortError'); };
}"""


def test_sound_that_cannot_be_started_is_told_and_the_call_goes_on_in_writing(page: Page) -> None:
    create_from_template(page, "Restaurant", "Host without sound")
    page.evaluate(NO_WORKLETS)
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_role("alert")).to_contain_text("The sound of this page could not be started")
    say(page, "Good evening")
    expect(page.get_by_role("log")).to_contain_text("You said: Good evening")


def test_without_a_microphone_the_page_says_what_to_do_and_one_can_type(
    console: TalkingServer, browser: Browser
) -> None:
    with refusing_chromium(browser) as second, opened_page(second, console, permissions=()) as page:
        create_from_template(page, "Restaurant", "Host without ears")
        page.get_by_role("button", name="Talk").click()
        expect(page.get_by_role("alert")).to_contain_text("The microphone is blocked for this page")
        assert_accessible(page)
        say(page, "Good evening")
        expect(page.get_by_role("log")).to_contain_text("You said: Good evening")


def test_a_server_that_still_loads_its_models_says_so_to_who_presses_talk(
    console: TalkingServer, page: Page, watch: Watch
) -> None:
    watch.expected.append(r"WebSocket connection to .* failed|503 \(Service Unavailable\)")
    server = console.served.server
    create_from_template(page, "Restaurant", "Early host")
    endpoint, server._endpoint = server._endpoint, None
    server._waiting_for.append("language_model")
    try:
        page.get_by_role("button", name="Talk").click()
        expect(page.get_by_role("alert")).to_contain_text("still loads its models (language_model)")
        assert_accessible(page)
        say(page, "Is anybody there?")
        expect(page.get_by_role("alert")).to_contain_text("still loads its models (language_model)")
        expect(page.get_by_label("Type a message")).to_have_value("Is anybody there?")
    finally:
        server._waiting_for.remove("language_model")
        server._endpoint = endpoint
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
