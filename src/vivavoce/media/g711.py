"""G.711, the telephone's 8-bit companding (ITU-T G.711, 11/1988): mu-law and A-law by look-up tables.

Both laws are sign and magnitude: a byte names a segment (3 bits, each twice as coarse as the one before) and a step in
it (4 bits). The decoder tables follow the Recommendation's formula: a level is the middle of its step. The encoder
compares the magnitude with the decision values, the steps' upper ends.
The tables (66 kB a law) are built at import and live as long as the process.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.pcm import PCM16_SCALE, Samples, quantize_to_int16

Bytes = NDArray[np.uint8]
Levels = NDArray[np.int32]

_CODES = np.arange(128, dtype=np.int32)
_SEGMENT = _CODES >> 4
_STEP = _CODES & 0x0F

_MU_LAW_BIAS = 132
_MU_LAW_MAGNITUDES: Levels = (((_STEP << 3) + _MU_LAW_BIAS) << _SEGMENT) - _MU_LAW_BIAS
_MU_LAW_DECISIONS: Levels = _MU_LAW_MAGNITUDES + (4 << _SEGMENT)
_A_LAW_DOUBLINGS = np.maximum(_SEGMENT - 1, 0)
_A_LAW_MAGNITUDES: Levels = ((_STEP << 4) + np.where(_SEGMENT == 0, 0x008, 0x108)) << _A_LAW_DOUBLINGS
_A_LAW_DECISIONS: Levels = _A_LAW_MAGNITUDES + (8 << _A_LAW_DOUBLINGS)

# On the wire mu-law has every bit inverted, A-law every even one; in both the sign bit is set for positive values.
_MU_LAW_INVERTED = 0x7F
_A_LAW_INVERTED = 0x55
_POSITIVE = 0x80


def _decoder(magnitudes: Levels, inverted: int) -> Samples:
    table = np.zeros(256, dtype=np.float32)
    table[(_CODES ^ inverted) | _POSITIVE] = magnitudes
    table[_CODES ^ inverted] = -magnitudes
    return table / np.float32(PCM16_SCALE)


def _encoder(decisions: Levels, inverted: int) -> Bytes:
    """Byte for every 16-bit value, indexed by the value's bit pattern read as unsigned."""
    values = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)
    codes = np.searchsorted(decisions[:-1], np.abs(values), side="right")
    return ((codes ^ inverted) | np.where(values >= 0, _POSITIVE, 0)).astype(np.uint8)


_MU_LAW_DECODER = _decoder(_MU_LAW_MAGNITUDES, _MU_LAW_INVERTED)
_A_LAW_DECODER = _decoder(_A_LAW_MAGNITUDES, _A_LAW_INVERTED)
_MU_LAW_ENCODER = _encoder(_MU_LAW_DECISIONS, _MU_LAW_INVERTED)
_A_LAW_ENCODER = _encoder(_A_LAW_DECISIONS, _A_LAW_INVERTED)


def samples_from_mu_law(data: bytes | bytearray | memoryview) -> Samples:
    """Decode mu-law bytes (one a sample) to samples."""
    return _MU_LAW_DECODER[np.frombuffer(data, dtype=np.uint8)]


def mu_law_from_samples(samples: Samples) -> bytes:
    """Encode samples as mu-law, one byte each; what exceeds full scale is clipped."""
    return _MU_LAW_ENCODER[quantize_to_int16(samples).view(np.uint16)].tobytes()


def samples_from_a_law(data: bytes | bytearray | memoryview) -> Samples:
    """Decode A-law bytes (one a sample) to samples."""
    return _A_LAW_DECODER[np.frombuffer(data, dtype=np.uint8)]


def a_law_from_samples(samples: Samples) -> bytes:
    """Encode samples as A-law, one byte each; what exceeds full scale is clipped."""
    return _A_LAW_ENCODER[quantize_to_int16(samples).view(np.uint16)].tobytes()
