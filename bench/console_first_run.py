"""The first minute in the console, with real models: from the printed link to an answer that was spoken.

    python -m bench.console_first_run [--profile small]

A fresh server, a browser with nothing cached, and a microphone that plays a recorded sentence some seconds after the
button was pressed. What counts as heard is what the page's own meter shows of the sound that it plays.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect
from tests.console.browsing import chromium, sounding
from tests.console.building import built_console

from bench.corpus import clips
from bench.server import KEY, measured_server
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.wav import write_wav

SILENCE_BEFORE_SECONDS = 12.0
"""As long as the greeting may take."""
SILENCE_BEHIND_SECONDS = 30.0
FIRST_MINUTE_SECONDS = 60.0
PATIENCE_MS = 60_000


def main() -> None:
    choice = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice.add_argument("--profile", default="standard")
    chosen = choice.parse_args()
    built_console()
    with (
        tempfile.TemporaryDirectory() as folder,
        measured_server("--profile", chosen.profile) as server,
        chromium(_microphone(Path(folder) / "speech.wav")) as browser,
    ):
        print(f"server ready after {server.ready_seconds:.1f} s")
        context = browser.new_context(permissions=["microphone"], base_url=server.url)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        spoken = _first_call(page)
        context.close()
    whole = server.ready_seconds + spoken
    print(f"from the start of the server to the spoken answer: {whole:.1f} s")
    sys.exit(whole > FIRST_MINUTE_SECONDS)


def _microphone(path: Path) -> Path:
    """A recorded greeting or question of the shortest kind, behind silence."""
    clip = min(clips(), key=lambda each: (each.name != "help_me", len(each.samples)))
    before, behind = (
        np.zeros(round(each * VOICE_RATE_HZ)) for each in (SILENCE_BEFORE_SECONDS, SILENCE_BEHIND_SECONDS)
    )
    sound = np.concatenate([before, clip.samples, behind])
    write_wav(path, sound.astype(np.float32), VOICE_RATE_HZ)
    return path


def _first_call(page: Page) -> float:
    """Seconds from the opening of the link to the sound of the answer; prints each step."""
    begun = time.monotonic()

    def told(what: str) -> float:
        passed = time.monotonic() - begun
        print(f"{what} after {passed:.1f} s")
        return passed

    page.goto(f"/#key={KEY}", wait_until="commit")
    button = page.get_by_role("button", name="Talk to your agent")
    expect(button).to_be_enabled(timeout=PATIENCE_MS)
    told("the page is there and the button can be pressed")
    button.click()
    sounding(page, "agent")
    told("the greeting is heard")
    log = page.get_by_role("log", name="Conversation")
    expect(log.get_by_text("You:")).to_be_visible(timeout=PATIENCE_MS)
    told("what the caller said is seen")
    expect(log.get_by_text("Agent:")).to_have_count(2, timeout=PATIENCE_MS)
    sounding(page, "agent")
    return told("the answer to what was said is heard")


if __name__ == "__main__":
    main()
