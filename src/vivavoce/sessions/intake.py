"""What a client sends one call, in order: audio in slices, and the steps that come after it, in a bounded queue.

Owned by the call's hearing, which takes from it; dies with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vivavoce.engines.ports import HEARING_RATE_HZ, VAD_WINDOW_SAMPLES
from vivavoce.media.formats import AudioFormat
from vivavoce.media.wire_formats import WireFormat

SLICE_MS = 100
"""A larger append is taken in pieces of this length, so that one client cannot hold the event loop."""

WINDOW_MS = VAD_WINDOW_SAMPLES * 1000 / HEARING_RATE_HZ
RESAMPLING_MS = 2.0
"""How far the resampler may be behind its input, at most."""

QUEUED_SLICES = 64
"""Slices that may wait; the next one makes its sender wait, and so the client's socket."""

Step = Callable[[], None]


class Intake:
    """Audio that completes no window changes nothing yet: it is held until some more does, or a step comes.

    Unless `eager`: then it comes out as it comes in.
    """

    def __init__(self, input_format: WireFormat) -> None:
        self.eager = False
        self._queue: asyncio.Queue[list[bytes] | Step] = asyncio.Queue(QUEUED_SLICES)
        self._senders_waiting = 0
        self._held: list[bytes] = []
        self._received_ms = 0.0
        self._windows_received = 0
        self._follow(input_format)

    async def set_up(self, input_format: WireFormat, step: Step) -> None:
        """Cut and measure audio as this format from here on; queue a step behind all audio before."""
        await self.after_audio(step)
        self._follow(input_format)

    def take(self, audio: bytes) -> bool:
        """Take audio in at once. False where `receive` would have to wait or to cut it: nothing has been taken."""
        if self._senders_waiting or self._queue.full() or not self._is_one_piece(audio):
            return False
        if self._completes_window(audio):
            self._queue.put_nowait(self._release())
        return True

    async def receive(self, audio: bytes) -> None:
        """Take audio in; waits while more is queued than can be heard in time."""
        for piece in self._format.pieces(audio, SLICE_MS):
            if self._completes_window(piece):
                await self._put(self._release())

    async def after_audio(self, step: Step) -> None:
        """Queue a step behind all audio received so far."""
        if self._held:
            await self._put(self._release())
        await self._put(step)

    async def next(self) -> list[bytes] | Step:
        """What comes next, audio as pieces of the stream; waits for it."""
        return await self._queue.get()

    def _follow(self, input_format: WireFormat) -> None:
        self._format = input_format
        self._behind_ms = 0.0 if input_format.rate_hz == HEARING_RATE_HZ else RESAMPLING_MS
        # the length of most formats is that of their bytes, and is asked fifty times a second
        self._bytes_per_ms = input_format.bytes_per_ms if isinstance(input_format, AudioFormat) else None

    def _is_one_piece(self, audio: bytes) -> bool:
        if self._bytes_per_ms is not None:
            return len(audio) <= self._bytes_per_ms * SLICE_MS
        return len(self._format.pieces(audio, SLICE_MS)) == 1

    def _completes_window(self, piece: bytes) -> bool:
        self._held.append(piece)
        bytes_per_ms = self._bytes_per_ms
        self._received_ms += self._format.length_ms(piece) if bytes_per_ms is None else len(piece) / bytes_per_ms
        windows = int((self._received_ms - self._behind_ms) / WINDOW_MS)
        if windows <= self._windows_received:
            return self.eager
        self._windows_received = windows
        return True

    def _release(self) -> list[bytes]:
        held, self._held = self._held, []
        return held

    async def _put(self, what: list[bytes] | Step) -> None:
        self._senders_waiting += 1
        try:
            await self._queue.put(what)
        finally:
            self._senders_waiting -= 1
