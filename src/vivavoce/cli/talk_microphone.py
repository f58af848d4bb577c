"""Calls by voice: the microphone and the loudspeaker of this machine, through the optional package `miniaudio`.

Audio devices call back on threads of their own; everything that crosses goes through `PlaybackQueue` (a lock) or
`call_soon_threadsafe` into a bounded queue. Devices are opened for one call and closed with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from threading import Lock
from typing import Any, Protocol

from vivavoce.cli.talk_call import Call, TalkError
from vivavoce.cli.talk_listening import BYTES_PER_SAMPLE, VOICE_RATE_HZ
from vivavoce.cli.talk_speaker import Cut

try:
    import miniaudio
except ImportError:
    miniaudio = None

PERIOD_MS = 20
CAPTURED_PIECES_MAXIMUM = 50
"""A second of sound that waits to be sent; when the network is slower than that, the oldest is dropped."""

PLAYBACK_LATENCY_MS = 3 * PERIOD_MS
"""What the device has taken but not yet played: about three periods."""

_NO_REAL_DEVICE = "Discard all samples"


class AudioDeviceError(TalkError):
    """The microphone or the loudspeaker is there but cannot be used."""


class AudioDevices(Protocol):
    """A microphone and a loudspeaker, 24 kHz mono 16-bit PCM."""

    def open(self, on_captured: Callable[[bytes], None], pull: Callable[[int], bytes]) -> AbstractContextManager[None]:
        """Both run until the block ends. `pull(n)` must give n samples at once. Both are called on other threads."""
        ...


class PlaybackQueue:
    """The agent's voice on its way to the loudspeaker. Filled on the event loop, emptied on the device's thread."""

    def __init__(self, *, keep_recording: bool) -> None:
        self._lock = Lock()
        self._queued: deque[tuple[str, bytes]] = deque()
        self._playing: str | None = None
        self._played_bytes = 0
        self._recording = bytearray() if keep_recording else None

    def play(self, item_id: str, audio: bytes, now: float) -> None:  # noqa: ARG002
        with self._lock:
            self._queued.append((item_id, audio))

    def is_silent(self, now: float) -> bool:  # noqa: ARG002
        with self._lock:
            return not self._queued

    def cut_off(self, now: float) -> Cut | None:  # noqa: ARG002
        """Drop what is queued; None if nothing was."""
        with self._lock:
            if not self._queued:
                return None
            item_id = self._queued[0][0]
            played_bytes = self._played_bytes if item_id == self._playing else 0
            self._queued.clear()
        played_ms = played_bytes * 1000 // (BYTES_PER_SAMPLE * VOICE_RATE_HZ)
        return Cut(item_id, max(0, played_ms - PLAYBACK_LATENCY_MS))

    def pull(self, sample_count: int) -> bytes:
        """The next samples to play, filled up with silence."""
        wanted = sample_count * BYTES_PER_SAMPLE
        piece = bytearray()
        with self._lock:
            while self._queued and len(piece) < wanted:
                item_id, audio = self._queued.popleft()
                taken = audio[: wanted - len(piece)]
                if len(taken) < len(audio):
                    self._queued.appendleft((item_id, audio[len(taken) :]))
                if item_id != self._playing:
                    self._playing, self._played_bytes = item_id, 0
                self._played_bytes += len(taken)
                piece += taken
            if self._recording is not None:
                self._recording += piece
        return bytes(piece.ljust(wanted, b"\0"))

    def recording(self) -> bytes:
        """What was played, without the waits."""
        with self._lock:
            return bytes(self._recording or b"")


class SpeakingCaller:
    """A person at the microphone. Serves one call, as its driver; never hangs up by itself."""

    def __init__(self, devices: AudioDevices, playback: PlaybackQueue) -> None:
        self._devices = devices
        self._playback = playback

    async def __call__(self, call: Call) -> None:
        loop = asyncio.get_running_loop()
        captured: asyncio.Queue[bytes] = asyncio.Queue(CAPTURED_PIECES_MAXIMUM)

        def keep(piece: bytes) -> None:
            if captured.full():
                captured.get_nowait()
            captured.put_nowait(piece)

        with self._devices.open(lambda piece: _hand_over(loop, keep, piece), self._playback.pull):
            while True:
                await call.client.append_audio(await captured.get())


def _hand_over(loop: asyncio.AbstractEventLoop, keep: Callable[[bytes], None], piece: bytes) -> None:
    loop.call_soon_threadsafe(keep, piece)


class MiniaudioDevices:
    """The system's default microphone and loudspeaker."""

    @contextmanager
    def open(self, on_captured: Callable[[bytes], None], pull: Callable[[int], bytes]) -> Generator[None]:
        shape = {"nchannels": 1, "sample_rate": VOICE_RATE_HZ, "buffersize_msec": PERIOD_MS}
        with ExitStack() as opened:
            try:
                signed16 = miniaudio.SampleFormat.SIGNED16
                loudspeaker = opened.enter_context(closing(miniaudio.PlaybackDevice(output_format=signed16, **shape)))
                microphone = opened.enter_context(closing(miniaudio.CaptureDevice(input_format=signed16, **shape)))
                loudspeaker.start(_primed(_feed(pull)))
                microphone.start(_primed(_drain(on_captured)))
            except miniaudio.MiniaudioError as error:
                raise AudioDeviceError(
                    f"the microphone or the loudspeaker cannot be opened ({error}): "
                    "close the program that holds it, or type instead with --text"
                ) from error
            yield


def find_devices() -> AudioDevices | None:
    """The devices of this machine, or None without `miniaudio`, without a microphone or without a loudspeaker."""
    if miniaudio is None:
        return None
    try:
        found = miniaudio.Devices()
        present = all(_is_real(devices) for devices in (found.get_captures(), found.get_playbacks()))
    except miniaudio.MiniaudioError:
        return None
    return MiniaudioDevices() if present else None


def _is_real(devices: list[dict[str, Any]]) -> bool:
    return any(not device["name"].startswith(_NO_REAL_DEVICE) for device in devices)


def _feed(pull: Callable[[int], bytes]) -> Generator[bytes, int]:
    wanted_samples = yield b""
    while True:
        wanted_samples = yield pull(wanted_samples)


def _drain(on_captured: Callable[[bytes], None]) -> Generator[None, bytearray]:
    while True:
        on_captured(bytes((yield)))


def _primed(generator: Generator[Any, Any]) -> Generator[Any, Any]:
    next(generator)
    return generator
