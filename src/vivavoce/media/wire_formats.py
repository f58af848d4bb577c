"""What a call asks of the format of its sound: pieces of a stream in, samples out, and back.

PCM and G.711 (`formats.AudioFormat`) and Opus (`opus.OpusFormat`) are such formats. Coders are of one stream: they
belong to one direction of one call, and die with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vivavoce.media.formats import AudioFormat
from vivavoce.media.pcm import Samples


class StreamDecoder(Protocol):
    """The receiving end of one stream."""

    def decode(self, pieces: Sequence[bytes]) -> Samples:
        """The next pieces of the stream as samples at the format's rate. Raises `AudioDataError`."""


class StreamEncoder(Protocol):
    """The sending end of one stream. Every piece it gives is a message of its own."""

    def encode(self, samples: Samples) -> list[bytes]:
        """Take samples at the format's rate; give the pieces that are ready."""

    def flush(self) -> list[bytes]:
        """What is left at the end of the stream; the next samples begin a new one."""


class WireFormat(Protocol):
    """A format of sound on a wire: a frozen value; equal formats need no new coders."""

    @property
    def rate_hz(self) -> int: ...

    @property
    def of_recordings(self) -> AudioFormat:
        """How a whole recording is written, which has no messages to tell its pieces apart."""

    def pieces(self, audio: bytes, longest_ms: int) -> list[bytes]:
        """A message cut into pieces of `longest_ms` at most, as far as the format can be cut."""

    def length_ms(self, piece: bytes) -> float:
        """How long a piece sounds."""

    def open_decoder(self) -> StreamDecoder: ...

    def open_encoder(self) -> StreamEncoder: ...
