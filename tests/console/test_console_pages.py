"""Every page of the console with something on it: axe in both themes, at a desk's width and a phone's, and no error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import Watch, assert_accessible, assert_fits, create_from_template, opened_page
from tests.serving import KEY

ROUTER = Path(__file__).resolve().parents[2] / "console" / "src" / "app" / "router.tsx"
PLACES = {
    "/welcome": "Talk to your agent",
    "/agents": "Order desk",
    "/agents/{agent}": "What it is told",
    "/agents/{agent}?tab=tools": "lookup_order",
    "/agents/{agent}?tab=knowledge": "Try a question",
    "/agents/{agent}?tab=testing": "Nothing said yet",
    "/sessions": "Order desk",
    "/sessions/{session}": "Where is my parcel?",
    "/phone-numbers": "Front desk",
    "/api-keys": "environment",
    "/webhooks": "https://shop.example.com/hooks",
    "/usage": "The last 30 days",
    "/settings": "Web search",
    "/nowhere": "No such page",
}
"""Each page, and words that are there once it is whole."""


@dataclass(frozen=True, slots=True)
class Tour:
    """One tab that goes through all pages; `known` is what stands for the names in their addresses."""

    page: Page
    watch: Watch
    known: dict[str, str]


@pytest.fixture(scope="module")
def tour(console: TalkingServer, browser: Browser) -> Iterator[Tour]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=console.served.url, headers=headers, trust_env=False) as http:
        hook = {"url": "https://shop.example.com/hooks", "events": ["session.ended"], "enabled": True}
        assert http.post("/v1/webhooks", json=hook).is_success
        assert http.post("/v1/phone-numbers", json={"area_code": "415", "name": "Front desk"}).is_success
        watch = Watch()
        with opened_page(browser, console, watch=watch) as page:
            create_from_template(page, "Customer Support", "Order desk")
            page.get_by_label("Type a message").fill("Where is my parcel?")
            page.get_by_role("button", name="Send").click()
            expect(page.get_by_role("log")).to_contain_text("You said: Where is my parcel?")
            agent = page.url.partition("?")[0].rsplit("/", 1)[-1]
            session = http.get("/v1/sessions").json()["sessions"][0]["session_id"]
            yield Tour(page, watch, {"agent": agent, "session": session})


@pytest.mark.parametrize("path", PLACES)
def test_a_page_is_accessible_fits_and_reports_no_error(tour: Tour, path: str) -> None:
    if path == "/nowhere":  # the server shows its own page there; within the console it is the router's
        tour.page.evaluate("history.pushState(null, '', '/nowhere')")
        tour.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    else:
        tour.page.goto(path.format(**tour.known))
    expect(tour.page.get_by_text(PLACES[path]).filter(visible=True).first).to_be_visible()
    assert_accessible(tour.page)
    assert_fits(tour.page)
    tour.watch.check()


def test_the_link_that_the_server_prints_lets_in_and_does_not_keep_the_key(
    browser: Browser, console: TalkingServer
) -> None:
    with opened_page(browser, console, f"/agents#key={KEY}", key=None) as page:
        expect(page.get_by_role("link", name="Talk to").first).to_be_visible()
        assert KEY not in page.url
        page.reload()
        expect(page.get_by_role("link", name="Talk to").first).to_be_visible()


def test_no_page_of_the_router_is_left_out() -> None:
    shown = {re.sub(r"\$\w+", "{}", path) for path in re.findall(r'path: "([^"]+)"', ROUTER.read_text())}
    visited = {re.sub(r"\{\w+\}", "{}", path.partition("?")[0]) for path in PLACES}
    assert shown - {"/"} == visited - {"/nowhere"}, "every page has its place in PLACES; / only leads on"
