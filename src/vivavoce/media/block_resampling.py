"""Sample rate conversion between rates of whole 500 Hz: a windowed sinc as one small matrix product for every push.

An output sample is a weighted sum of the inputs around it, and the weights repeat every 2 ms. So 2 ms of output are
2 ms of input, with what stands before and behind, times a fixed matrix (a polyphase filter, written as a block Toeplitz
matrix). Several times quicker than a general converter for the frames of a call; the filter has 64 zero crossings under
a Kaiser window (beta 9, some 90 dB) and passes what is below 83 % of the lower Nyquist frequency.

One resampler belongs to one direction of one call and dies with it; the matrices live as long as the process.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from vivavoce.media.pcm import Samples

BLOCKS_A_SECOND = 500
ZERO_CROSSINGS = 32
"""On each side of a sample, at the lower of the two rates."""

CUTOFF = 0.92
_KAISER_BETA = 9.0
_BLOCKS_AT_ONCE = 1024
"""A longer recording is converted in pieces, or its windows would take many times its memory."""


def converts(from_hz: int, to_hz: int) -> bool:
    """True for rates that 2 ms hold a whole number of samples of."""
    return from_hz % BLOCKS_A_SECOND == 0 and to_hz % BLOCKS_A_SECOND == 0


class BlockResampler:
    """Converts a mono stream piece by piece; holds back at most 5 ms, which it needs to see first."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._step = from_hz // BLOCKS_A_SECOND
        self._weights = _weights(from_hz, to_hz)
        self._reach = (self._weights.shape[0] - self._step) // 2
        self._held = np.zeros(self._reach, dtype=np.float32)

    def push(self, samples: Samples) -> Samples:
        """Take (n,) samples; give those that are ready, in whole blocks."""
        heard = np.concatenate((self._held, samples), dtype=np.float32)
        blocks = (heard.size - 2 * self._reach) // self._step
        if blocks <= 0:
            self._held = heard
            return np.zeros(0, dtype=np.float32)
        self._held = heard[blocks * self._step :].copy()
        if blocks <= _BLOCKS_AT_ONCE:
            return self._convert(heard, 0, blocks)
        starts = range(0, blocks, _BLOCKS_AT_ONCE)
        return np.concatenate([self._convert(heard, at, min(_BLOCKS_AT_ONCE, blocks - at)) for at in starts])

    def flush(self) -> Samples:
        """What is still held, with silence behind it; the next `push` begins a new stream."""
        tail = self.push(np.zeros(self._reach + self._step, dtype=np.float32))
        self._held = np.zeros(self._reach, dtype=np.float32)
        return tail

    def _convert(self, heard: Samples, first: int, blocks: int) -> Samples:
        width, size = self._weights.shape[0], heard.itemsize
        at, steps = first * self._step * size, (self._step * size, size)
        overlapping: Samples = np.ndarray((blocks, width), np.float32, heard.data, at, steps)
        # copied, because overlapping rows would keep the product from the quick routine
        converted: Samples = np.dot(overlapping.copy(), self._weights).reshape(-1)
        return converted


@cache
def _weights(from_hz: int, to_hz: int) -> Samples:
    """Shape (inputs of a block and its surroundings, outputs of a block)."""
    narrower = min(1.0, to_hz / from_hz)
    reach = round(ZERO_CROSSINGS / narrower)
    step = from_hz // BLOCKS_A_SECOND
    out_at = np.arange(to_hz // BLOCKS_A_SECOND) * (from_hz / to_hz)
    in_at = np.arange(-reach, step + reach)
    distance = out_at[None, :] - in_at[:, None]
    inside = np.clip(1.0 - (distance / reach) ** 2, 0.0, None)
    window = np.where(np.abs(distance) <= reach, np.i0(_KAISER_BETA * np.sqrt(inside)), 0.0)
    weights = np.sinc(CUTOFF * narrower * distance) * window
    normal: Samples = (weights / weights.sum(axis=0)).astype(np.float32)
    return normal
