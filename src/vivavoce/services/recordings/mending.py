"""Makes a recording whose process was killed into one that can be heard: what is on the disk, up to there.

Ogg is played as far as it goes; a WAV file gets the header that fits what is behind it. Blocks, so it is called in
threads. Holds nothing.
"""

from __future__ import annotations

from pathlib import Path

import soundfile  # type: ignore[import-untyped]

from vivavoce.media.stereo_encoding import CHANNELS, WAV_HEADER_BYTES, stereo_wav_header
from vivavoce.sessions.recording import RECORDING_RATE_HZ, Recorded

NOTHING = "the server stopped before any of the call was on the disk"

_FRAME_BYTES = 2 * CHANNELS


def mended(path: Path) -> Recorded:
    """What there is of it. `failure` says why nothing; then the file is of no use. Raises `OSError`."""
    samples = _wav_samples(path) if path.suffix == ".wav" else _ogg_samples(path)
    if samples == 0:
        return Recorded(0, 0, (), NOTHING)
    return Recorded(path.stat().st_size, samples * 1000 // RECORDING_RATE_HZ)


def _wav_samples(path: Path) -> int:
    samples = max(0, path.stat().st_size - WAV_HEADER_BYTES) // _FRAME_BYTES
    if samples:
        with path.open("r+b") as file:
            file.truncate(WAV_HEADER_BYTES + samples * _FRAME_BYTES)
            file.write(stereo_wav_header(RECORDING_RATE_HZ, samples * _FRAME_BYTES))
    return samples


def _ogg_samples(path: Path) -> int:
    try:
        return int(soundfile.info(path).frames)
    except soundfile.LibsndfileError:
        return 0
