"""What every script of this folder does: hold the talks at once, print a line of JSON for each.

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
    """Hold the talks at once and print what each gives; one that breaks gives its trace as `failure`."""
    chosen = sys.argv[1:] or list(talks)
    asyncio.run(_hold({name: talks[name] for name in chosen}))


async def _hold(talks: Mapping[str, Talk]) -> None:
    async with asyncio.TaskGroup() as holding:
        for name, talk in talks.items():
            holding.create_task(_tell(name, talk), name=name)


async def _tell(name: str, talk: Talk) -> None:
    told: dict[str, Any]
    try:
        async with asyncio.timeout(TALK_SECONDS):
            told = dict(await talk())
    except Exception:  # noqa: BLE001 - whatever a client throws is for the test to see
        told = {"failure": traceback.format_exc()}
    sys.stdout.write(json.dumps({"talk": name, **told}) + "\n")
    sys.stdout.flush()
