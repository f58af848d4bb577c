"""What a client sends one call, in order: audio in slices, and the steps that come after it, in a bounded queue.

Owned by the call's hearing, which takes from it; dies with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vivavoce.engines.ports import HEARING_RATE_HZ, VAD_WINDOW_SAMPLES
from vivavoce.media.formats import AudioFormat

SLICE_MS = 100
"""A larger append is taken in pieces of this length, so that one client cannot hold the event loop."""

WINDOW_MS = VAD_WINDOW_SAMPLES * 1000 / HEARING_RATE_HZ
RESAMPLING_MS = 2.0
"""How far the resampler may be behind its input, at most."""

QUEUED_SLICES = 64
"""Slices that may wait; the next one makes its sender wait, and so the client's socket."""

Step = Callable[[], None]


class Intake:
    """Audio that completes no window changes nothing yet: it is held until some more does, or a step comes."""

    def __init__(self, input_format: AudioFormat) -> None:
        self._queue: asyncio.Queue[bytes | Step] = asyncio.Queue(QUEUED_SLICES)
        self._senders_waiting = 0
        self._held: list[bytes] = []
        self._received_ms = 0.0
        self._windows_received = 0
        self.set_up(input_format)

    def set_up(self, input_format: AudioFormat) -> None:
        """Measure audio in this format from here on."""
        self._bytes_per_ms = input_format.bytes_per_ms
        self._slice_bytes = round(self._bytes_per_ms * SLICE_MS)

    def take(self, audio: bytes) -> bool:
        """Take audio in at once. False where `receive` would have to wait or to cut it: nothing has been taken."""
        if len(audio) > self._slice_bytes or self._senders_waiting or self._queue.full():
            return False
        if self._completes_window(audio):
            self._queue.put_nowait(self._release())
        return True

    async def receive(self, audio: bytes) -> None:
        """Take audio in; waits while more is queued than can be heard in time."""
        step = self._slice_bytes
        for start in range(0, len(audio), step):
            if self._completes_window(audio[start : start + step]):
                await self._put(self._release())

    async def after_audio(self, step: Step) -> None:
        """Queue a step behind all audio received so far."""
        if self._held:
            await self._put(self._release())
        await self._put(step)

    async def next(self) -> bytes | Step:
        """What comes next; waits for it."""
        return await self._queue.get()

    def _completes_window(self, piece: bytes) -> bool:
        self._held.append(piece)
        self._received_ms += len(piece) / self._bytes_per_ms
        windows = int((self._received_ms - RESAMPLING_MS) / WINDOW_MS)
        if windows <= self._windows_received:
            return False
        self._windows_received = windows
        return True

    def _release(self) -> bytes:
        held, self._held = self._held, []
        return held[0] if len(held) == 1 else b"".join(held)

    async def _put(self, what: bytes | Step) -> None:
        self._senders_waiting += 1
        try:
            await self._queue.put(what)
        finally:
            self._senders_waiting -= 1
