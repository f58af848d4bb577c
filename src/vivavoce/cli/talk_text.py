"""Calls by keyboard: every line that is typed, or piped in, is a message; the answers are written, not spoken."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from typing import TextIO

from vivavoce.cli.talk_call import Call, Patience
from vivavoce.cli.talk_happenings import CallerHeard

_CHUNK_BYTES = 65_536


class TypedLines:
    """The lines of a terminal, a pipe or a file, without blocking the event loop and without a thread to leave behind.

    Does not own the stream: it stays open.
    """

    def __init__(self, stream: TextIO) -> None:
        self._left = b""
        self._ended = False
        try:
            self._file: int | None = stream.fileno()
        except io.UnsupportedOperation:
            self._file, self._ended = None, True
            self._left = stream.read().encode()

    async def next(self) -> str | None:
        """The next line without its end, or None behind the last."""
        while b"\n" not in self._left and not self._ended:
            chunk = await self._chunk()
            self._left += chunk
            self._ended = not chunk
        if not self._left:
            return None
        line, _, self._left = self._left.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    async def _chunk(self) -> bytes:
        assert self._file is not None
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_reader(self._file, _tell, readable)
        except PermissionError:
            # An ordinary file cannot be waited for, and need not be: it never keeps its reader waiting.
            return os.read(self._file, _CHUNK_BYTES)
        try:
            await readable
        finally:
            loop.remove_reader(self._file)
        return os.read(self._file, _CHUNK_BYTES)


def _tell(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


class TypingCaller:
    """A caller who types. Serves one call, as its driver. `prompt`, if given, is called before every line is read."""

    def __init__(self, lines: TypedLines, patience: Patience, prompt: Callable[[], None] | None) -> None:
        self._lines = lines
        self._patience = patience
        self._prompt = prompt

    async def __call__(self, call: Call) -> None:
        """Send line after line, each when the answer to the one before is over. Raises `NoAnswerError`."""
        await self._hear_greeting(call)
        while (line := await self._next_line()) is not None:
            if not line.strip():
                continue
            if self._prompt is None:
                call.report(CallerHeard("", line, final=True))
            await call.client.create_message(line)
            await call.ask_for_answer()
            await self._until_answered(call)

    async def _hear_greeting(self, call: Call) -> None:
        try:
            async with asyncio.timeout(self._patience.greeting_seconds):
                await call.until(lambda: call.listener.answers_begun > 0, self._patience.answer_seconds, "no greeting")
        except TimeoutError:
            return
        await self._until_answered(call)

    async def _next_line(self) -> str | None:
        if self._prompt is not None:
            self._prompt()
        return await self._lines.next()

    async def _until_answered(self, call: Call) -> None:
        seconds = self._patience.answer_seconds
        await call.until(lambda: call.listener.server_owes_nothing, seconds, "the agent did not finish its answer")
