"""The administration of the console, driven as a person would in Chromium: each page with axe in both themes."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import Watch, assert_accessible, assert_fits, opened_page
from tests.serving import KEY

FAILED_REQUEST = "Failed to load resource"


class _Listening(BaseHTTPRequestHandler):
    """Takes whatever it is told."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of a program that takes webhooks."""
    with HTTPServer(("127.0.0.1", 0), _Listening) as server:
        thread = threading.Thread(target=server.serve_forever, name="receiver")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


def test_a_webhook_is_added_tested_changed_turned_off_and_deleted(page: Page, receiver: str) -> None:
    page.goto("/webhooks")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Add a webhook").first.click()
    page.get_by_label("Address").fill("example.com")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Begin with https:// or http://")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Address").fill(receiver)
    page.get_by_label("agent.updated").uncheck()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text(re.compile(r"^whsec_\S{20,}$"))).to_be_visible()
    page.get_by_role("button", name="Done").click()

    row = page.get_by_role("listitem", name=receiver)
    expect(row.get_by_text("session.started")).to_be_visible()
    expect(row.get_by_text("agent.updated")).to_have_count(0)
    assert_accessible(page)
    assert_fits(page)

    row.get_by_role("button", name="Send a test").click()
    log = page.get_by_role("dialog", name="Deliveries")
    expect(log.get_by_text("delivered", exact=True)).to_be_visible()
    expect(log.get_by_text("webhook.test")).to_be_visible()
    assert_accessible(page)
    log.get_by_role("button", name="Send again").click()
    expect(log.get_by_text("tried twice").or_(log.get_by_text("tried 2 times"))).to_be_visible()
    page.keyboard.press("Escape")

    row.get_by_role("switch").click()
    expect(row.get_by_role("switch", name="Off")).not_to_be_checked()
    expect(row.get_by_role("button", name="Send a test")).to_be_disabled()
    row.get_by_role("button", name="New secret").click()
    page.get_by_role("button", name="Make a new one").click()
    expect(page.get_by_text(re.compile(r"^whsec_"))).to_be_visible()
    page.get_by_role("button", name="Done").click()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    expect(page.get_by_text("The webhook is deleted.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()


def test_a_phone_number_is_taken_given_to_an_agent_and_released(page: Page) -> None:
    page.goto("/phone-numbers")
    expect(page.get_by_text("Calls over the telephone are not served yet.")).to_be_visible()
    page.get_by_role("button", name="Add a number").first.click()
    page.get_by_label("Area code").fill("911")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("A US area code has three digits, such as 415.")).to_be_visible()
    page.get_by_label("Area code").fill("415")
    page.get_by_label("Name").fill("Front desk")
    page.get_by_role("button", name="Add it").click()

    row = page.get_by_role("listitem", name=re.compile(r"\+141555501\d\d"))
    expect(row.get_by_text("Front desk")).to_be_visible()
    row.get_by_role("combobox").click()
    page.get_by_role("option").nth(1).click()
    expect(page.get_by_text("The agent has the number.")).to_be_visible()
    expect(row.get_by_role("combobox")).not_to_have_text("No agent")
    assert_accessible(page)
    assert_fits(page)
    row.get_by_role("combobox").click()
    page.get_by_role("option", name="No agent").click()
    expect(page.get_by_text("No agent has the number now.")).to_be_visible()

    row.get_by_role("button", name="Release").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", name="No numbers yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(row.get_by_text("Front desk")).to_be_visible()


def test_settings_tell_what_is_missing_and_how_to_have_it(page: Page) -> None:
    page.goto("/settings")
    expect(page.get_by_text("ready", exact=True).first).to_be_visible()
    models = page.get_by_role("table", name="The models of this server")
    expect(models.get_by_role("row", name=re.compile("^Speech recognition scripted"))).to_contain_text("ready")
    expect(page.get_by_text("No profile: the engines are scripted.")).to_be_visible()
    expect(page.get_by_text("To have them: start the server with VIVAVOCE_RECORDING=on")).to_be_visible()
    expect(page.get_by_text("Web search")).to_be_visible()
    expect(page.get_by_text("docs/how-to/let-an-agent-search-the-web.md").first).to_be_visible()
    expect(page.get_by_text("not in this version")).to_be_visible()  # the telephone
    assert_accessible(page)
    assert_fits(page)


def test_a_secret_is_added_replaced_and_deleted_and_its_value_is_never_shown(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Add a secret").click()
    page.get_by_label("Name").fill("ORDERS_API_KEY")
    page.get_by_label("Value").fill("short")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("At least 8 characters.")).to_be_visible()
    page.get_by_label("Value").fill("open sesame, and quickly")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("ORDERS_API_KEY", exact=True)).to_be_visible()
    page.get_by_role("button", name="Replace ORDERS_API_KEY").click()
    page.get_by_label("Value").fill("another sesame")
    assert_accessible(page)
    page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "sesame" not in page.content()
    page.get_by_role("button", name="Delete ORDERS_API_KEY").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No secrets yet")).to_be_visible()
    assert_accessible(page)  # with the toast that takes it back
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("ORDERS_API_KEY", exact=True)).to_be_visible()


def _secrets(console: TalkingServer) -> list[str]:
    answer = httpx.get(f"{console.served.url}/v1/secrets", headers={"authorization": f"Bearer {KEY}"})
    return [each["name"] for each in answer.json()["data"]]


def _put_secret(console: TalkingServer, name: str) -> None:
    body = {"name": name, "value": "open sesame, and quickly"}
    httpx.post(
        f"{console.served.url}/v1/secrets", json=body, headers={"authorization": f"Bearer {KEY}"}
    ).raise_for_status()


def _delete_secret(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name=f"Delete {name}")).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_what_is_deleted_reaches_the_server_when_undo_is_over(page: Page, console: TalkingServer) -> None:
    _put_secret(console, "LATE_KEY")
    page.clock.install()
    page.goto("/settings")
    _delete_secret(page, "LATE_KEY")
    assert "LATE_KEY" in _secrets(console)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as answered:
        page.clock.run_for(6_100)
    assert answered.value.ok
    assert "LATE_KEY" not in _secrets(console)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_what_is_deleted_is_deleted_also_when_the_page_goes_away_first(page: Page, console: TalkingServer) -> None:
    _put_secret(console, "STAYING_KEY")
    _put_secret(console, "LEFT_KEY")
    page.goto("/settings")
    _delete_secret(page, "LEFT_KEY")
    page.goto("about:blank")
    # The new page may ask before the deletion has arrived: it does not show what is on its way out, and asks again.
    with page.expect_response(lambda answer: answer.url.endswith("/v1/secrets") and "LEFT_KEY" not in answer.text()):
        page.goto("/settings")
        expect(page.get_by_text("STAYING_KEY", exact=True)).to_be_visible()
        expect(page.get_by_text("LEFT_KEY", exact=True)).to_have_count(0)
    assert "LEFT_KEY" not in _secrets(console)


def test_a_new_secret_is_not_taken_by_the_deletion_of_the_former_one(page: Page, console: TalkingServer) -> None:
    _put_secret(console, "TWICE_KEY")
    page.goto("/settings")
    _delete_secret(page, "TWICE_KEY")
    page.get_by_role("button", name="Add a secret").click()
    page.get_by_label("Name").fill("TWICE_KEY")
    page.get_by_label("Value").fill("open sesame, once more")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("TWICE_KEY is set.")).to_be_visible()
    expect(page.get_by_text("TWICE_KEY", exact=True)).to_be_visible()
    page.goto("/agents")
    assert "TWICE_KEY" in _secrets(console)


def test_what_the_server_does_not_delete_comes_back(page: Page, console: TalkingServer, watch: Watch) -> None:
    watch.expected.append(FAILED_REQUEST)
    _put_secret(console, "KEPT_KEY")
    page.clock.install()
    page.goto("/settings")

    def refuse(route: Route) -> None:
        if route.request.method != "DELETE":
            route.fallback()
            return
        route.fulfill(status=409, json={"error": {"message": "It is in use.", "code": "conflict"}})

    page.route("**/v1/secrets/*", refuse)
    _delete_secret(page, "KEPT_KEY")
    page.clock.run_for(6_100)
    expect(page.get_by_text("It was not deleted: It is in use.")).to_be_visible()
    expect(page.get_by_text("KEPT_KEY", exact=True)).to_be_visible()
    assert "KEPT_KEY" in _secrets(console)


def test_a_deleted_document_can_be_had_back(page: Page, console: TalkingServer) -> None:
    with httpx.Client(base_url=console.served.url, headers={"authorization": f"Bearer {KEY}"}) as http:
        collection = http.post("/v1/collections", json={"collection_name": "Ferries"}).json()["collection_id"]
        text = {"name": "Ferries.md", "text": "# Ferries\n\nThe last ferry leaves at nine."}
        http.post(f"/v1/collections/{collection}/texts", json=text).raise_for_status()
        agent = http.post("/v1/agents", json={"name": "Pier", "collection_ids": [collection]}).json()["agent_id"]
    page.goto(f"/agents/{agent}?tab=knowledge")
    documents = page.get_by_role("region", name="Documents")
    documents.get_by_role("button", name="Delete Ferries.md").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(documents.get_by_text("No documents yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(documents.get_by_text("Ferries.md")).to_be_visible()


def test_a_chosen_theme_stays_and_a_forgotten_key_is_asked_for(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("radio", name="Dark").check()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Forget the key").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Forget it").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 1, "more is kept than the theme"


@pytest.mark.parametrize("path", ["/webhooks", "/phone-numbers", "/settings", "/usage"])
def test_a_page_whose_data_cannot_be_had_says_so_and_tries_again(page: Page, watch: Watch, path: str) -> None:
    watch.expected.append(FAILED_REQUEST)
    what = re.compile(r"/v1/(webhooks|phone-numbers|capabilities|usage)")

    def refuse(route: Route) -> None:
        route.fulfill(status=400, json={"error": {"message": "Not today.", "code": "not_today"}})

    page.route(what, refuse)
    page.goto(path)
    problem = page.get_by_role("alert").filter(has_text="Not today.")
    expect(problem).to_be_visible()
    assert_accessible(page)
    page.unroute(what)
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_have_count(0)


def test_a_server_that_does_not_answer_is_told_of_and_waited_for(page: Page, watch: Watch) -> None:
    watch.expected.append(FAILED_REQUEST)
    expect(page.get_by_role("heading", name="Voice agents")).to_be_visible()
    everything = re.compile(r"/(v1/.*|healthz)")
    page.route(everything, lambda route: route.abort())
    page.get_by_role("link", name="API keys").click()
    banner = page.get_by_role("status").filter(has_text="The server does not answer.")
    expect(banner).to_be_visible()
    assert_accessible(page)
    page.unroute(everything)
    banner.get_by_role("button", name="Try now").click()
    expect(banner).to_have_count(0)
    expect(page.get_by_text("environment")).to_be_visible()


def test_a_device_without_a_network_is_told_so(page: Page) -> None:
    expect(page.get_by_role("heading", name="Voice agents")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("This device is offline.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("This device is offline.")).to_have_count(0)


def test_the_first_visit_leads_to_a_conversation(browser: Browser, console: TalkingServer, watch: Watch) -> None:
    with opened_page(browser, console, "/", watch=watch) as page:
        expect(page).to_have_url(re.compile("/welcome$"))
        expect(page.get_by_text("The server has loaded its models.")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)
        page.get_by_role("button", name="Talk to your agent").click()
        expect(page.get_by_role("log", name="Conversation")).to_contain_text("You said:")
        assert_accessible(page)
        page.get_by_role("button", name="Hang up").click()
        page.get_by_role("link", name="See what it took, turn by turn").click()
        expect(page).to_have_url(re.compile("/sessions/"))
        page.goto("/")
        expect(page).to_have_url(re.compile("/agents$"))


def test_the_program_that_is_shown_talks_with_this_server(page: Page, console: TalkingServer) -> None:
    page.goto("/welcome")
    program = page.get_by_label("Program").inner_text()
    assert KEY not in program
    command = [sys.executable, "-c", program.replace("YOUR_API_KEY", KEY)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "You said: Hello!", ran.stderr


def test_the_first_agent_of_ones_own_is_a_click_away(page: Page) -> None:
    page.goto("/welcome")
    page.get_by_role("link", name="Choose a template").click()
    expect(page.get_by_role("dialog", name="Create an agent")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Voice agents")).to_be_visible()


def test_a_function_of_the_client_is_answered_by_hand(page: Page, console: TalkingServer) -> None:
    weather = {
        "type": "function",
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "sample_result": {"sky": "clear"},
    }
    agent = {"name": "Forecaster", "instructions": "Tell the weather.", "tools": [weather]}
    made = httpx.post(f"{console.served.url}/v1/agents", json=agent, headers={"authorization": f"Bearer {KEY}"})
    page.goto(f"/agents/{made.json()['agent_id']}?tab=testing")
    page.get_by_label("Type a message").fill("How is the weather in Bern?")
    page.get_by_role("button", name="Send").click()
    form = page.get_by_role("form", name="Answer weather")
    expect(form.get_by_label("Arguments")).to_contain_text("Bern")
    expect(form.get_by_label("Its answer")).to_have_value(re.compile('"sky": "clear"'))
    assert_accessible(page)
    assert_fits(page)
    form.get_by_label("Its answer").fill("mild and dry")
    form.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("The weather is mild and dry.")
    expect(form).to_have_count(0)


def test_usage_has_a_bar_for_each_day_and_can_be_read_as_a_table(page: Page) -> None:
    page.goto("/agents")
    page.get_by_role("link", name="Talk to Viva").click()
    page.get_by_label("Type a message").fill("Good morning.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("You said: Good morning.")
    page.goto("/usage")
    sessions = page.get_by_role("button", name=re.compile(r"^Sessions [1-9]"))
    expect(sessions).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(31)
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text(re.compile("[1-9]$"))
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name=re.compile("^Tool calls")).click()
    expect(page.get_by_role("table", name="Tool calls a day, the newest first")).to_be_visible()
    page.get_by_role("combobox", name="Days").click()
    page.get_by_role("option", name="The last 7 days").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(8)
