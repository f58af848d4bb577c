"""The agents of the console, driven as a person would: made, found, changed, put back, deleted, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, Route, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import (
    Watch,
    assert_accessible,
    assert_fits,
    console_server,
    create_from_template,
    opened_page,
)
from tests.serving import KEY

AWAY = r"Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET"


TEMPLATES = ("Healthcare", "Restaurant", "Customer Support", "Real Estate", "Appointment Booking", "Concierge")


def test_each_template_makes_an_agent_that_can_be_talked_to_and_knows_something(page: Page) -> None:
    for template in TEMPLATES:
        create_from_template(page, template, f"{template} of mine")
        expect(page.get_by_label("Type a message")).to_be_editable()
        page.get_by_role("tab", name="Knowledge base").click()
        expect(page.get_by_text("ready", exact=True).nth(1)).to_be_visible()
        page.get_by_role("link", name="Voice agents").last.click()


def test_an_agent_from_nothing_needs_a_name_and_instructions(page: Page) -> None:
    page.get_by_role("button", name="Create agent").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Customer Support")
    assert_accessible(page)
    page.get_by_role("button", name="Start from scratch").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("Give the agent a name.")).to_be_visible()
    expect(page.get_by_text("Tell the agent what it is to do.")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.get_by_label("Name", exact=True).fill("From nothing")
    page.get_by_label("Instructions").fill("Count to three.")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="From nothing")).to_be_visible()


def test_agents_are_found_by_name(page: Page) -> None:
    create_from_template(page, "Restaurant", "Zanzibar")
    page.get_by_role("link", name="Voice agents").last.click()
    search = page.get_by_label("Search agents by name")
    search.fill("zanzi")
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("link", name="Talk to Zanzibar")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    search.fill("nobody is called so")
    expect(page.get_by_role("heading", name="No agent has such a name")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("link", name="Talk to Zanzibar")).to_be_visible()


def test_a_save_makes_a_version_that_can_be_compared_and_restored(page: Page) -> None:
    create_from_template(page, "Restaurant", "Versioned")
    page.get_by_role("tab", name="Configuration").click()
    instructions = page.get_by_label("Instructions")
    before = instructions.input_value()
    instructions.fill("Say only: {{greeting_word}}.")
    expect(page.get_by_text("greeting_word", exact=True)).to_be_visible()
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("version 2", exact=True)).to_be_visible()
    page.get_by_role("button", name="Show versions").click()
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Say only: {{greeting_word}}.")
    expect(dialog).to_contain_text("You are Ara, the host")
    assert_accessible(page)
    dialog.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("version 3", exact=True)).to_be_visible()
    expect(instructions).to_have_value(before)


def test_what_is_discarded_is_as_it_was(page: Page) -> None:
    create_from_template(page, "Restaurant", "Undecided")
    page.get_by_role("tab", name="Configuration").click()
    page.get_by_label("Greeting").fill("Ahoy.")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Greeting")).to_have_value("Good day, Osteria Lucciola. Would you like to book a table?")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    assert_fits(page)


def test_what_the_server_refuses_is_told_beside_its_field(page: Page, watch: Watch) -> None:
    watch.expected.append(r"status of 4\d\d")
    create_from_template(page, "Restaurant", "Refused")
    page.get_by_role("tab", name="Configuration").click()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert").first).to_be_visible()
    assert_accessible(page)


def configuration(page: Page, name: str) -> str:
    """Make an agent and open its configuration; its id."""
    create_from_template(page, "Restaurant", name)
    page.get_by_role("tab", name="Configuration").click()
    expect(page.get_by_label("Instructions")).to_be_visible()
    return page.url.partition("/agents/")[2].partition("?")[0]


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option).click()


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"version {version}", exact=True)).to_be_visible()


def stored(console: TalkingServer, agent_id: str) -> dict[str, Any]:
    """The agent as the API has it."""
    answer = httpx.get(f"{console.served.url}/v1/agents/{agent_id}", headers={"Authorization": f"Bearer {KEY}"})
    return dict(answer.raise_for_status().json()["agent"])


def test_how_long_callers_are_waited_for_is_chosen_by_eagerness_or_by_a_fixed_silence(
    console: TalkingServer, page: Page
) -> None:
    agent_id = configuration(page, "Listener")
    choose(page, "Eagerness", "Patient")
    assert_accessible(page)
    save(page, 2)
    assert stored(console, agent_id)["eagerness"] == "low"
    page.reload()
    expect(page.get_by_label("Eagerness", exact=True)).to_contain_text("Patient")
    choose(page, "The caller has finished", "After a fixed silence")
    expect(page.get_by_label("Eagerness", exact=True)).to_have_count(0)
    page.get_by_role("slider", name="Silence").press("ArrowRight")
    page.get_by_role("slider", name="Speech threshold").press("ArrowRight")
    assert_accessible(page)
    assert_fits(page)
    save(page, 3)
    voice = stored(console, agent_id)["voice"]
    assert (voice["vad_silence_duration_ms"], voice["vad_threshold"]) == (550, 0.55)
    page.get_by_role("button", name="Show versions").click()
    page.get_by_role("listitem").filter(has_text="Version 1").get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog").get_by_role("term").filter(has_text="eagerness")).to_be_visible()
    page.get_by_role("listitem").filter(has_text="Version 1").get_by_role("button", name="Restore").click()
    expect(page.get_by_label("Eagerness", exact=True)).to_contain_text("Balanced")
    assert stored(console, agent_id)["eagerness"] == "auto"


def test_the_longest_pause_is_given_back_to_the_eagerness(page: Page) -> None:
    configuration(page, "Pausing")
    page.get_by_role("slider", name="Longest pause").press("ArrowRight")
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    page.get_by_role("button", name="Leave it to the eagerness").click()
    expect(page.get_by_text("not saved")).to_have_count(0)


def test_a_paused_agent_says_so_and_takes_calls_again(console: TalkingServer, page: Page) -> None:
    agent_id = configuration(page, "Sleeper")
    page.get_by_role("switch", name="Takes calls").click()
    save(page, 2)
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    assert stored(console, agent_id)["status"] == "paused"
    page.get_by_role("switch", name="Takes calls").click()
    save(page, 3)
    assert stored(console, agent_id)["status"] == "active"


def test_the_model_and_the_number_of_an_agent_are_shown(console: TalkingServer, page: Page) -> None:
    agent_id = configuration(page, "Numbered")
    expect(page.get_by_text("Phone number: none")).to_be_visible()
    with httpx.Client(base_url=console.served.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        made = client.post("/v1/phone-numbers", json={"area_code": "212", "name": "Line"}).raise_for_status()
        number = made.json()["phone_number"]
        change = {"agent": {"model": "a-model-of-theirs"}, "phone_number_id": number["phone_number_id"]}
        client.patch(f"/v1/agents/{agent_id}", json=change).raise_for_status()
    page.reload()
    expect(page.get_by_text(number["phone_number"])).to_be_visible()
    expect(page.get_by_label("Language model")).to_contain_text("a-model-of-theirs")
    expect(page.get_by_text("This server has one language model and answers with that.")).to_be_visible()
    choose(page, "Language model", "The server's own")
    save(page, 3)
    assert stored(console, agent_id)["model"] is None


def test_who_leaves_with_unsaved_changes_is_asked_first(page: Page) -> None:
    configuration(page, "Half changed")
    page.get_by_label("Greeting").fill("Ahoy.")
    page.get_by_role("tab", name="Tools").click()
    page.get_by_role("tab", name="Configuration").click()
    expect(page.get_by_label("Greeting")).to_have_value("Ahoy.")
    page.get_by_role("link", name="Sessions").click()
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    assert_accessible(page)
    question.get_by_role("button", name="Stay").click()
    expect(page.get_by_label("Greeting")).to_have_value("Ahoy.")
    page.get_by_role("link", name="Sessions").click()
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Greeting")).not_to_have_value("Ahoy.")


def test_a_field_that_the_server_refuses_is_found_from_another_tab(page: Page, watch: Watch) -> None:
    watch.expected.append(r"status of 4\d\d")
    configuration(page, "Endless")
    page.get_by_label("Most turns in a call").fill("20000")
    page.get_by_role("tab", name="Knowledge base").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved (max turns)")
    assert_accessible(page)
    page.get_by_role("button", name="Open Configuration").click()
    field = page.get_by_label("Most turns in a call")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert_fits(page)
    field.fill("20")
    expect(field).to_have_attribute("aria-invalid", "false")
    save(page, 2)


def test_a_save_that_fails_says_so_and_keeps_what_was_typed(page: Page, watch: Watch) -> None:
    watch.expected.append(r"status of 500|ERR_FAILED")
    configuration(page, "Unlucky")
    page.get_by_label("Greeting").fill("Ahoy.")
    page.route("**/v1/agents/agent_*", lambda route: route.fulfill(status=500, body="oops"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The server answered 500. Your changes are still here.")
    page.unroute("**/v1/agents/agent_*")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page.get_by_role("status").filter(has_text="The server does not answer")).to_be_visible()
    page.unroute("**/v1/**")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("The server does not answer")).to_have_count(0)
    expect(page.get_by_label("Greeting")).to_have_value("Ahoy.")
    save(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_key_that_expires_in_the_middle_loses_nothing_that_was_typed(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 401")
    configuration(page, "Key change")
    page.get_by_label("Greeting").fill("Ahoy.")
    error = {"error": {"code": "invalid_api_key", "message": "This key has expired."}}
    page.route("**/v1/agents/agent_*", lambda route: route.fulfill(status=401, json=error))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="This key has expired.")).to_be_visible()
    page.unroute("**/v1/agents/agent_*")
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Greeting")).to_have_value("Ahoy.")
    save(page, 2)


def test_what_is_typed_while_the_server_saves_stays(page: Page) -> None:
    configuration(page, "Hasty")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            held.append(route)
        else:
            route.fallback()

    page.route("**/v1/agents/agent_*", hold)
    page.get_by_label("Greeting").fill("Ahoy.")
    with page.expect_request("**/v1/agents/agent_*"):
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_label("Greeting").fill("Ahoy again.")
    held[0].continue_()
    expect(page.get_by_text("version 2", exact=True)).to_be_visible()
    expect(page.get_by_label("Greeting")).to_have_value("Ahoy again.")
    expect(page.get_by_text("1 change not saved")).to_be_visible()


def test_a_voice_is_heard_before_it_is_chosen_and_what_fails_is_told(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 503")
    configuration(page, "Singer")
    page.get_by_role("button", name="Hear the voice").click()
    expect(page.get_by_role("button", name="Hear the voice")).to_be_visible()
    error = {"error": {"code": "unavailable", "message": "The voices are still being loaded. Try again in a moment."}}
    page.route("**/v1/audio/speech", lambda route: route.fulfill(status=503, json=error))
    page.get_by_role("button", name="Hear the voice").click()
    expect(page.get_by_text("The voices are still being loaded.")).to_be_visible()


def test_an_agent_that_cannot_be_made_leaves_nothing_behind_and_says_why(
    console: TalkingServer, page: Page, watch: Watch
) -> None:
    watch.expected.append(r"status of 4\d\d|status of 500")
    page.get_by_role("button", name="Create agent").first.click()
    page.get_by_role("button", name="Concierge").click()
    page.get_by_label("Name", exact=True).fill("Never made")

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        error = {"error": {"message": "There is an agent of this name.", "param": "name"}}
        route.fulfill(status=400, json=error)

    page.route("**/v1/agents", refuse)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("There is an agent of this name.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    key = {"Authorization": f"Bearer {KEY}"}
    left = httpx.get(f"{console.served.url}/v1/collections", params={"limit": 100}, headers=key).json()["collections"]
    assert not [each for each in left if each["collection_name"].startswith("Never made")]
    page.unroute("**/v1/agents")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Never made")).to_be_visible()


def test_every_tab_of_an_agent_fits_a_phone(page: Page) -> None:
    configuration(page, "Narrow")
    for tab in ("Configuration", "Tools", "Knowledge base", "Testing"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        assert_fits(page)


def test_an_agent_is_deleted_after_a_question_and_made_again_on_demand(page: Page) -> None:
    create_from_template(page, "Concierge", "Short-lived")
    page.get_by_role("link", name="Voice agents").last.click()
    page.get_by_role("button", name="Delete Short-lived").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Its calls end now")
    assert_accessible(page)
    question.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete Short-lived").click()
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Talk to Short-lived")).to_have_count(0)
    page.get_by_role("button", name="Make it again").click()
    expect(page.get_by_role("link", name="Talk to Short-lived")).to_be_visible()


def test_tools_are_made_by_form_and_as_json(page: Page) -> None:
    create_from_template(page, "Restaurant", "Tooled")
    page.get_by_role("tab", name="Tools").click()
    page.get_by_role("button", name="Function").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("ring_bell")
    dialog.get_by_role("button", name="Edit as JSON").click()
    expect(dialog.get_by_label("The tool as JSON")).to_contain_text("ring_bell")
    assert_accessible(page)
    dialog.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("button", name="Edit ring_bell")).to_be_visible()
    page.get_by_role("switch", name="Stay silent").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("version 2", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("switch", name="Stay silent")).to_be_checked()
    page.get_by_role("button", name="Remove ring_bell").click()
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_one_gets_about_with_the_keyboard_alone(page: Page) -> None:
    expect(page.get_by_role("button", name="Create agent").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("button", name="Create agent").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Healthcare").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Create agent").first).to_be_focused()


def test_an_agent_that_is_not_there_says_so(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 404")
    page.goto("/agents/agent_000000000000000000000000")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert_accessible(page)


def test_an_expired_key_asks_for_another_with_the_reason(console: TalkingServer, browser: Browser) -> None:
    watch = Watch(expected=["status of 401"])
    with opened_page(browser, console, watch=watch, key="vv_expired_0123456789") as page:
        expect(page.get_by_role("heading", name="The server does not take this key")).to_be_visible()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)


def test_a_server_that_went_away_is_told_and_so_is_being_offline(tmp_path: Path, browser: Browser) -> None:
    watch = Watch(expected=[AWAY])
    with console_server(tmp_path) as server:
        place = opened_page(browser, server, watch=watch)
        page = place.__enter__()
        expect(page.get_by_role("link", name="Talk to").first).to_be_visible()
        page.context.set_offline(True)
        page.get_by_label("Search agents by name").fill("a")
        expect(page.get_by_role("status").filter(has_text="This device is offline")).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_text("This device is offline")).to_have_count(0)
    try:
        page.get_by_label("Search agents by name").fill("b")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        expect(page.get_by_role("status").filter(has_text="The server does not answer")).to_be_visible()
        assert_accessible(page)
    finally:
        place.__exit__(None, None, None)
