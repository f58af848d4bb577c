"""Sound that was written for certain times, read by time: silence where nothing was written. Owned by one call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vivavoce.media.pcm import Samples


class SoundTimeline:
    """The newest `capacity_samples` before the latest sound written. Samples are numbered by time, from any zero."""

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples <= 0:
            raise ValueError(f"a timeline holds at least one sample, got {capacity_samples}")
        self._ring = np.zeros(capacity_samples, dtype=np.float32)
        self._end = 0

    def write(self, samples: Samples, at_sample: int) -> None:
        """Put (n,) samples at their time, over what was there. What is older than the timeline holds is dropped."""
        if not samples.size:
            return
        end = max(self._end, at_sample + samples.size)
        for place, _ in self._places(max(self._end, end - self._ring.size), end):
            self._ring[place] = 0.0
        self._end = end
        begin = max(at_sample, end - self._ring.size)
        for place, done in self._places(begin, at_sample + samples.size):
            taken = samples[begin - at_sample + done :]
            self._ring[place] = taken[: place.stop - place.start]

    def silence(self, from_sample: int) -> None:
        """Nothing sounds from this sample on."""
        for place, _ in self._places(max(from_sample, self._end - self._ring.size), self._end):
            self._ring[place] = 0.0
        self._end = min(self._end, from_sample)

    def read(self, at_sample: int, count: int) -> Samples:
        """A copy of `count` samples from `at_sample` on."""
        found = np.zeros(count, dtype=np.float32)
        begin = max(at_sample, self._end - self._ring.size)
        for place, done in self._places(begin, min(at_sample + count, self._end)):
            at = begin - at_sample + done
            found[at : at + place.stop - place.start] = self._ring[place]
        return found

    def _places(self, begin: int, end: int) -> Iterator[tuple[slice, int]]:
        """Where samples `begin` to `end` (exclusive) lie in the ring, and how many of them lie before each place."""
        done = 0
        while begin + done < end:
            at = (begin + done) % self._ring.size
            length = min(end - begin - done, self._ring.size - at)
            yield slice(at, at + length), done
            done += length
