"""The ports that every speech and language engine fits.

The shell of a call (`sessions/`) knows these Protocols and nothing of the models behind them. One engine object is
loaded per process, owned by the composition root (`app`), shared by every call and closed when the process ends.
All audio here is mono float32 in [-1, 1]: 16 kHz towards the ears, 24 kHz from the voice.

An engine never blocks the event loop: CPU work runs on the engine's own worker threads. Cancelling the awaiting task
stops the work at the next step it can be stopped at and leaves the engine usable.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NewType, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, shape (n,), float32, nominally within [-1, 1]."""

HEARING_RATE_HZ = 16_000
"""Sample rate of everything that goes into an ear (VAD, turn detection, speech-to-text)."""

VOICE_RATE_HZ = 24_000
"""Sample rate of everything that comes out of a voice."""

VAD_WINDOW_SAMPLES = 512
"""One voice-activity decision: 32 ms at 16 kHz (Silero VAD's native window)."""

MAXIMUM_VOICE_PEAK = 10 ** (-3 / 20)
"""A voice never peaks above -3 dBFS."""


class EngineError(Exception):
    """An engine could not do its work; the message says what a person can do about it."""


class UnknownVoiceError(EngineError):
    """The voice asked for is not one of the voices of this engine."""


# --- echo and noise -------------------------------------------------------------------------------------------------

NoiseField = Literal["near_field", "far_field"]
"""How far the microphone is: a headset or a handset, or a laptop or a conference room."""


class AudioProcessingStream(Protocol):
    """What cleans the sound of one caller before the ears. Owned by a call; ends with `close`.

    Runs where it is called, without waiting. What comes out is aligned with what went in, sample for sample; up to
    34 ms may be held back until more comes. Times are loop seconds of the call.
    """

    def played(self, samples: Samples, sent_at_seconds: float) -> None:
        """The agent's next sound (24 kHz, as it goes out: after ducking and fading) and when it went out.

        The caller's player plays it when it has played what came before, or at once.
        """
        ...

    def discarded(self, from_seconds: float) -> None:
        """What was to be played from then on will not be: the caller's player was flushed."""
        ...

    def process(self, samples: Samples, arrived_at_seconds: float) -> Samples:
        """The caller's next samples (16 kHz), of which the last arrived then; gives those that are ready.

        Without suppression of noise the very same samples, while no echo comes back or can come back.
        """
        ...

    def flush(self) -> Samples:
        """What is held back, as good as it is. More audio may follow."""
        ...

    def close(self) -> None: ...


class AudioProcessing(Protocol):
    """Takes the agent's own voice and noise out of what callers send."""

    def open_stream(self, *, cancel_echo: bool, suppress_noise: NoiseField | None) -> AudioProcessingStream: ...

    async def close(self) -> None: ...


# --- voice activity -------------------------------------------------------------------------------------------------


class VoiceActivityStream(Protocol):
    """The voice-activity state of one caller. Owned by a call; ends with `close`."""

    async def speech_probability(self, window: Samples) -> float:
        """Probability in [0, 1] that the `VAD_WINDOW_SAMPLES` samples hold speech. Windows must come in order."""
        ...

    async def glance(self, newest: Samples) -> float:
        """The same of the last `VAD_WINDOW_SAMPLES` of `newest`, with nothing learned from it.

        For the sound of a window that has not filled yet: `newest` ends with it, and begins before the window does, so
        that there is something to judge it by.
        """
        ...

    def reset(self) -> None:
        """Forget the recurrent state, as if the caller had just arrived."""
        ...

    def close(self) -> None: ...


class VoiceActivity(Protocol):
    """Tells speech from everything else, window by window, for many callers in one batch."""

    def open_stream(self) -> VoiceActivityStream: ...

    async def close(self) -> None: ...


# --- turn detection -------------------------------------------------------------------------------------------------


class TurnDetector(Protocol):
    """Judges from the sound alone whether a pause is the end of the caller's turn."""

    async def end_of_turn_probability(self, audio: Samples) -> float:
        """Probability in [0, 1] that the turn that `audio` (16 kHz, ends at the pause; the last 8 s count) is over."""
        ...

    async def close(self) -> None: ...


# --- speech to text -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. `text` is '' when nothing was understood. `language` is a BCP-47 primary tag such as 'en'."""

    text: str
    language: str
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class TranscriptionHints:
    """What is known before the caller speaks. `language` None means: detect it, or the engine's only one."""

    language: str | None = None
    keyterms: tuple[str, ...] = ()


class TranscriptionStream(Protocol):
    """One utterance being transcribed. Owned by the turn that opened it; ends with `close`."""

    def push(self, samples: Samples) -> None:
        """Append 16 kHz audio. Cheap; never blocks."""
        ...

    async def interim(self) -> Transcript:
        """The best text for the audio pushed so far; may be revised by a later call."""
        ...

    async def final(self) -> Transcript:
        """The text for all audio pushed so far, as good as the engine can. More audio may be pushed afterwards."""
        ...

    def close(self) -> None: ...


class SpeechToText(Protocol):
    """Turns speech into text."""

    @property
    def languages(self) -> frozenset[str]:
        """Primary BCP-47 tags understood, e.g. {'en'}."""
        ...

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream: ...

    async def close(self) -> None: ...


# --- language model -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call that the model made. `arguments` is the JSON text as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the prompt. `tool_calls` only on the assistant's, `call_id` only on a tool's answer."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function that the model may call. `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


AffinityKey = NewType("AffinityKey", str)
"""Names one conversation, so that an engine with prompt caches can keep it on the cache that knows its prefix."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What to generate. `tool_choice` is 'auto', 'none', 'required' or the name of one tool.

    Without `parallel_tool_calls` at most one tool is called. A prompt that `keeps_all_messages` and is longer than the
    model can read is an `EngineError`; otherwise the oldest messages may be left out.
    `due_at` (loop seconds): when the model has to begin at the latest; until then other replies' first sentences may
    come first. None: at once, somebody is listening.
    `wanted_at`: asked again while the reply is written, when its next words are wanted (loop seconds): a voice that has
    enough to say can wait for others. None: a few words a second from `due_at` on.
    What stands before the first blank of `affinity` names the session that the work is done for.
    """

    messages: Sequence[ChatMessage]
    affinity: AffinityKey
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: str = "auto"
    json_schema: Mapping[str, Any] | None = None
    maximum_output_tokens: int | None = None
    temperature: float = 0.3
    parallel_tool_calls: bool = True
    keeps_all_messages: bool = False
    due_at: float | None = None
    wanted_at: Callable[[], float] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TextGenerated:
    """The next piece of text; pieces join without separators."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallGenerated:
    """One whole tool call."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class GenerationUsage:
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class GenerationEnded:
    """The last part of every generation that was not cancelled. 'length' means: cut at the output limit."""

    reason: Literal["stop", "length", "tool_calls"]
    usage: GenerationUsage


GenerationPart = TextGenerated | ToolCallGenerated | GenerationEnded


class LanguageModel(Protocol):
    """Writes the agent's words and tool calls."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        """Stream the reply; `aclose()` or cancellation frees the model at once. Raises `EngineError`."""
        ...

    async def prefill(self, request: GenerationRequest) -> None:
        """Warm the prompt cache with `request.messages` without generating. A no-op where there is no cache."""
        ...

    def release(self, affinity: AffinityKey) -> None:
        """The conversation is over; its cache may be reused."""
        ...

    async def close(self) -> None: ...


# --- text to speech -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be asked for by `name`. `language` is BCP-47, `gender` as its maker describes it."""

    name: str
    language: str
    gender: Literal["female", "male", "neutral"]
    engine: str


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One piece of text to speak, already normalised for speech. `speed` 1.0 is the voice's own pace (0.7-1.5).

    `due_at` (loop seconds): when the player has nothing left of what was spoken before. None: nothing was spoken yet,
    the sound is wanted as soon as can be.
    """

    text: str
    voice: str
    speed: float = 1.0
    due_at: float | None = None


class TextToSpeech(Protocol):
    """Speaks text in one of its voices."""

    @property
    def voices(self) -> tuple[Voice, ...]: ...

    def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        """Stream 24 kHz audio, peak at most `MAXIMUM_VOICE_PEAK`. Text without anything to say gives no audio.

        Raises `UnknownVoiceError` for a voice that is not in `voices`, `EngineError` otherwise.
        """
        ...

    async def close(self) -> None: ...


# --- text to vectors ------------------------------------------------------------------------------------------------

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions), float32, each row of length 1: the dot product is the cosine."""


class TextEmbedder(Protocol):
    """Turns texts into vectors whose closeness is that of their meaning. Long texts are cut at the model's window."""

    @property
    def name(self) -> str:
        """Names the model and its form: vectors of different names do not compare."""
        ...

    @property
    def dimensions(self) -> int: ...

    async def embed_query(self, text: str) -> Vectors:
        """One row, at once: somebody waits for it. Raises `EngineError`."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """A row each; gives way to queries and to calls. Raises `EngineError`."""
        ...

    async def close(self) -> None: ...
