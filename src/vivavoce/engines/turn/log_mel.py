"""The log-mel spectrogram that Whisper's encoder, and thus smart-turn, takes. Pure numpy, float32.

80 triangular filters on Slaney's mel scale (Auditory Toolbox, 1998), area-normalised; Hann windows of 25 ms every
10 ms; log10 with a floor 8 below the maximum, scaled to about [-1, 1] (Radford et al. 2022, section 2.2, and the
reference code of openai/whisper). The tables are built at import and live as long as the process.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vivavoce.engines.ports import HEARING_RATE_HZ, Samples

MEL_BANDS = 80
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160

_QUIETEST_POWER = 1e-10
_QUIETEST_VARIANCE = 1e-7
_DYNAMIC_RANGE_DECADES = 8.0

_LINEAR_HZ_PER_MEL = 200 / 3
_LOGARITHMIC_FROM_HZ = 1000.0
_LOGARITHMIC_FROM_MEL = _LOGARITHMIC_FROM_HZ / _LINEAR_HZ_PER_MEL
_MELS_PER_LOG_HZ = 27 / np.log(6.4)


def _mel_from_hz(frequency_hz: float) -> float:
    """Slaney's scale for frequencies from 1 kHz up."""
    return float(_LOGARITHMIC_FROM_MEL + np.log(frequency_hz / _LOGARITHMIC_FROM_HZ) * _MELS_PER_LOG_HZ)


def _hz_from_mels(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mels * _LINEAR_HZ_PER_MEL
    logarithmic = _LOGARITHMIC_FROM_HZ * np.exp((mels - _LOGARITHMIC_FROM_MEL) / _MELS_PER_LOG_HZ)
    return np.where(mels < _LOGARITHMIC_FROM_MEL, linear, logarithmic)


def _mel_filters() -> NDArray[np.float32]:
    """Shape (80, 201): how much of each frequency bin's power each band takes."""
    edges_hz = _hz_from_mels(np.linspace(0, _mel_from_hz(HEARING_RATE_HZ / 2), MEL_BANDS + 2))
    lower, centre, upper = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    bins_hz = np.linspace(0, HEARING_RATE_HZ / 2, WINDOW_SAMPLES // 2 + 1)[None, :]
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (upper - lower)).astype(np.float32)


_FILTERS = _mel_filters()
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(np.float32)


def normalized(audio: Samples) -> Samples:
    """The same audio with mean 0 and variance 1."""
    centred: Samples = audio - audio.mean()
    return centred / np.float32(np.sqrt(centred.var() + _QUIETEST_VARIANCE))


def log_mel(audio: Samples) -> NDArray[np.float32]:
    """Features of (n,) samples at 16 kHz, n a multiple of 160 and at least 400; shape (80, n / 160).

    Frame i is centred on sample 160 * i; beyond its ends the audio is mirrored.
    """
    mirrored = np.pad(audio, WINDOW_SAMPLES // 2, mode="reflect")
    frames = sliding_window_view(mirrored, WINDOW_SAMPLES)[: audio.size : HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _HANN, axis=-1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    decades = np.log10(np.maximum(_FILTERS @ power.T, _QUIETEST_POWER))
    features: NDArray[np.float32] = (np.maximum(decades, decades.max() - _DYNAMIC_RANGE_DECADES) + 4) / 4
    return features
