"""Fixtures of the console's tests: one server and one browser a module, one fresh page a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import Watch, chromium, console_server, opened_page

from vivavoce.config import PlatformSettings


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    """The server of a module's tests; what one test makes, the next one finds."""
    platform = PlatformSettings(private_webhooks=True)
    with console_server(tmp_path_factory.mktemp("console"), platform=platform) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of a module's tests; its microphone hears beeps."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def watch() -> Watch:
    """What the test's page reports; a test that provokes an error adds its pattern to `expected`."""
    return Watch()


@pytest.fixture
def page(console: TalkingServer, browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page that is let in. Any error in it that the test did not expect fails the test."""
    with opened_page(browser, console, watch=watch) as opened:
        yield opened
