"""The recording of a call: what the caller said and what the caller was played, to a file, while the call lasts.

The call hands sound over at once and never waits; a thread places it on the tape, encodes it and appends it to the
file, half a second behind. A disk that fails or cannot keep up ends the recording, not the call. Owned by whoever
plans the call: it is made before the call begins, and `finish` ends it when the call is over.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from vivavoce.engines.ports import VOICE_RATE_HZ, Samples
from vivavoce.media.stereo_encoding import RecordingFormat, StereoEncoder, open_stereo_encoder
from vivavoce.media.stereo_tape import Place, Stereo, StereoTape

RECORDING_RATE_HZ = VOICE_RATE_HZ
"""That of the agent's voice, so that only the caller's sound is converted."""

WRITE_EVERY_SECONDS = 0.5
WAITING_BYTES_MAXIMUM = 16 * 1024 * 1024
"""Sound that may wait for the writer, a minute and a half of both sides; more and the recording has failed."""

WAKING_BYTES = 1024 * 1024
"""So much is written at once, without waiting for the next time."""

TOO_SLOW = "the storage is too slow to keep up with the call"
NOT_PLACED = "the call ended before its recording began"

Note = Callable[[StereoTape], None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a recording. `failure`: why there is none; then nothing of it is kept."""

    size_bytes: int
    duration_ms: int
    places: tuple[Place, ...] = ()
    failure: str | None = None


class Recording:
    """Writes one call to `path`, which nobody else writes to. None: to where `place` says, and nothing until then.

    `run` starts its clock and writes behind; it begins and ends with the call. `finish` may be called without it.
    `written_bytes` are in the file and stay as they are, but for a header that is set right at the end.
    """

    def __init__(self, path: Path | None, recording_format: RecordingFormat) -> None:
        self._path = path
        self._format: RecordingFormat = recording_format
        self._tape = StereoTape(RECORDING_RATE_HZ)
        self._notes: deque[Note] = deque()
        self._waiting_bytes = 0
        self._began_at: float | None = None
        self._wake = asyncio.Event()
        self._writing = threading.Lock()
        self._encoder: StereoEncoder | None = None
        self._file: FileIO | None = None
        self._recorded: Recorded | None = None
        self.failure: str | None = None
        self.written_bytes = 0

    @property
    def path(self) -> Path:
        """Where it is written; asked for when there is a place."""
        assert self._path is not None, "the recording has no place yet"
        return self._path

    def place(self, path: Path) -> None:
        """Write there. Once, and only for a recording without a path."""
        self._path = path

    def give_up(self, why: str) -> None:
        """Write nothing, or nothing more: the recording has failed. The call goes on."""
        self._fail(why)

    # --- from the call ----------------------------------------------------------------------------------------------

    def hear(self, samples: Samples, rate_hz: int, now: float) -> None:
        """The caller's next (n,) samples, which have arrived by now (loop seconds)."""
        arrived_at = self._on_tape(now)
        self._note(lambda tape: tape.hear(arrived_at, samples, rate_hz), samples.nbytes)

    def say(self, samples: Samples, begins_at: float) -> None:
        """The agent's next (n,) samples, as loud as they are sent; the caller begins to hear them then."""
        begins = self._on_tape(begins_at)
        self._note(lambda tape: tape.say(begins, samples), samples.nbytes)

    def silence_agent(self, now: float) -> None:
        """What was sent and not played by now was thrown away."""
        at = self._on_tape(now)
        self._note(lambda tape: tape.silence_agent(at), 0)

    async def run(self) -> None:
        """Write behind, until cancelled."""
        clock = asyncio.get_running_loop()
        self._on_tape(clock.time())
        while self.failure is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_EVERY_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await asyncio.to_thread(self._write_behind, self._on_tape(clock.time()))

    async def finish(self) -> Recorded:
        """The call is over: write what is left. Again, it tells the same again."""
        now = self._on_tape(asyncio.get_running_loop().time())
        return await asyncio.to_thread(self._finish, now)

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _write_behind(self, now: float) -> None:
        with self._writing:
            if self.failure is None and self._recorded is None and self._path is not None:
                self._attempt(lambda encoder: map(encoder.push, self._played_back(now)))

    def _finish(self, now: float) -> Recorded:
        with self._writing:  # a thread that outlived its task may still write
            if self._recorded is None:
                if self._path is None and self.failure is None:
                    self._fail(NOT_PLACED)
                if self.failure is None:
                    self._attempt(lambda encoder: map(encoder.push, self._played_back(now, to_the_end=True)))
                if self.failure is None:
                    self._attempt(lambda encoder: [encoder.finish()])
                self._recorded = self._outcome()
            return self._recorded

    def _played_back(self, now: float, *, to_the_end: bool = False) -> Iterator[Stereo]:
        for _ in range(len(self._notes)):
            self._notes.popleft()(self._tape)
        self._waiting_bytes = 0
        return self._tape.finish(now) if to_the_end else self._tape.take(now)

    def _attempt(self, encode: Callable[[StereoEncoder], Iterable[bytes]]) -> None:
        try:
            if self._encoder is None:
                self._encoder = open_stereo_encoder(self._format, RECORDING_RATE_HZ)
            for data in encode(self._encoder):
                if data:
                    _write_whole(self._opened(), data)
                    self.written_bytes += len(data)
        except OSError as error:
            self._fail(error.strerror or "the storage failed")

    def _opened(self) -> FileIO:
        if self._file is None:
            assert self._path is not None, "nothing is written before there is a place"
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            # without a buffer, so that closing has nothing left to fail at
            self._file = FileIO(descriptor, "wb")
        return self._file

    def _outcome(self) -> Recorded:
        try:
            if self.failure is None and self._encoder is not None:
                file = self._opened()
                size = file.tell()
                if header := self._encoder.header():
                    file.seek(0)
                    _write_whole(file, header)
                os.fsync(file.fileno())
                file.close()
                duration_ms = self._tape.taken_samples * 1000 // RECORDING_RATE_HZ
                return Recorded(size, duration_ms, self._tape.places)
        except OSError as error:
            self._fail(error.strerror or "the storage failed")
        self._abandon()
        return Recorded(0, 0, (), self.failure)

    def _abandon(self) -> None:
        """Half a recording would outlive its owner's knowledge of it; and a full disk needs the room."""
        try:
            if self._encoder is not None:
                self._encoder.close()
            if self._file is not None:
                self._file.close()
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self.failure = f"{self.failure}; {error.strerror}"

    # --- inside -----------------------------------------------------------------------------------------------------

    def _note(self, note: Note, size_bytes: int) -> None:
        if self.failure is not None:
            return
        self._waiting_bytes += size_bytes
        if self._waiting_bytes > WAITING_BYTES_MAXIMUM:
            self._fail(TOO_SLOW)
            return
        if self._waiting_bytes > WAKING_BYTES:
            self._wake.set()
        self._notes.append(note)

    def _fail(self, why: str) -> None:
        self.failure = why

    def _on_tape(self, at: float) -> float:
        if self._began_at is None:
            self._began_at = at
        return at - self._began_at


def _write_whole(file: FileIO, data: bytes) -> None:
    """All of it: what has no buffer may write less. Raises `OSError`."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
