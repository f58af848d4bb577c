"""What the browser's microphone hears: recorded speech with silence around it, as the WAV file that Chromium plays.

The recording is Debian's pocketsphinx-testdata. Written by the test module that wants it, into its own folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vivavoce.engines.ports import Samples
from vivavoce.media.resampling import resample
from vivavoce.media.wav import write_wav

GO_FORWARD = Path("/usr/share/pocketsphinx/test/data/goforward.raw")
"""Two seconds and a half of a man saying "go forward ten meters", 16 kHz."""
MICROPHONE_RATE_HZ = 48_000
SILENCE_BEHIND_SECONDS = 30.0


def write_microphone(path: Path, silences_seconds: Sequence[float]) -> Path:
    """The same sentence after each of these silences, then silence. The file plays once for every opened microphone."""
    heard = np.frombuffer(GO_FORWARD.read_bytes(), dtype="<i2").astype(np.float32) / np.float32(32_768)
    sentence = resample(heard, 16_000, MICROPHONE_RATE_HZ)
    sentence *= np.float32(0.5 / np.abs(sentence).max())
    parts: list[Samples] = []
    for seconds in silences_seconds:
        parts += [_silence(seconds), sentence]
    whole = np.concatenate([*parts, _silence(SILENCE_BEHIND_SECONDS)])
    write_wav(path, whole, MICROPHONE_RATE_HZ)
    return path


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * MICROPHONE_RATE_HZ), dtype=np.float32)
