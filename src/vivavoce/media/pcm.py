"""16-bit PCM bytes to float samples and back. Pure functions; they own nothing and live as long as the process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, shape (n,), float32, nominally within [-1, 1]."""

PCM16_SCALE = 32_768
"""Full scale of a signed 16-bit sample: -32768 is -1.0, 32767 is just below 1.0."""


_PCM16_STEP = np.float32(1 / PCM16_SCALE)
_SCALE = np.float32(PCM16_SCALE)
_LOWEST, _HIGHEST = np.float32(-PCM16_SCALE), np.float32(PCM16_SCALE - 1)


class AudioDataError(ValueError):
    """The bytes are not audio of the format that was claimed for them."""


def samples_from_pcm16(data: bytes | bytearray | memoryview) -> Samples:
    """Decode little-endian signed 16-bit mono PCM to samples in [-1, 1). Raises `AudioDataError` on half a sample."""
    if len(data) % 2:
        raise AudioDataError(
            f"{len(data)} bytes are not whole 16-bit samples: send an even number of bytes of little-endian PCM"
        )
    return samples_from_int16(np.frombuffer(data, dtype="<i2"))


def samples_from_int16(quantized: NDArray[np.int16]) -> Samples:
    """16-bit integers (n,) to samples in [-1, 1)."""
    samples: Samples = quantized.astype(np.float32)
    samples *= _PCM16_STEP  # in a second step: numpy converts slowly within a product
    return samples


def pcm16_from_samples(samples: Samples) -> bytes:
    """Encode samples as little-endian signed 16-bit PCM; what exceeds full scale is clipped."""
    return quantize_to_int16(samples).astype("<i2", copy=False).tobytes()


def quantize_to_int16(samples: Samples) -> NDArray[np.int16]:
    """Round samples to 16-bit integers, shape (n,), clipped to [-32768, 32767]."""
    scaled = samples * _SCALE
    np.rint(scaled, out=scaled)
    np.maximum(scaled, _LOWEST, out=scaled)  # two steps: half the time of numpy's clip for 20 ms
    np.minimum(scaled, _HIGHEST, out=scaled)
    return scaled.astype(np.int16)
