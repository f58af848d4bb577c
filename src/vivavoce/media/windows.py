"""Cuts a stream of audio pieces of any size into windows of one size. Owned by whoever reads the stream."""

from __future__ import annotations

import numpy as np

from vivavoce.media.pcm import Samples


class Windows:
    """Re-chunks pushes into exact windows of `size` samples, in order, nothing lost and nothing twice."""

    def __init__(self, size: int) -> None:
        if size <= 0:
            raise ValueError(f"a window has at least one sample, got {size}")
        self._size = size
        self._begun = np.zeros(size, dtype=np.float32)
        self._begun_samples = 0

    @property
    def pending_samples(self) -> int:
        """How many samples wait for their window to fill."""
        return self._begun_samples

    def push(self, samples: Samples) -> list[Samples]:
        """Append (n,) samples; give the windows that are now full, each its own (size,) array."""
        full: list[Samples] = []
        taken = 0
        while taken < samples.size:
            piece = samples[taken : taken + self._size - self._begun_samples]
            self._begun[self._begun_samples : self._begun_samples + piece.size] = piece
            self._begun_samples += piece.size
            taken += piece.size
            if self._begun_samples == self._size:
                full.append(self._begun.copy())
                self._begun_samples = 0
        return full

    def clear(self) -> None:
        """Forget the samples of the window that is not full yet."""
        self._begun_samples = 0
