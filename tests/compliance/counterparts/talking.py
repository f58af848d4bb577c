"""What every script of this folder does: hold the talks one by one, print a line of JSON for each.

Runs in the clients' environment, so it knows nothing of the product. Ends with the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

ADDRESS = os.environ.get("ADDRESS", "")
"""Host and port of the server."""

KEY = os.environ.get("KEY", "")

TALK_SECONDS = 30

RATE_HZ = 24_000
NOISE = random.Random(5).randbytes(RATE_HZ * 2)
"""A second of what the scripted ears call speech: 16-bit, 24 kHz."""

SILENCE = bytes(RATE_HZ * 2)
"""A second of nothing."""

HEARD = "Hello, can you hear me?"

Talk = Callable[[], Awaitable[Mapping[str, Any]]]


def hold(talks: Mapping[str, Talk]) -> None:
    """Hold the talks and print what each of them gives; one that breaks gives its trace as `failure`."""
    chosen = sys.argv[1:] or list(talks)
    for name in chosen:
        told: dict[str, Any]
        try:
            told = dict(asyncio.run(_within(talks[name])))
        except Exception:  # noqa: BLE001 - whatever a client throws is for the test to see
            told = {"failure": traceback.format_exc()}
        sys.stdout.write(json.dumps({"talk": name, **told}) + "\n")
        sys.stdout.flush()


async def _within(talk: Talk) -> Mapping[str, Any]:
    async with asyncio.timeout(TALK_SECONDS):
        return await talk()
