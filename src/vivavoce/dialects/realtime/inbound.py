"""What the codec makes of a client's frames: audio, a session as it is now, or a command. Frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.conversation.events import ClientCommand, ItemCreateRequested, SessionConfigured
from vivavoce.dialects.wire import WireAudio

VoiceResolver = Callable[[str], str | None]
"""The name of one of our voices for the name that a client uses; None for a name that nobody knows."""


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Audio of the caller, in the session's input format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class CallConfigured:
    """The session as it is now: the formats of its audio, and the command for the conversation.

    `declarations`: the client's tools that the server runs, whole; to be known before the command is.
    """

    input_audio: WireAudio
    output_audio: WireAudio
    command: SessionConfigured
    declarations: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ItemWithSound:
    """An item whose one part without words is this sound, in the session's input format."""

    command: ItemCreateRequested
    audio: bytes


Inbound = AudioReceived | CallConfigured | ItemWithSound | ClientCommand
