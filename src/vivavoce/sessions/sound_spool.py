"""Sound of one call on disk, so that it takes no memory: a ring in one anonymous temporary file.

The file has no name and is open to nobody else (`O_TMPFILE` where the system has it); it is made at the first write and
is gone with `close`, or with the process. Owned by the call's `ItemAudio`; the methods block and belong on other
threads than the event loop's.
"""

from __future__ import annotations

import errno
import os
import tempfile
from threading import Lock
from typing import IO

import numpy as np
from numpy.typing import NDArray

SAMPLE_BYTES = 2


class SoundSpool:
    """`capacity_samples` 16-bit samples, addressed by how many were written before them since the call began."""

    def __init__(self, capacity_samples: int) -> None:
        self._capacity_bytes = capacity_samples * SAMPLE_BYTES
        self._lock = Lock()
        self._file: IO[bytes] | None = None
        self._closed = False

    def write(self, at_sample: int, sound: NDArray[np.int16]) -> None:
        """Put (n,) samples, at most the capacity, over the oldest. Raises OSError."""
        data = np.ascontiguousarray(sound).data.cast("B")
        with self._lock:
            descriptor = self._descriptor()
            for offset, begin, end in self._runs(at_sample, len(sound)):
                while begin < end:
                    written = os.pwrite(descriptor, data[begin:end], offset)
                    offset, begin = offset + written, begin + written

    def read(self, at_sample: int, length: int) -> NDArray[np.int16]:
        """`length` samples that were written. Raises OSError."""
        data = bytearray(length * SAMPLE_BYTES)
        with self._lock:
            descriptor = self._descriptor()
            for offset, begin, end in self._runs(at_sample, length):
                data[begin:end] = found = os.pread(descriptor, end - begin, offset)
                if len(found) < end - begin:
                    raise OSError(
                        errno.EIO, "the temporary file with the call's sound is shorter than what was written"
                    )
        return np.frombuffer(data, dtype=np.int16)

    def close(self) -> None:
        """The sound is gone; whoever still wants to write or read gets an OSError."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()
                self._file = None

    def _descriptor(self) -> int:
        if self._closed:
            raise OSError(errno.EBADF, "the call has ended")
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` ends it
        return self._file.fileno()

    def _runs(self, at_sample: int, length: int) -> list[tuple[int, int, int]]:
        """Where in the file the bytes `begin` to `end` of the sound lie: (offset, begin, end), two where it wraps."""
        offset, size = at_sample * SAMPLE_BYTES % self._capacity_bytes, length * SAMPLE_BYTES
        until_wrap = min(size, self._capacity_bytes - offset)
        return [(offset, 0, until_wrap), (0, until_wrap, size)]
