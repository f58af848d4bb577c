"""Turns a call's two channels into the bytes of a file, piece by piece, while the call lasts.

Opus in Ogg (RFC 7845) is libsndfile's, WAV is ours. An Ogg file that was cut short is played up to there; the header of
a WAV file says its length, so it is written anew at the end. One encoder belongs to one recording and dies with it.
Encoding blocks the calling thread, so it is called on worker threads.
"""

from __future__ import annotations

import struct
from typing import Literal, Protocol

import numpy as np
import soundfile  # type: ignore[import-untyped]

from vivavoce.media.appended_bytes import AppendedBytes
from vivavoce.media.pcm import pcm16_from_samples
from vivavoce.media.stereo_tape import Stereo

RecordingFormat = Literal["opus", "wav"]

CHANNELS = 2
WAV_HEADER_BYTES = 44
WAV_DATA_BYTES_MAXIMUM = 0xFFFF_FFFF - WAV_HEADER_BYTES
"""12 hours at 24 kHz; the header cannot tell of more, though players read on."""

_COMPRESSION = 0.9
"""Of libsndfile's 0 to 1: about 63 kbit/s for both channels together, where speech sounds as it did."""

_FRAMES_AT_ONCE = 24_000


class StereoEncoder(Protocol):
    """Takes (n, 2) samples; gives the bytes to append."""

    def push(self, sound: Stereo) -> bytes: ...

    def finish(self) -> bytes:
        """What is left to append. The encoder is used up."""

    def header(self) -> bytes:
        """After `finish`: what to write over the beginning of the file; nothing, if that is right as it is."""

    def close(self) -> None:
        """Let go of the encoder, wherever it stands."""


def open_stereo_encoder(recording_format: RecordingFormat, rate_hz: int) -> StereoEncoder:
    return OggOpusEncoder(rate_hz) if recording_format == "opus" else WavEncoder(rate_hz)


class WavEncoder:
    """16-bit PCM."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._data_bytes = 0
        self._begun = False

    def push(self, sound: Stereo) -> bytes:
        data = pcm16_from_samples(np.ravel(sound))
        self._data_bytes += len(data)
        return self._begin() + data

    def finish(self) -> bytes:
        return self._begin()

    def header(self) -> bytes:
        return stereo_wav_header(self._rate_hz, min(self._data_bytes, WAV_DATA_BYTES_MAXIMUM))

    def close(self) -> None:
        """Nothing is held."""

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return stereo_wav_header(self._rate_hz, WAV_DATA_BYTES_MAXIMUM)


def stereo_wav_header(rate_hz: int, data_bytes: int) -> bytes:
    """The 44 bytes before so many bytes of 16-bit stereo PCM."""
    frame_bytes = 2 * CHANNELS
    riff = struct.pack("<4sI4s", b"RIFF", data_bytes + WAV_HEADER_BYTES - 8, b"WAVE")
    described = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, CHANNELS, rate_hz, rate_hz * frame_bytes, frame_bytes, 16)
    return riff + described + struct.pack("<4sI", b"data", data_bytes)


class OggOpusEncoder:
    """What libsndfile writes, page by page."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._tail = AppendedBytes()
        self._empty = True
        self._file = soundfile.SoundFile(
            self._tail, "w", rate_hz, CHANNELS, format="OGG", subtype="OPUS", compression_level=_COMPRESSION
        )

    def push(self, sound: Stereo) -> bytes:
        for begin in range(0, len(sound), _FRAMES_AT_ONCE):
            self._empty = False
            self._file.write(np.clip(sound[begin : begin + _FRAMES_AT_ONCE], -1.0, 1.0))
        return self._tail.take()

    def finish(self) -> bytes:
        if self._empty:  # a file without a single sample cannot be opened again by anybody
            self._file.write(np.zeros((self._rate_hz // 50, CHANNELS), np.float32))
        self._file.close()
        return self._tail.take()

    def header(self) -> bytes:
        return b""

    def close(self) -> None:
        self._file.close()
