"""The reference of webhooks against the code: events, waits, limits, routes."""

from __future__ import annotations

import re
from pathlib import Path

from vivavoce.agents.resources import WEBHOOK_EVENTS
from vivavoce.api.platform.webhooks import router
from vivavoce.outbound.signing import signed_headers
from vivavoce.services.webhooks.announcer import WEBHOOKS_MAXIMUM
from vivavoce.services.webhooks.posting import ANSWER_BYTES_MAXIMUM, TIMEOUT_SECONDS
from vivavoce.services.webhooks.retry_schedule import JITTER, RETRY_DELAYS_SECONDS
from vivavoce.services.webhooks.sending import IN_FLIGHT_MAXIMUM
from vivavoce.services.webhooks.subscriptions import TEST_EVENT
from vivavoce.store.deliveries import KEPT_FOR

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "webhooks.md").read_text()
SENTENCES = " ".join(PAGE.split())


def first_cells(heading: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return cells[2:]


def test_the_events_are_those_of_the_code() -> None:
    assert [cell.strip("`") for cell in first_cells("Events")] == [*WEBHOOK_EVENTS, TEST_EVENT]


def test_the_routes_are_those_of_the_router() -> None:
    served = {f"{method} {route.path}" for route in router.routes for method in getattr(route, "methods", ())}  # type: ignore[attr-defined]
    assert {cell.strip("`") for cell in first_cells("Routes")} == served


def test_the_headers_are_those_that_are_sent() -> None:
    told = {name for cell in first_cells("Signature") for name in re.findall(r"`([^`]+)`", cell)}
    assert told == set(signed_headers(["whsec_" + "A" * 44], "evt_1", 0, "{}"))


def test_the_waits_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (\d) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert [(int(after), int(wait)) for after, wait in rows] == list(enumerate(RETRY_DELAYS_SECONDS, start=1))
    hours = sum(RETRY_DELAYS_SECONDS) / 3600
    assert f"{int(hours)} to {round(hours * (1 + JITTER))} hours after the first" in SENTENCES


def test_the_limits_are_those_of_the_code() -> None:
    assert f"within {TIMEOUT_SECONDS:.0f} seconds" in SENTENCES
    assert f"at most {ANSWER_BYTES_MAXIMUM // 1024} KiB" in SENTENCES
    assert f"at most {WEBHOOKS_MAXIMUM} webhooks" in SENTENCES
    assert f"the delivery log of {KEPT_FOR.days} days" in SENTENCES
    assert f"up to {IN_FLIGHT_MAXIMUM} at a time" in SENTENCES
