"""Sample rate conversion, band-limited: in blocks between the rates of calls, else by libsamplerate's sinc filter.

One `StreamResampler` belongs to one direction of one call and dies with it.
"""

from __future__ import annotations

import math

import numpy as np
import samplerate

from vivavoce.media.block_resampling import BlockResampler, converts
from vivavoce.media.pcm import Samples

_CONVERTER = "sinc_fastest"
_FLUSH_SECONDS = 0.05


class StreamResampler:
    """Converts a mono stream piece by piece; the pieces out join without seams, whatever the sizes of the pieces in.

    The filter holds back 1-5 ms (it needs the samples to come); `flush` gives them at the end of the stream.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"sample rates are above 0 Hz, got {from_hz} and {to_hz}")
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._blocks = BlockResampler(from_hz, to_hz) if from_hz != to_hz and converts(from_hz, to_hz) else None
        general = from_hz != to_hz and self._blocks is None
        self._resampler = samplerate.Resampler(_CONVERTER, channels=1) if general else None
        self._pushed_samples = 0
        self._produced_samples = 0

    def push(self, samples: Samples) -> Samples:
        """Take (n,) samples at `from_hz`; give about n * to_hz / from_hz samples at `to_hz` that are ready."""
        if not samples.size:
            return samples
        converted: Samples
        if self._blocks is not None:
            converted = self._blocks.push(samples)
        elif self._resampler is not None:
            converted = self._resampler.process(samples, self._to_hz / self._from_hz, end_of_input=False)
        else:
            return samples
        self._pushed_samples += samples.size
        self._produced_samples += converted.size
        return converted

    def flush(self) -> Samples:
        """Give what the filter still holds; the whole stream then has the length that the rates promise.

        The stream has ended: the next `push` begins a new one.
        """
        missing = math.ceil(self._pushed_samples * self._to_hz / self._from_hz) - self._produced_samples
        self._pushed_samples = self._produced_samples = 0
        if self._blocks is not None:
            return self._blocks.flush()[: max(0, missing)]
        if self._resampler is None:
            return np.zeros(0, dtype=np.float32)
        silence = np.zeros(math.ceil(self._from_hz * _FLUSH_SECONDS), dtype=np.float32)
        tail: Samples = self._resampler.process(silence, self._to_hz / self._from_hz, end_of_input=True)
        self._resampler.reset()
        return tail[: max(0, missing)]


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Convert a whole recording; the result has ceil(n * to_hz / from_hz) samples."""
    resampler = StreamResampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])
