"""What a person does first, with a microphone that plays recorded speech: from a template to the waterfall of a call.

And what a call goes through: the network drops, the microphone is unplugged, the tab is put aside. The server hears
with Silero; what it makes of the sound is `HEARD`, which is what the man in the recording says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from tests.compliance.talking_server import STORY, TalkingServer, Wire
from tests.console.browsing import (
    Watch,
    assert_accessible,
    chromium,
    console_server,
    create_from_template,
    opened_page,
    say,
    sounding,
)
from tests.console.dropping_line import dropping_line
from tests.console.microphone import write_microphone

from vivavoce.config import VoiceActivityChoice
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted import Reply, ScriptedLanguageModel, ScriptedSpeechToText

pytestmark = [pytest.mark.models, pytest.mark.corpus]

HEARD = "Go forward ten meters."
SILENCES_SECONDS = (2.0, 5.0, 9.0)
"""The caller speaks over the greeting, then over the story, then when the tool has been answered."""
HANDBOOK = b"# Badgers\n\nThe shop's badger is called Gustav and sleeps in the cellar until noon.\n"
WATCHED_DEVICES = """() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.opened = [];
    window.unplugged = false;
    navigator.mediaDevices.getUserMedia = async wanted => {
        if (window.unplugged) throw new DOMException("none", "NotFoundError");
        const stream = await open(wanted);
        window.opened.push(stream.getAudioTracks()[0]);
        return stream;
    };
    const Context = window.AudioContext;
    window.AudioContext = class extends Context {
        constructor(options) {
            super(options);
            window.contexts = [...(window.contexts ?? []), this];
        }
    };
}"""
UNPLUG = "() => { const track = window.opened.at(-1); track.stop(); track.dispatchEvent(new Event('ended')); }"
PUT_ASIDE = """() => {
    const later = window.setTimeout.bind(window);
    window.requestAnimationFrame = () => 0;
    window.setTimeout = (work, wait) => later(work, Math.max(wait ?? 0, 1000));
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
BRING_BACK = """() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def script(request: GenerationRequest) -> Reply:
    """To what is spoken: a story, then the order, then the badger. To what is typed: the same words."""
    last = request.messages[-1]
    if last.role == "tool":
        return f"I found this: {last.text[:400]}"
    said = [message.text for message in request.messages if message.role == "user"]
    offered = {tool.name for tool in request.tools}
    if not said:
        return "Hello!"
    if HEARD not in said[-1]:
        return f"You said: {said[-1]}"
    if sum(HEARD in each for each in said) == 2 and "lookup_order" in offered:
        return ToolCall("call_order", "lookup_order", json.dumps({"order_number": "7"}))
    if sum(HEARD in each for each in said) == 3 and "file_search" in offered:
        return ToolCall("call_badger", "file_search", json.dumps({"query": "What is the badger called?"}))
    return STORY


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    with console_server(
        tmp_path_factory.mktemp("journey"), voice_activity=VoiceActivityChoice.SILERO, journal=True
    ) as server:
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


def conversation(page: Page) -> Locator:
    return page.get_by_role("log", name="Conversation")


def live(page: Page) -> Locator:
    return page.get_by_text("live", exact=True)


def test_from_a_template_to_the_waterfall_of_a_spoken_call(page: Page, console: TalkingServer) -> None:
    create_from_template(page, "Customer Support", "Order desk")
    page.get_by_role("tab", name="Knowledge base").click()
    handbook = FilePayload(name="badgers.md", mimeType="text/markdown", buffer=HANDBOOK)
    page.get_by_label("Documents to upload").set_input_files(handbook)
    expect(page.get_by_role("listitem").filter(has_text="badgers.md").get_by_text("ready")).to_be_visible()

    page.get_by_role("tab", name="Testing").click()
    page.get_by_role("button", name="Talk").click()
    expect(live(page)).to_be_visible()
    sounding(page, "agent")
    sounding(page, "caller")
    story = conversation(page).get_by_text("This is sentence 1 of a long story").first
    expect(story).to_be_visible()
    sounding(page, "agent")
    expect(story).to_contain_text("interrupted here")
    assert STORY not in str(story.text_content()), "what was not heard is not shown as said"

    form = page.get_by_role("form", name="Answer lookup_order")
    form.get_by_label("Its answer").fill('{"status": "shipped on Friday"}')
    form.get_by_role("button", name="Answer").click()
    expect(conversation(page)).to_contain_text("shipped on Friday")
    expect(conversation(page).get_by_text("file_search")).to_be_visible()
    expect(conversation(page).get_by_text("I found this:").last).to_contain_text("Gustav")
    expect(conversation(page).get_by_text(HEARD)).to_have_count(3)

    turn = page.get_by_role("region", name="Turn 1")
    expect(turn).to_contain_text("answered after")
    expect(turn).to_contain_text("First word written")
    page.get_by_role("button", name="Events").click()
    page.get_by_label("Filter events").fill("speech_started")
    expect(page.get_by_role("region", name="Events").get_by_role("button").first).to_contain_text("speech_started")
    assert_accessible(page)
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_text("ended", exact=True)).to_be_visible()
    _check_wire(console.tap.wires[-1])


def _check_wire(wire: Wire) -> None:
    """The sound went up as binary frames; what was played was told while it played, and no more once it was cut."""
    assert wire.binary_frames > 500, "20 ms each"
    frames = [frame for _, frame in wire.frames]
    done = next(
        frame
        for frame in wire.told("response.done")
        if frame["response"]["status"] == "cancelled" and "long story" in json.dumps(frame["response"])
    )
    told = [
        (at, frame["played_ms"])
        for at, frame in enumerate(frames)
        if frame["type"] == "vivavoce.output_audio.played" and frame["response_id"] == done["response"]["id"]
    ]
    positions = [ms for _, ms in told]
    assert len(positions) > 3
    assert positions == sorted(set(positions)), "only news is told"
    after = [ms for at, ms in told if at > frames.index(done)]
    assert len(after) <= 2, "one that was under way, and where it stopped"


def test_a_call_goes_on_where_it_was_when_the_network_comes_back(browser: Browser, console: TalkingServer) -> None:
    watch = Watch(expected=[r"WebSocket connection to .* failed", "ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"])
    with dropping_line(console.served.port) as line:
        through = TalkingServer(replace(console.served, port=line.port), console.tap, None)
        with opened_page(browser, through, watch=watch) as page:
            create_from_template(page, "Restaurant", "Host on a bad line")
            page.get_by_role("button", name="Talk").click()
            story = conversation(page).get_by_text("This is sentence 2 of a long story").first
            expect(story).to_be_visible()  # so the first one was heard
            sounding(page, "agent")
            before, heard = len(console.tap.wires), conversation(page).get_by_text(HEARD).count()
            line.cut()
            expect(page.get_by_text("reconnecting", exact=True)).to_be_visible()
            expect(page.get_by_role("alert")).to_contain_text("The connection dropped; coming back")
            sounding(page, "agent", silent=True)
            say(page, "Are you still there?")
            line.mend()
            expect(live(page)).to_be_visible()
            expect(page.get_by_role("alert")).to_have_count(0)
            expect(story).to_contain_text("interrupted here")
            expect(conversation(page).get_by_text("Are you still there?", exact=True)).to_have_count(1)
            expect(conversation(page).get_by_text(HEARD).nth(heard)).to_be_visible()
            sounding(page, "agent")
            page.get_by_role("button", name="Hang up").click()
            expect(page.get_by_text("ended", exact=True)).to_be_visible()
    asked = [message.text for message in console.requests[-1].messages]
    assert any("sentence 1 of a long story" in text for text in asked), f"the same history: {asked}"
    assert any("Are you still there?" in text for text in asked)
    again = console.tap.wires[before]
    assert "conversation_id=" in again.query
    assert again.told("conversation.item.input_audio_transcription.completed"), "heard over the new line"
    assert again.sent("vivavoce.output_audio.played")


def test_a_call_outlives_its_microphone_and_takes_the_next_one(page: Page) -> None:
    page.add_init_script(f"({WATCHED_DEVICES})()")
    page.reload()
    create_from_template(page, "Restaurant", "Host with a loose cable")
    page.get_by_role("button", name="Talk").click()
    expect(live(page)).to_be_visible()
    mute = page.get_by_role("button", name="Mute")
    expect(mute).to_be_visible()
    page.evaluate(UNPLUG)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Another one hears you now")
    expect(mute).to_be_visible()
    sounding(page, "caller")

    page.evaluate("window.unplugged = true")
    page.evaluate(UNPLUG)
    expect(notice).to_contain_text("there is no other")
    expect(mute).to_have_count(0)
    assert_accessible(page)
    say(page, "Can you read me?")
    expect(conversation(page)).to_contain_text("You said: Can you read me?")
    expect(live(page)).to_be_visible()

    page.evaluate("window.unplugged = false")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(notice).to_contain_text("Another one hears you now")
    expect(mute).to_be_visible()


def test_a_call_goes_on_in_a_tab_that_is_put_aside(page: Page, console: TalkingServer) -> None:
    page.add_init_script(f"({WATCHED_DEVICES})()")
    page.reload()
    create_from_template(page, "Restaurant", "Host of many tabs")
    page.get_by_role("button", name="Talk").click()
    expect(live(page)).to_be_visible()
    page.evaluate(PUT_ASIDE)
    expect(conversation(page).get_by_text("This is sentence 1 of a long story").first).to_be_visible()
    page.get_by_role("button", name="Events").click()
    page.get_by_label("Filter events").fill("speech_started")
    wire = console.tap.wires[-1]
    story = wire.told("response.output_audio.delta")[-1]["response_id"]
    expect(conversation(page).get_by_text("interrupted here").first).to_be_visible()
    assert any(frame["response_id"] == story for frame in wire.sent("vivavoce.output_audio.played"))

    page.evaluate("window.contexts.at(-1).suspend()")  # as a telephone does with the sound of a page put aside
    page.evaluate(BRING_BACK)
    page.wait_for_function("window.contexts.at(-1).state === 'running'")
