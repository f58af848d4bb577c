"""The sound that a client sends, held against the session's input format before anybody tries to hear it.

Owned by the codec of one connection; dies with it.
"""

from __future__ import annotations

from vivavoce.dialects.realtime.client_events import MAXIMUM_APPEND_BYTES
from vivavoce.dialects.realtime.inbound import AudioReceived
from vivavoce.dialects.wire import WireAudio, WireError
from vivavoce.media.opus_packets import OpusPacketError, packet_ms


class CallerSound:
    """Raises `WireError` for what cannot be sound of the format. Opus is one packet in a message."""

    def __init__(self, wire: WireAudio) -> None:
        self._wire = wire
        self._half_sample = b""

    def follow(self, wire: WireAudio) -> None:
        """The session's input format from here on."""
        if wire != self._wire:
            self._wire = wire
            self._half_sample = b""

    def appended(self, audio: bytes, event_id: str | None) -> AudioReceived:
        """The sound of an `input_audio_buffer.append`."""
        if self._wire.encoding == "opus":
            _check_packet(audio, event_id)
        elif len(audio) & 1 and self._wire.encoding == "pcm16":
            message = f"'audio' holds {len(audio)} bytes; 16-bit samples need an even count"
            raise WireError("invalid_value", message, param="audio", event_id=event_id)
        return AudioReceived(audio)

    def framed(self, audio: bytes) -> AudioReceived | None:
        """The sound of a binary frame. Half a sample waits for the frame that completes it; None if there is no more.

        Raises `WireError` for more than an append may carry, too.
        """
        if len(audio) > MAXIMUM_APPEND_BYTES:
            message = f"the frame holds {len(audio)} bytes; one frame may carry {MAXIMUM_APPEND_BYTES}"
            raise WireError("invalid_value", message)
        if self._wire.encoding == "opus":
            _check_packet(audio, None)
        if self._wire.encoding == "pcm16":
            audio = self._half_sample + audio
            whole = len(audio) - len(audio) % 2
            audio, self._half_sample = audio[:whole], audio[whole:]
        return AudioReceived(audio) if audio else None

    def recorded(self, audio: bytes, param: str) -> bytes:
        """The sound that came with an item: a whole recording, which is PCM in a session of Opus."""
        if len(audio) & 1 and self._wire.encoding in {"pcm16", "opus"}:
            message = f"'{param}' holds {len(audio)} bytes of sound; 16-bit samples need an even count"
            raise WireError("invalid_value", message, param=param)
        return audio


def _check_packet(audio: bytes, event_id: str | None) -> None:
    try:
        packet_ms(audio)
    except OpusPacketError as error:
        raise WireError("invalid_value", str(error), param="audio", event_id=event_id) from error
