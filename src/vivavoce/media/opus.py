"""Opus on a wire: one packet in a message, mono (RFC 6716), coded by libopus.

An encoder and a decoder remember what went before: each belongs to one stream, in one direction of one call, and dies
with it. Nothing here waits; coding 20 ms takes a small part of a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import opuslib_next  # type: ignore[import-untyped]

from vivavoce.media.formats import AudioFormat
from vivavoce.media.opus_packets import OpusPacketError, packet_ms
from vivavoce.media.pcm import AudioDataError, Samples

OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
"""The rates that an encoder takes and a decoder gives. Packets do not depend on them: any rate decodes any packet."""

PACKET_MS = 20
"""The length of the packets that are made here."""

_LOOKAHEAD_MS = 6.5
"""How far an encoder is behind its input (RFC 6716, section 2; `OPUS_GET_LOOKAHEAD`)."""


@dataclass(frozen=True, slots=True)
class OpusFormat:
    """Mono Opus, heard and spoken at one of `OPUS_RATES_HZ`. Raises `ValueError` for another rate."""

    rate_hz: int = 24_000

    def __post_init__(self) -> None:
        if self.rate_hz not in OPUS_RATES_HZ:
            raise ValueError(f"Opus has no {self.rate_hz} Hz; choose one of {', '.join(map(str, OPUS_RATES_HZ))}")

    @property
    def of_recordings(self) -> AudioFormat:
        """PCM: packets in a row do not tell where one ends."""
        return AudioFormat("pcm16", self.rate_hz)

    def pieces(self, audio: bytes, longest_ms: int) -> list[bytes]:  # noqa: ARG002 - a packet cannot be cut
        """The packet, which is a piece."""
        return [audio]

    def length_ms(self, piece: bytes) -> float:
        """How long a packet sounds. Raises `AudioDataError`."""
        try:
            return packet_ms(piece)
        except OpusPacketError as error:
            raise AudioDataError(str(error)) from error

    def open_decoder(self) -> OpusDecoder:
        return OpusDecoder(self)

    def open_encoder(self) -> OpusEncoder:
        return OpusEncoder(self)


class OpusDecoder:
    """The receiving end of one stream. Packets of two channels are mixed to one."""

    def __init__(self, opus: OpusFormat) -> None:
        self._opus = opus
        self._decoder = opuslib_next.Decoder(opus.rate_hz, 1)

    def decode(self, pieces: Sequence[bytes]) -> Samples:
        """The next packets as samples, as many as the packets promise. Raises `AudioDataError` for what is no packet.

        A packet whose inside makes no sense sounds as whatever it decodes to, or is silent.
        """
        return np.concatenate([np.zeros(0, dtype=np.float32), *(self._sound(packet) for packet in pieces)])

    def _sound(self, packet: bytes) -> Samples:
        promised = round(self._opus.length_ms(packet) * self._opus.rate_hz / 1000)
        try:
            sound: Samples = np.frombuffer(self._decoder.decode_float(packet, promised), dtype=np.float32)
        except opuslib_next.OpusError:
            return np.zeros(promised, dtype=np.float32)
        return sound


class OpusEncoder:
    """The sending end of one stream: packets of 20 ms, with libopus's own bit rate for the sample rate.

    In its mode for faithful sound: the one for calls filters and brightens voices, which an agent's does not need.
    """

    def __init__(self, opus: OpusFormat) -> None:
        self._rate_hz = opus.rate_hz
        self._packet_samples = opus.rate_hz * PACKET_MS // 1000
        self._pending: Samples = np.zeros(0, dtype=np.float32)
        self._begin()

    def encode(self, samples: Samples) -> list[bytes]:
        """Take samples; give the packets that are full. Up to one packet's worth waits for more."""
        size = self._packet_samples
        pending: Samples = np.concatenate([self._pending, samples], dtype=np.float32)
        whole = pending.size - pending.size % size
        self._begun |= pending.size > 0
        self._pending = pending[whole:]
        return [self._packet(pending[start : start + size]) for start in range(0, whole, size)]

    def flush(self) -> list[bytes]:
        """What is left, filled up with silence; the next samples begin a new stream."""
        if not self._begun:
            return []
        left = self._pending.size + round(self._rate_hz * _LOOKAHEAD_MS / 1000)
        silence = np.zeros(left + -left % self._packet_samples - self._pending.size, dtype=np.float32)
        packets = self.encode(silence)
        self._begin()
        return packets

    def _begin(self) -> None:
        self._encoder = opuslib_next.Encoder(self._rate_hz, 1, "audio")
        self._begun = False

    def _packet(self, samples: Samples) -> bytes:
        packet: bytes = self._encoder.encode_float(samples.tobytes(), self._packet_samples)
        return packet
