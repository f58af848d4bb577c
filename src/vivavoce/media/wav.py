"""Reads and writes WAV files of 16-bit PCM. Pure functions on a path or an open binary file."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vivavoce.media.pcm import AudioDataError, Samples, pcm16_from_samples, samples_from_pcm16

_ADVICE = "convert it first, for example with: ffmpeg -i IN -ac 1 -c:a pcm_s16le OUT.wav"


@dataclass(frozen=True, slots=True, eq=False)
class WavAudio:
    """The sound of a WAV file, mixed down to mono."""

    samples: Samples
    rate_hz: int

    @property
    def seconds(self) -> float:
        return self.samples.size / self.rate_hz


def read_wav(source: Path | BinaryIO) -> WavAudio:
    """Read 16-bit PCM of any rate; several channels are averaged. Raises `AudioDataError` for any other content."""
    name = str(source) if isinstance(source, Path) else "the WAV data"
    try:
        with wave.open(str(source) if isinstance(source, Path) else source, "rb") as reader:
            channels, width, rate_hz = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            if width != 2:
                raise AudioDataError(f"{name} has {8 * width}-bit samples, 16-bit PCM is needed: {_ADVICE}")
            if rate_hz <= 0:
                raise AudioDataError(f"{name} claims a sample rate of {rate_hz} Hz: {_ADVICE}")
            data = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # `wave` raises a bare RuntimeError for chunks beyond the end
        raise AudioDataError(f"{name} is not a PCM WAV file ({str(error) or 'it is cut short'}): {_ADVICE}") from error
    whole_frames = len(data) - len(data) % (2 * channels)
    samples = samples_from_pcm16(data[:whole_frames])
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return WavAudio(samples, rate_hz)


def write_wav(target: Path | BinaryIO, samples: Samples, rate_hz: int) -> None:
    """Write (n,) samples as a mono 16-bit PCM WAV file."""
    with wave.open(str(target) if isinstance(target, Path) else target, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm16_from_samples(samples))
