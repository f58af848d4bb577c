"""The administration of the console, driven as a person would in Chromium."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.console.browsing import assert_accessible, assert_fits


def test_keys_are_listed(page: Page) -> None:
    page.goto("/api-keys")
    expect(page.get_by_text("environment")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
