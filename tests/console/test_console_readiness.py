"""What the console says while models load, where they are missing, and when the key is taken no more.

The servers are real and have no engines yet: nothing is made up for the page. Ends with the module.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import Watch, assert_accessible, assert_fits, console_server, opened_page
from tests.console.starting import starting_server
from tests.serving import KEY

from vivavoce.config import EngineSet, LanguageModelEndpoint

FAILED_REQUEST = "Failed to load resource"
FAILED_SOCKET = "WebSocket connection to"


class _Provider(BaseHTTPRequestHandler):
    """A language model behind an API whose key holds for one request and has expired then."""

    has_answered = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if _Provider.has_answered:
            body, status, kind = b'{"error": {"message": "The key has expired."}}', 401, "application/json"
        else:
            chunk = {"choices": [{"index": 0, "delta": {"content": "Hello."}, "finish_reason": "stop"}]}
            body, status, kind = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode(), 200, "text/event-stream"
        _Provider.has_answered = True
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    """The base URL of a provider that answers while the server warms up, and never after."""
    _Provider.has_answered = False
    with ThreadingHTTPServer(("127.0.0.1", 0), _Provider) as server:
        thread = threading.Thread(target=server.serve_forever, name="provider")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[TalkingServer]:
    """A server whose models were never fetched."""
    chosen = {"engines": EngineSet.EMBEDDED, "models": tmp_path / "models", "profile": "small"}
    with starting_server(tmp_path, **chosen) as server:
        yield server


@pytest.fixture
def loading(tmp_path: Path) -> Iterator[TalkingServer]:
    """A server that loads for as long as the test wants."""
    with starting_server(tmp_path) as server:
        yield server


def _load(server: TalkingServer) -> None:
    server.served.inside(server.served.server.load)


def _new_key(server: TalkingServer) -> tuple[str, str]:
    """Id and secret of another key."""
    made = httpx.post(
        f"{server.served.url}/v1/api-keys",
        json={"name": "guest", "scopes": ["read", "write", "realtime"]},
        headers={"authorization": f"Bearer {KEY}"},
    ).json()
    return made["id"], made["secret"]


def _revoke(server: TalkingServer, key_id: str) -> None:
    httpx.post(
        f"{server.served.url}/v1/api-keys/{key_id}/revoke", headers={"authorization": f"Bearer {KEY}"}
    ).raise_for_status()


def test_settings_name_each_missing_model_and_the_command_that_brings_them(
    browser: Browser, bare: TalkingServer, watch: Watch
) -> None:
    watch.expected.append(FAILED_REQUEST)  # not ready is an answer that browsers report
    with opened_page(browser, bare, "/settings", watch=watch) as page:
        expect(page.get_by_text("Profile small")).to_be_visible()
        alert = page.get_by_role("alert").filter(has_text="models are missing")
        expect(alert).to_contain_text(re.compile("vivavoce models pull .*moonshine-tiny-en"))
        expect(alert).not_to_contain_text("minilm")
        row = page.get_by_role("table", name="The models of this server").get_by_role(
            "row", name=re.compile("qwen2.5-coder-0.5b")
        )
        expect(row).to_contain_text("missing")
        expect(row).to_contain_text("Apache-2.0")
        expect(
            page.get_by_text(
                "Documents are found by their words alone. To have it: run `vivavoce models pull all-minilm-l6-v2-int8`"
            )
        ).to_be_visible()
        assert_accessible(page)
        assert_fits(page)


def test_the_first_page_says_what_to_do_about_missing_models(
    browser: Browser, bare: TalkingServer, watch: Watch
) -> None:
    watch.expected.append(FAILED_REQUEST)
    with opened_page(browser, bare, "/welcome", watch=watch) as page:
        expect(page.get_by_role("alert")).to_contain_text("vivavoce models pull")
        expect(page.get_by_role("button", name="Talk to your agent")).to_be_disabled()
        assert_accessible(page)
        assert_fits(page)


def test_a_call_that_a_missing_model_keeps_from_beginning_says_how_to_get_it(
    browser: Browser, bare: TalkingServer, watch: Watch
) -> None:
    watch.expected += [FAILED_REQUEST, FAILED_SOCKET]
    with opened_page(browser, bare, "/agents/default?tab=testing", watch=watch) as page:
        page.get_by_role("button", name="Talk").click()
        expect(page.get_by_role("alert").filter(has_text="vivavoce models pull")).to_contain_text("moonshine-tiny-en")


def test_pages_follow_a_server_that_loads_until_it_is_ready(
    browser: Browser, loading: TalkingServer, watch: Watch
) -> None:
    watch.expected += [FAILED_REQUEST, FAILED_SOCKET]
    with (
        opened_page(browser, loading, "/settings", watch=watch) as settings,
        opened_page(browser, loading, "/welcome", watch=watch) as welcome,
        opened_page(browser, loading, "/agents/default?tab=testing", watch=watch) as testing,
        opened_page(browser, loading, "/agents/default", watch=watch) as configuration,
    ):
        models = settings.get_by_role("table", name="The models of this server")
        expect(models.get_by_text("loading")).to_have_count(5)
        expect(models.get_by_text("ready")).to_have_count(1)  # documents can be searched
        assert_accessible(settings)
        expect(welcome.get_by_text("The server still loads: voice activity")).to_be_visible()
        assert_accessible(welcome)
        testing.get_by_role("button", name="Talk").click()
        expect(testing.get_by_text("The server still loads its models")).to_be_visible()
        voices = configuration.get_by_role("alert").filter(has_text="The voices are still loading")
        expect(voices).to_contain_text("This page asks again by itself.")
        assert_accessible(configuration)
        _load(loading)
        expect(models.get_by_text("ready")).to_have_count(6)
        expect(welcome.get_by_role("button", name="Talk to your agent")).to_be_enabled()
        expect(voices).to_have_count(0)


def test_a_revoked_key_leads_to_the_page_that_asks_for_another_one(
    browser: Browser, console: TalkingServer, watch: Watch
) -> None:
    watch.expected.append(FAILED_REQUEST)
    key_id, secret = _new_key(console)
    with opened_page(browser, console, "/settings", key=secret, watch=watch) as guest:
        expect(guest.get_by_role("heading", name="Settings")).to_be_visible()
        _revoke(console, key_id)
        guest.get_by_role("link", name="Voice agents").click()
        expect(guest.get_by_role("heading", name="The server does not take this key")).to_be_visible()
        expect(guest.get_by_label("API key")).to_have_accessible_description(re.compile("vivavoce keys create"))
        assert_accessible(guest)
        assert_fits(guest)
        guest.get_by_label("API key").fill(KEY)
        guest.get_by_role("button", name="Continue").click()
        expect(guest.get_by_role("heading", name="Voice agents")).to_be_visible()


def test_a_call_with_a_revoked_key_leads_there_too(browser: Browser, console: TalkingServer, watch: Watch) -> None:
    watch.expected += [FAILED_REQUEST, FAILED_SOCKET]
    key_id, secret = _new_key(console)
    with opened_page(browser, console, "/agents/default?tab=testing", key=secret, watch=watch) as guest:
        expect(guest.get_by_role("button", name="Talk")).to_be_enabled()
        _revoke(console, key_id)
        guest.get_by_role("button", name="Talk").click()
        expect(guest.get_by_role("heading", name="The server does not take this key")).to_be_visible()
        expect(guest.get_by_text("This API key is wrong or was revoked.")).to_be_visible()


def test_a_call_to_an_agent_that_is_paused_says_so(page: Page, console: TalkingServer, watch: Watch) -> None:
    watch.expected += [FAILED_REQUEST, FAILED_SOCKET]
    headers = {"authorization": f"Bearer {KEY}"}
    made = httpx.post(f"{console.served.url}/v1/agents", json={"name": "Sleeper"}, headers=headers).json()
    address = f"{console.served.url}/v1/agents/{made['agent_id']}"
    httpx.patch(address, json={"status": "paused"}, headers=headers).raise_for_status()
    page.goto(f"/agents/{made['agent_id']}?tab=testing")
    page.get_by_role("button", name="Talk").click()
    expect(page.get_by_text("This agent is paused and takes no calls.")).to_be_visible()


def test_a_provider_whose_key_has_expired_is_named_in_the_conversation(
    browser: Browser, provider: str, tmp_path: Path
) -> None:
    endpoint = LanguageModelEndpoint(provider, "some-model", "sk-expired")
    with (
        console_server(tmp_path, language_model=endpoint) as server,
        opened_page(browser, server, "/agents/default?tab=testing") as page,
    ):
        page.get_by_label("Type a message").fill("Good morning.")
        page.get_by_role("button", name="Send").click()
        told = page.get_by_role("log", name="Conversation")
        expect(told).to_contain_text("answered 401 (The key has expired.); check the API key")
        expect(told).not_to_contain_text("sk-expired")
        assert_accessible(page)
        page.goto("/settings")
        row = page.get_by_role("table", name="The models of this server").get_by_role("row", name="some-model")
        expect(row).to_contain_text("openai-compatible")
