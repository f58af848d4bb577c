"""What every dialect shares: the audio formats of a wire, and the error for input that cannot be followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WireAudio:
    """How audio is written on a wire: 's16le' PCM, G.711, or Opus with a packet in a message; mono."""

    encoding: Literal["pcm16", "pcmu", "pcma", "opus"]
    rate_hz: int


class WireError(Exception):
    """The client sent something that cannot be followed. It is told; the session goes on."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        event_id: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.event_id = event_id
        self.kind = kind
