"""What a call needs from outside: engines, tasks, a way out to the client, and somebody who keeps what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import Notice
from vivavoce.engines.ports import (
    AudioProcessing,
    LanguageModel,
    Samples,
    SpeechToText,
    TextToSpeech,
    TurnDetector,
    VoiceActivity,
)

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Starts a task of the call, by its name. It lives no longer than the call."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of the process, shared by every call. Owned by the composition root.

    Without `audio_processing` callers are heard as they come, their echo and their noise with them.
    """

    voice_activity: VoiceActivity
    turn_detector: TurnDetector
    speech_to_text: SpeechToText
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    audio_processing: AudioProcessing | None = None


class Outlet(Protocol):
    """The way to one client. Both calls return at once; what the outlet cannot hold ends the call."""

    def tell(self, notice: Notice) -> None: ...

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> None:
        """Audio of a reply, in the call's output format."""
        ...


class Recorder(Protocol):
    """Keeps what was said."""

    def note(self, notice: Notice) -> None:
        """Take in what the client is told, at once; after the client has gone, what it would have been told."""
        ...


class CallTap(Protocol):
    """Takes in the sound of a call, at once, as it is heard and as it is sent. Times are loop seconds."""

    def hear(self, samples: Samples, rate_hz: int, now: float) -> None:
        """The caller's next (n,) samples as they came, all of which have arrived by now."""
        ...

    def say(self, samples: Samples, begins_at: float) -> None:
        """The agent's next (n,) samples at the voice's rate, as loud as they go out, and when their playing begins."""
        ...

    def silence_agent(self, now: float) -> None:
        """What was sent and not played by now was thrown away."""
        ...

    async def run(self) -> None:
        """Work behind, from the call's beginning on, until cancelled at its end. Raises nothing of its own."""
        ...
