"""The console in a real Chromium: a server with scripted engines, a browser, and pages that are watched for errors.

The fixtures of `conftest.py` own all three for one test module; a module with other wishes opens its own. Playwright
holds an event loop while it is open, so no test of such a module may be a coroutine.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import axe_playwright_python
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from starlette.routing import BaseRoute
from tests.compliance.talking_server import TalkingServer, talking_server
from tests.console.building import built_console
from tests.serving import KEY

from vivavoce.console.routes import console_routes

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE_MS = 30_000
"""For how long a page may take on a machine that does much else; a page that is ready is not waited for."""
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
_LET_IN = """if (location.protocol === 'http:' && !window.name) {
    window.name = 'let in';
    sessionStorage.setItem('vivavoce.key', %s);
}"""
"""Once a tab: a test that has the key forgotten finds it forgotten."""
DESKTOP = (1280, 900)
PHONE = (390, 844)


@contextmanager
def console_server(data: Path, **settings: Any) -> Iterator[TalkingServer]:
    """A server that shows the console as its source stands. The script is `talking_server.answer`."""
    assets = built_console()

    def routes() -> list[BaseRoute]:
        return console_routes(assets)

    with patch("vivavoce.app.server.console_routes", routes), talking_server(data, **settings) as server:
        yield server


def _arguments(microphone: Path | None = None, *, consent: bool = True) -> list[str]:
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--use-fake-device-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]
    if consent:
        arguments.append("--use-fake-ui-for-media-stream")
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    return arguments


@contextmanager
def chromium(microphone: Path | None = None) -> Iterator[Browser]:
    """A browser without a window. `microphone`: a WAV file that it hears once; without one it hears beeps."""
    assert Path(CHROMIUM).exists(), "the console's tests drive Chromium; Debian: apt-get install chromium"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_arguments(microphone))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def refusing_chromium(browser: Browser) -> Iterator[Browser]:
    """A second browser beside the first, whose person lets no page use the microphone."""
    second = browser.browser_type.launch(executable_path=CHROMIUM, args=_arguments(consent=False))
    try:
        yield second
    finally:
        second.close()


@dataclass(slots=True)
class Watch:
    """What went wrong in a page. `expected`: patterns of messages that the test provokes."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"{message.text} ({message.location.get('url', '')})")

    def check(self) -> None:
        """Raises `AssertionError` for what nobody expected."""
        wrong = [each for each in self.seen if not any(re.search(pattern, each) for pattern in self.expected)]
        assert not wrong, "the page reported errors:\n" + "\n".join(wrong)


@contextmanager
def opened_page(
    browser: Browser,
    server: TalkingServer,
    path: str = "/agents",
    *,
    watch: Watch | None = None,
    key: str | None = KEY,
    size: tuple[int, int] = DESKTOP,
    theme: Literal["light", "dark"] = "light",
    permissions: Sequence[str] = ("microphone", "clipboard-read", "clipboard-write"),
) -> Iterator[Page]:
    """A page of the console in a browser profile of its own, let in with `key`; its errors fail the block.

    It is still loading: whoever goes elsewhere first does not wait for it.
    """
    watch = watch or Watch()
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        permissions=list(permissions),
        base_url=server.served.url,
    )
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: watch.note(message))  # noqa: PLW0108 - a bound method would be marked
        page.on("pageerror", lambda error: watch.seen.append(str(error)))
        if key is not None:
            page.add_init_script(_LET_IN % json.dumps(key))
        page.goto(path, wait_until="commit")
        yield page
        watch.check()
    finally:
        context.close()


def sounding(page: Page, who: str, *, silent: bool = False) -> None:
    """Wait until the meter of this side shows sound, or none. The agent's is that of the page's analyser."""
    page.wait_for_function(
        """([who, silent]) => {
            const bar = document.querySelector(`[data-meter=${who}]`);
            const level = Number(/scaleX\\(([\\d.e-]+)\\)/.exec(bar?.style.transform ?? "")?.[1] ?? 0);
            return bar !== null && (silent ? level < 0.02 : level > 0.3);
        }""",
        arg=[who, silent],
    )


def say(page: Page, words: str) -> None:
    page.get_by_label("Type a message").fill(words)
    page.get_by_role("button", name="Send").click()


def assert_accessible(page: Page) -> None:
    """Axe finds no violation in the page as it stands, in the light and in the dark theme."""
    if not page.evaluate("'axe' in window"):  # half a megabyte: once for each document
        page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        assert not found, f"in the {theme} theme:\n" + "\n".join(map(_violation, found))
    page.emulate_media(color_scheme="light")


def _violation(found: dict[str, Any]) -> str:
    places = "\n".join(f"  {node['html']}\n    {node['failureSummary']}" for node in found["nodes"])
    return f"{found['id']}: {found['help']}\n{places}"


def assert_fits(page: Page) -> None:
    """Nothing is wider than a phone's screen."""
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE[0], f"the page is {width} px wide"
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def create_from_template(page: Page, template: str, name: str) -> None:
    """Make an agent as a person would. The page shows its Testing tab afterwards."""
    page.get_by_role("button", name="Create agent").first.click()
    page.get_by_role("dialog").get_by_role("button", name=template).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_role("button", name="Talk")).to_be_visible()
