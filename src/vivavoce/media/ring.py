"""The last seconds of a stream, addressed by absolute sample count. Owned by the call that hears the stream."""

from __future__ import annotations

import numpy as np

from vivavoce.media.pcm import Samples


class AudioRing:
    """Keeps the newest `capacity_samples` of a stream in one buffer that is never reallocated.

    Samples are numbered from 0 since the stream began, so a boundary in audio time finds its audio here.
    """

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples <= 0:
            raise ValueError(f"a ring holds at least one sample, got {capacity_samples}")
        self._buffer = np.zeros(capacity_samples, dtype=np.float32)
        self._end_sample = 0

    @property
    def end_sample(self) -> int:
        """How many samples were appended since the stream began."""
        return self._end_sample

    @property
    def start_sample(self) -> int:
        """The oldest sample still held."""
        return max(0, self._end_sample - self._buffer.size)

    def append(self, samples: Samples) -> None:
        """Append (n,) samples; the oldest fall out."""
        capacity = self._buffer.size
        at = self._end_sample % capacity
        if at + samples.size <= capacity:  # nearly always
            self._buffer[at : at + samples.size] = samples
            self._end_sample += samples.size
            return
        kept = samples[-capacity:]
        at = (self._end_sample + samples.size - kept.size) % capacity
        first = min(kept.size, capacity - at)
        self._buffer[at : at + first] = kept[:first]
        self._buffer[: kept.size - first] = kept[first:]
        self._end_sample += samples.size

    def slice(self, from_sample: int, to_sample: int) -> Samples:
        """A copy of samples `from_sample` (inclusive) to `to_sample` (exclusive), less what fell out or never came."""
        begin = max(from_sample, self.start_sample)
        length = min(to_sample, self._end_sample) - begin
        if length <= 0:
            return np.zeros(0, dtype=np.float32)
        at = begin % self._buffer.size
        first = self._buffer[at : at + length]
        return np.concatenate([first, self._buffer[: length - first.size]])

    def tail(self, count: int) -> Samples:
        """A copy of the newest `count` samples, or of all that are held when they are fewer."""
        return self.slice(self._end_sample - count, self._end_sample)
