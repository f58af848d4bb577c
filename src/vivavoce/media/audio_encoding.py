"""Turns a stream of speech into the bytes of a file or a wire, piece by piece, while it is spoken.

One encoder belongs to one answer and dies with it. PCM, WAV and G.711 are ours; MP3, FLAC and Ogg Opus are
libsndfile's. Encoding blocks the calling thread, so it is called on worker threads.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import soundfile  # type: ignore[import-untyped]

from vivavoce.media.appended_bytes import AppendedBytes
from vivavoce.media.formats import AudioEncoding, AudioFormat
from vivavoce.media.pcm import Samples
from vivavoce.media.resampling import StreamResampler

Codec = Literal["pcm", "wav", "mulaw", "alaw", "mp3", "flac", "opus"]

MPEG_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
PLAIN_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
BIT_RATES = (32_000, 320_000)
DEFAULT_BIT_RATE = 128_000

_CONTENT_TYPES: dict[Codec, str] = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "mulaw": "audio/basic",
    "alaw": "audio/alaw",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg",
}
_RATES: dict[Codec, tuple[int, ...]] = {"mp3": MPEG_RATES_HZ, "opus": OPUS_RATES_HZ}
_PLAIN: dict[Codec, AudioEncoding] = {"pcm": "pcm16", "wav": "pcm16", "mulaw": "pcmu", "alaw": "pcma"}
_MPEG_BIT_RATES = ((32_000, (32_000, 320_000)), (16_000, (8_000, 160_000)), (0, (8_000, 64_000)))
"""From this sample rate on: the lowest and the highest bit rate (MPEG-1, MPEG-2, MPEG-2.5)."""

_UNKNOWN_LENGTH = 0xFFFF_FFFF
_DATA_OF_UNKNOWN_LENGTH = struct.pack("<4sI", b"data", _UNKNOWN_LENGTH)


@dataclass(frozen=True, slots=True)
class SpeechEncoding:
    """How speech is to be written. `bit_rate` in bits a second, for MP3 only. Raises ValueError for what cannot be."""

    codec: Codec
    rate_hz: int
    bit_rate: int | None = None

    def __post_init__(self) -> None:
        rates = rates_of(self.codec)
        if self.rate_hz not in rates:
            raise ValueError(f"{self.codec} has no {self.rate_hz} Hz here; choose one of {', '.join(map(str, rates))}")

    @property
    def content_type(self) -> str:
        return _CONTENT_TYPES[self.codec]


def rates_of(codec: Codec) -> tuple[int, ...]:
    """The sample rates that can be asked for, in Hz."""
    return _RATES.get(codec, PLAIN_RATES_HZ)


class SpeechEncoder(Protocol):
    """Takes (n,) samples at the voice's rate; gives the bytes that are ready, perhaps none."""

    def push(self, samples: Samples) -> bytes: ...

    def flush(self) -> bytes:
        """The end of the speech: what is left. The encoder is used up."""
        ...

    def close(self) -> None:
        """Let go of the encoder, wherever it stands."""
        ...


def open_encoder(encoding: SpeechEncoding, from_hz: int) -> SpeechEncoder:
    """A new encoder for speech that comes at `from_hz`."""
    resampler = StreamResampler(from_hz, encoding.rate_hz)
    if encoding.codec in _PLAIN:
        return _PlainEncoder(encoding, resampler)
    return _ContainerEncoder(encoding, resampler)


class _PlainEncoder:
    """One sample after the other; before them a WAV header, where it is one."""

    def __init__(self, encoding: SpeechEncoding, resampler: StreamResampler) -> None:
        self._format = AudioFormat(_PLAIN[encoding.codec], encoding.rate_hz)
        self._resampler = resampler
        self._header = wav_header(encoding.rate_hz) if encoding.codec == "wav" else b""

    def push(self, samples: Samples) -> bytes:
        return self._with_header(self._format.encode(self._resampler.push(samples)))

    def flush(self) -> bytes:
        return self._with_header(self._format.encode(self._resampler.flush()))

    def close(self) -> None:
        """Nothing is held."""

    def _with_header(self, data: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + data


def wav_header(rate_hz: int) -> bytes:
    """The 44 bytes before mono 16-bit PCM whose length nobody knows yet: both lengths say the most that they can."""
    format_chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN_LENGTH, b"WAVE") + format_chunk + _DATA_OF_UNKNOWN_LENGTH


class _ContainerEncoder:
    """What libsndfile writes."""

    def __init__(self, encoding: SpeechEncoding, resampler: StreamResampler) -> None:
        self._resampler = resampler
        self._tail = AppendedBytes()
        self._file = _written_to(self._tail, encoding)
        # Whoever gives up may close from another thread while the encoder still works.
        self._lock = threading.Lock()
        # A file without a single sample cannot be opened again by anybody.
        self._needed = np.zeros(encoding.rate_hz // 50, np.float32)

    def push(self, samples: Samples) -> bytes:
        with self._lock:
            self._write(self._resampler.push(samples))
            return self._tail.take()

    def flush(self) -> bytes:
        with self._lock:
            self._write(self._resampler.flush())
            self._write(self._needed)
            self._file.close()
            return self._tail.take()

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _write(self, samples: Samples) -> None:
        if samples.size:
            self._needed = samples[:0]
            self._file.write(np.clip(samples, -1.0, 1.0))


def _written_to(tail: AppendedBytes, encoding: SpeechEncoding) -> soundfile.SoundFile:
    rate_hz = encoding.rate_hz
    match encoding.codec:
        case "flac":
            return soundfile.SoundFile(tail, "w", rate_hz, 1, format="FLAC", subtype="PCM_16")
        case "opus":
            return soundfile.SoundFile(tail, "w", rate_hz, 1, format="OGG", subtype="OPUS")
        case _:
            level = _compression_level(encoding.bit_rate or DEFAULT_BIT_RATE, rate_hz)
            return soundfile.SoundFile(
                tail, "w", rate_hz, 1, format="MP3", compression_level=level, bitrate_mode="CONSTANT"
            )


def _compression_level(bit_rate: int, rate_hz: int) -> float:
    """libsndfile asks for 0 (the highest bit rate that the sample rate allows) to 1 (the lowest)."""
    lowest, highest = next(limits for slowest, limits in _MPEG_BIT_RATES if rate_hz >= slowest)
    return min(max((highest - bit_rate) / (highest - lowest), 0.0), 1.0)
