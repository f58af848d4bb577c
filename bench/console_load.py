"""How heavy the console is: its JavaScript at the first load, how soon it can be used, how it scrolls 10,000 sessions.

    python -m bench.console_load [--sessions 10000] [--loads 5]

Ends with status 1 where the JavaScript of the first load is more than 250 kB.
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect
from sqlalchemy import insert
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import chromium, console_server, opened_page
from tests.console.building import built_console

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.rows import unix_ms
from vivavoce.store.schema import sessions
from vivavoce.store.threads import NewThread

FIRST_LOAD_BYTES_MAXIMUM = 250_000
_STATIC_IMPORT = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
_ENTRY = re.compile(r'(?:src|href)="/assets/([\w.-]+\.js)"')
SCROLLED_FRAMES = 300
STEP_PX = 900
ROWS_AT_ONCE = 500


def first_load(assets: Path) -> dict[str, int]:
    """The JavaScript that the agents' page needs, each file with its bytes after gzip: entry, its imports, its page."""
    folder = assets / "assets"
    waiting = _ENTRY.findall((assets / "index.html").read_text())
    waiting += [each.name for each in folder.glob("AgentsPage-*.js")]
    found: dict[str, int] = {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        code = (folder / name).read_bytes()
        found[name] = len(gzip.compress(code, 9, mtime=0))
        waiting += _STATIC_IMPORT.findall(code.decode())
    return found


def main() -> None:
    choice = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice.add_argument("--sessions", type=int, default=10_000)
    choice.add_argument("--loads", type=int, default=5)
    chosen = choice.parse_args()
    files = first_load(built_console())
    total = sum(files.values())
    print(f"first load: {total / 1000:.0f} kB of JavaScript after gzip, in {len(files)} files")
    with (
        tempfile.TemporaryDirectory() as folder,
        console_server(Path(folder)) as server,
        chromium() as browser,
    ):
        _seed(server, chosen.sessions)
        server.served.inside(server.served.server.prepare_routes)  # as `vivavoce serve` does before it is ready
        interactive = [_interactive_ms(server, browser) for _ in range(chosen.loads)]
        print(f"agents to be seen after {statistics.median(interactive):.0f} ms (slowest {max(interactive):.0f} ms)")
        frames = _frames_ms(server, browser)
    late = sum(frame > 34 for frame in frames)
    print(
        f"scrolling {chosen.sessions} sessions: frames p50 {statistics.median(frames):.1f} ms, "
        f"p95 {statistics.quantiles(frames, n=20)[-1]:.1f} ms, {late} of {len(frames)} longer than two of 60 Hz"
    )
    sys.exit(total > FIRST_LOAD_BYTES_MAXIMUM)


def _seed(server: TalkingServer, number: int) -> None:
    """Ended sessions of the first organisation, each like one that the API made first."""

    async def inside() -> None:
        store = server.served.server._store
        assert store is not None
        thread = await store.threads.add(NewThread(FIRST_ORGANISATION))
        begun = datetime.now(UTC) - timedelta(days=30)
        async with store._database.writing() as connection:
            for at in range(0, number, ROWS_AT_ONCE):
                part = range(at, min(number, at + ROWS_AT_ONCE))
                rows = [_row(begun + timedelta(seconds=each), thread.thread_id) for each in part]
                await connection.execute(insert(sessions), rows)

    server.served.inside(inside)


def _row(begun: datetime, thread_id: str) -> dict[str, Any]:
    ended = begun + timedelta(seconds=60)
    return {
        "id": new_identifier(Kind.SESSION, unix_ms(begun)),
        "organisation_id": FIRST_ORGANISATION,
        "agent_id": None,
        "thread_id": thread_id,
        "status": SessionStatus.COMPLETED.value,
        "dialect": "realtime",
        "channel": "voice",
        "details": {},
        "created_at": begun,
        "started_at": begun,
        "ended_at": ended,
        "last_active_at": ended,
        "expires_at": ended,
        "end_reason": "client_closed",
    }


def _interactive_ms(server: TalkingServer, browser: Browser) -> float:
    """From the start of the navigation until the list of agents is there, in a browser that has nothing cached."""
    with opened_page(browser, server) as page:
        page.get_by_role("link", name="Talk to").first.wait_for()
        known: float = page.evaluate("performance.now()")
    return known


def _frames_ms(server: TalkingServer, browser: Browser) -> list[float]:
    with opened_page(browser, server, "/sessions") as page:
        expect(page.get_by_role("region", name="Sessions").get_by_role("link").first).to_be_visible()
        frames: list[float] = page.evaluate(
            """async ([frames, step]) => {
                const place = document.querySelector('[role=region][aria-label=Sessions]');
                const took = [];
                let before = await new Promise(requestAnimationFrame);
                while (took.length < frames) {
                    place.scrollTop += step;
                    const now = await new Promise(requestAnimationFrame);
                    took.push(now - before);
                    before = now;
                }
                return took;
            }""",
            [SCROLLED_FRAMES, STEP_PX],
        )
    return frames


if __name__ == "__main__":
    main()
