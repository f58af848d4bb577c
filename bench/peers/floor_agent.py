"""No framework: the stubs one after the other, as soon as the words are there. A driver; what it takes is the floor.

Runs in the project's environment: `python -m bench.peers.floor_agent < plan`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.peers.caller import Line, hold
from bench.peers.plan import Plan
from bench.peers.stubs import sounds, words_of_reply


class Deaf:
    """Hears nothing: the stub's transcript comes from the caller."""

    async def hear(self, frame: bytes) -> None:
        """Nothing is done with it."""


async def _answer(line: Line) -> None:
    while True:
        _, final = await line.transcripts.get()
        if not final:
            continue
        first = True
        async for text in words_of_reply(line):
            if first:
                first = False
                async for sound in sounds(line, text * 4):
                    line.play(sound)


@asynccontextmanager
async def connect(plan: Plan, line: Line) -> AsyncIterator[Deaf]:  # noqa: ARG001
    answering = asyncio.create_task(_answer(line))
    try:
        yield Deaf()
    finally:
        answering.cancel()


if __name__ == "__main__":
    hold(connect, asyncio.run)
