"""Loudness of samples. Pure functions."""

from __future__ import annotations

import numpy as np

from vivavoce.media.pcm import Samples


def peak(samples: Samples) -> float:
    """The largest magnitude, 0.0 for no samples."""
    return float(np.max(np.abs(samples), initial=0.0))


def rms(samples: Samples) -> float:
    """Root mean square, 0.0 for no samples."""
    if not samples.size:
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def limit_peak(samples: Samples, maximum_peak: float) -> Samples:
    """Scale the whole piece down so that no sample exceeds `maximum_peak`; a quieter piece is given back as it is."""
    highest = peak(samples)
    if highest <= maximum_peak:
        return samples
    # Rounding of the product may exceed the limit by one unit in the last place.
    ceiling = np.nextafter(np.float32(maximum_peak), np.float32(0))
    limited: Samples = np.clip(samples * np.float32(maximum_peak / highest), -ceiling, ceiling)
    return limited
