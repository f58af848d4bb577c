"""What the bytes of a wire are: encoding and sample rate. Frozen values; a call holds one per direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vivavoce.media.g711 import a_law_from_samples, mu_law_from_samples, samples_from_a_law, samples_from_mu_law
from vivavoce.media.pcm import Samples, pcm16_from_samples, samples_from_pcm16

AudioEncoding = Literal["pcm16", "pcmu", "pcma"]

_BYTES_PER_SAMPLE: dict[AudioEncoding, int] = {"pcm16": 2, "pcmu": 1, "pcma": 1}
_DECODERS: dict[AudioEncoding, Callable[[bytes], Samples]] = {
    "pcm16": samples_from_pcm16,
    "pcmu": samples_from_mu_law,
    "pcma": samples_from_a_law,
}
_ENCODERS: dict[AudioEncoding, Callable[[Samples], bytes]] = {
    "pcm16": pcm16_from_samples,
    "pcmu": mu_law_from_samples,
    "pcma": a_law_from_samples,
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Mono audio on a wire: little-endian 16-bit PCM, or G.711 mu-law (`pcmu`) or A-law (`pcma`)."""

    encoding: AudioEncoding
    rate_hz: int

    def __post_init__(self) -> None:
        if self.encoding not in _BYTES_PER_SAMPLE:
            raise ValueError(f"unknown audio encoding {self.encoding!r}: choose one of {', '.join(_BYTES_PER_SAMPLE)}")
        if self.rate_hz <= 0:
            raise ValueError(f"a sample rate is above 0 Hz, got {self.rate_hz}")

    @property
    def bytes_per_sample(self) -> int:
        return _BYTES_PER_SAMPLE[self.encoding]

    @property
    def bytes_per_ms(self) -> float:
        """A whole number for every rate that is a multiple of 1 kHz."""
        return self.bytes_per_sample * self.rate_hz / 1000

    def duration_ms(self, byte_count: int) -> float:
        """How long `byte_count` bytes sound."""
        return byte_count * 1000 / (self.bytes_per_sample * self.rate_hz)

    def length_ms(self, piece: bytes) -> float:
        """How long a piece of a stream sounds."""
        return self.duration_ms(len(piece))

    def pieces(self, audio: bytes, longest_ms: int) -> list[bytes]:
        """The same bytes in pieces of `longest_ms` at most."""
        step = round(self.rate_hz * longest_ms / 1000) * self.bytes_per_sample
        return [audio] if len(audio) <= step else [audio[start : start + step] for start in range(0, len(audio), step)]

    def decode(self, data: bytes) -> Samples:
        """Bytes to samples at `rate_hz`. Raises `AudioDataError` for bytes that are not whole samples."""
        return _DECODERS[self.encoding](data)

    def encode(self, samples: Samples) -> bytes:
        """Samples at `rate_hz` to bytes; what exceeds full scale is clipped."""
        return _ENCODERS[self.encoding](samples)

    @property
    def of_recordings(self) -> AudioFormat:
        """A recording is written as a stream is."""
        return self

    def open_decoder(self) -> _SampleCoder:
        return _SampleCoder(self)

    def open_encoder(self) -> _SampleCoder:
        return _SampleCoder(self)


class _SampleCoder:
    """Both ends of a stream whose samples do not depend on each other: nothing is remembered."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format

    def decode(self, pieces: Sequence[bytes]) -> Samples:
        return self._format.decode(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def encode(self, samples: Samples) -> list[bytes]:
        return [self._format.encode(samples)] if samples.size else []

    def flush(self) -> list[bytes]:
        return []


PCM16_24KHZ = AudioFormat("pcm16", 24_000)
PCM16_16KHZ = AudioFormat("pcm16", 16_000)
PCMU_8KHZ = AudioFormat("pcmu", 8_000)
PCMA_8KHZ = AudioFormat("pcma", 8_000)
