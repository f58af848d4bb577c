"""The newest audio of a stream, addressed by absolute sample count. Owned by the call that hears the stream."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.pcm import Samples, quantize_to_int16, samples_from_int16


class RecentAudio:
    """Keeps the newest `kept_samples` of a stream, and more while `hold` asks for it: `longest_samples` at most.

    Samples are numbered from 0 since the stream began, so a boundary in audio time finds its audio here. They are kept
    as 16-bit integers, in the pieces in which they came: a few more than asked for, as pieces fall out whole.
    """

    def __init__(self, kept_samples: int, longest_samples: int) -> None:
        if not 0 < kept_samples <= longest_samples:
            raise ValueError(f"at least one sample is kept and at most the longest, not {kept_samples}")
        self._kept_samples = kept_samples
        self._longest_samples = longest_samples
        self._pieces: deque[NDArray[np.int16]] = deque()
        self._start_sample = 0
        self._end_sample = 0
        self._held_from: int | None = None

    @property
    def end_sample(self) -> int:
        """How many samples were appended since the stream began."""
        return self._end_sample

    @property
    def start_sample(self) -> int:
        """The oldest sample still there."""
        return self._start_sample

    def keep(self, kept_samples: int) -> None:
        """Another length from the next append on."""
        self._kept_samples = min(kept_samples, self._longest_samples)

    def hold(self, from_sample: int | None) -> None:
        """Let nothing fall out from this sample on, as far as the longest allows. None: no more than is always kept."""
        self._held_from = from_sample
        self._drop()

    def append(self, samples: Samples) -> None:
        """Append (n,) samples; the oldest fall out."""
        if not samples.size:
            return
        self._pieces.append(quantize_to_int16(samples))
        self._end_sample += samples.size
        self._drop()

    def slice(self, from_sample: int, to_sample: int) -> Samples:
        """A copy of samples `from_sample` (inclusive) to `to_sample` (exclusive), less what fell out or never came."""
        return samples_from_int16(self.quantized(from_sample, to_sample))

    def quantized(self, from_sample: int, to_sample: int) -> NDArray[np.int16]:
        """The same as the 16-bit integers that are kept."""
        found = [np.zeros(0, dtype=np.int16)]
        at = self._start_sample
        for piece in self._pieces:
            if at + piece.size > from_sample and at < to_sample:
                found.append(piece[max(0, from_sample - at) : to_sample - at])
            at += piece.size
        return np.concatenate(found)

    def _drop(self) -> None:
        wanted = self._end_sample - self._kept_samples
        if self._held_from is not None:
            wanted = max(min(wanted, self._held_from), self._end_sample - self._longest_samples)
        while self._pieces and self._start_sample + self._pieces[0].size <= wanted:
            self._start_sample += self._pieces.popleft().size
