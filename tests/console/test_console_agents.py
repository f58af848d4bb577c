"""The agents of the console, driven as a person would: made, found, changed, put back, deleted, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import (
    Watch,
    assert_accessible,
    assert_fits,
    console_server,
    create_from_template,
    opened_page,
)

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
        expect(page.get_by_role("heading", name="Welcome to vivavoce")).to_be_visible()
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
