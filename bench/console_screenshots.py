"""Pictures of every page of the console, light and dark, for a desk and for a phone, from a server with made-up data.

They lie in `docs/console` and are shown in `docs/how-to/use-the-console.md`.

    python -m bench.console_screenshots [--out docs/console] [--page NAME ...]
"""

from __future__ import annotations

import argparse
import base64
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import DESKTOP, PHONE, chromium, console_server, opened_page
from tests.console.microphone import write_microphone
from tests.serving import KEY

from bench.palette_png import palette_png
from vivavoce.config import PlatformSettings, RecordingSettings
from vivavoce.engines.scripted import ScriptedSpeechToText
from vivavoce.services.recordings.service import RecordingChoice

OUT = Path(__file__).resolve().parents[1] / "docs" / "console"
SIZES = {"desktop": DESKTOP, "phone": PHONE}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUESTIONS = ("Do you deliver to Iceland?", "Tell me a story about your kettles.")


@dataclass(frozen=True, slots=True)
class Place:
    """One picture's page. `path` may name `{agent}` and `{session}`; `ready`: a text that is there when it is whole."""

    name: str
    path: str
    ready: str


PLACES = (
    Place("welcome", "/welcome", "Talk to your agent"),
    Place("agents", "/agents", "Osteria Lucciola"),
    Place("agent-configuration", "/agents/{agent}", "What it is told"),
    Place("agent-tools", "/agents/{agent}?tab=tools", "lookup_order"),
    Place("agent-knowledge", "/agents/{agent}?tab=knowledge", "Try a question"),
    Place("agent-testing", "/agents/{agent}?tab=testing", "Nothing said yet"),
    Place("sessions", "/sessions", "Order desk"),
    Place("session", "/sessions/{session}", "Answer times"),
    Place("phone-numbers", "/phone-numbers", "Front desk"),
    Place("api-keys", "/api-keys", "environment"),
    Place("webhooks", "/webhooks", "https://shop.example.com/hooks"),
    Place("usage", "/usage", "Usage"),
    Place("settings", "/settings", "Settings"),
)


def picture(name: str, theme: str, size: str) -> str:
    """The file's name."""
    return f"{name}-{size}-{theme}.png"


def main() -> None:
    choice = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice.add_argument("--out", type=Path, default=OUT)
    choice.add_argument("--page", action="append", choices=[place.name for place in PLACES])
    chosen = choice.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    places = [place for place in PLACES if not chosen.page or place.name in chosen.page]
    with tempfile.TemporaryDirectory() as folder:
        microphone = write_microphone(Path(folder) / "speech.wav", (1.5, 3.5))
        settings: dict[str, Any] = {
            "platform": PlatformSettings(private_webhooks=True),
            "recording": RecordingSettings(RecordingChoice(enabled=True)),
            "journal": True,
        }
        with console_server(Path(folder) / "data", **settings) as server, chromium(microphone) as browser:
            _listen_to(server)
            known = _seed(server, browser)
            written = sum(_take(server, browser, places, known, chosen.out))
    print(f"{len(places) * 4} pictures, {written / 1e6:.2f} MB, in {chosen.out}")


def _listen_to(server: TalkingServer) -> None:
    engines = server.served.server.engines
    assert engines is not None
    assert isinstance(engines.speech_to_text, ScriptedSpeechToText)
    engines.speech_to_text.texts = QUESTIONS


def _seed(server: TalkingServer, browser: Browser) -> dict[str, str]:
    """Agents from the templates, a webhook, a number, and a call that was recorded."""
    with httpx.Client(
        base_url=server.served.url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False, timeout=60
    ) as http:
        made: dict[str, str] = {}
        for template in http.get("/v1/agent-templates").json()["data"]:
            collection = _posted(http, "/v1/collections", {"collection_name": f"{template['name']}: knowledge"})
            for document in template["knowledge"]:
                _posted(http, f"/v1/collections/{collection['collection_id']}/texts", document)
            names = {"customer_support": "Order desk", "restaurant": "Osteria Lucciola"}
            name = names.get(template["template_id"], template["agent"]["name"])
            agent = template["agent"] | {"name": name, "collection_ids": [collection["collection_id"]]}
            agent["recording"] = {"enabled": True}
            made[name] = _posted(http, "/v1/agents", agent)["agent_id"]
        hook = {"url": "https://shop.example.com/hooks", "events": ["session.ended"], "enabled": True}
        _posted(http, "/v1/webhooks", hook)
        _posted(http, "/v1/phone-numbers", {"area_code": "415", "name": "Front desk", "agent_id": made["Order desk"]})
    return {"agent": made["Order desk"], "session": _talk(server, browser, made["Order desk"])}


def _posted(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=body)
    if answer.is_error:
        raise SystemExit(f"{path}: {answer.text}")
    made: dict[str, Any] = answer.json()
    return made


def _talk(server: TalkingServer, browser: Browser, agent_id: str) -> str:
    """The session's id."""
    with opened_page(browser, server, f"/agents/{agent_id}?tab=testing") as page:
        page.get_by_role("button", name="Talk").click()
        expect(page.get_by_role("region", name="Turn 2")).to_contain_text("answered after")
        page.get_by_role("button", name="Hang up").click()
        page.goto("/sessions")
        page.get_by_role("link", name="Order desk").first.click()
        page.wait_for_url("**/sessions/*")
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
        return page.url.rsplit("/", 1)[-1]


def _take(
    server: TalkingServer, browser: Browser, places: Sequence[Place], known: dict[str, str], out: Path
) -> Sequence[int]:
    sizes: list[int] = []
    for size, pixels in SIZES.items():
        for theme in THEMES:
            with opened_page(browser, server, size=pixels, theme=theme) as page:
                for place in places:
                    page.goto(place.path.format(**known))
                    expect(page.get_by_text(place.ready).filter(visible=True).first).to_be_visible()
                    page.wait_for_load_state("networkidle")
                    if place.name == "session":
                        expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
                    content = palette_png(_pixels(page))
                    (out / picture(place.name, theme, size)).write_bytes(content)
                    sizes.append(len(content))
    return sizes


def _pixels(page: Page) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The page as it is seen, decoded by a second page: (height, width, 3)."""
    shot = base64.b64encode(page.screenshot(animations="disabled", caret="hide")).decode()
    canvas = page.context.new_page()
    try:
        width, height, raw = canvas.evaluate(
            """async shot => {
                const bytes = Uint8Array.from(atob(shot), each => each.charCodeAt(0));
                const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
                const place = new OffscreenCanvas(image.width, image.height).getContext("2d");
                place.drawImage(image, 0, 0);
                const { data } = place.getImageData(0, 0, image.width, image.height);
                let text = "";
                const piece = 32768;
                for (let at = 0; at < data.length; at += piece) {
                    text += String.fromCharCode(...data.subarray(at, at + piece));
                }
                return [image.width, image.height, btoa(text)];
            }""",
            shot,
        )
    finally:
        canvas.close()
    return np.frombuffer(base64.b64decode(raw), dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


if __name__ == "__main__":
    main()
