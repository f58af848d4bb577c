"""When a prompt may be warmed: never while a reply is on its way to its first words.

The native engine evaluates prompts in steps of a few tokens, the slot with the lowest number first, and in the same
steps as every reply's next token. A prompt that is only being warmed would therefore keep a reply from its own prompt,
and afterwards let it write one word a step. So one prompt is warmed at a time, and none beside a young reply.

Owned by the adapter, used on the event loop; dies with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

YOUNG_TOKENS = 24
"""A reply is young until it has written so much: its first sentence."""


class YoungReply:
    """A reply on its way to its first sentence. It lives in the block that it was made for."""

    def __init__(self, on_grown_up: Callable[[], None]) -> None:
        self._on_grown_up = on_grown_up
        self._tokens = 0
        self._is_young = True

    def wrote(self) -> None:
        """One token more."""
        self._tokens += 1
        if self._tokens == YOUNG_TOKENS:
            self.grow_up()

    def grow_up(self) -> None:
        """Its first sentence is there, or will not be."""
        if self._is_young:
            self._is_young = False
            self._on_grown_up()


class PromptTurns:
    """`interrupt` is called when a reply begins: whatever is being warmed has to stop."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._young = 0
        self._for_quiet: set[asyncio.Future[None]] = set()
        self._is_warming = False
        self._line: deque[asyncio.Future[None]] = deque()

    @contextmanager
    def reply(self) -> Iterator[YoungReply]:
        """A reply from the moment that it is begun."""
        self._young += 1
        self._interrupt()
        reply = YoungReply(self._grow_up)
        try:
            yield reply
        finally:
            reply.grow_up()

    @asynccontextmanager
    async def warming(self) -> AsyncIterator[None]:
        """The turn of one prompt to be warmed, in the order of asking. Cancelling leaves the line."""
        if self._is_warming:
            await self._stand_in_line()
        self._is_warming = True
        try:
            yield
        finally:
            self._call_next()

    async def quiet(self) -> None:
        """Wait until no reply is young."""
        while self._young:
            quiet: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._for_quiet.add(quiet)
            try:
                await quiet
            finally:
                self._for_quiet.discard(quiet)

    async def _stand_in_line(self) -> None:
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._call_next()
            raise

    def _call_next(self) -> None:
        while self._line:
            called = self._line.popleft()
            if not called.done():
                called.set_result(None)
                return
        self._is_warming = False

    def _grow_up(self) -> None:
        self._young -= 1
        if self._young == 0:
            for quiet in self._for_quiet:
                if not quiet.done():
                    quiet.set_result(None)
