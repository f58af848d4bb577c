"""The stub speech-to-text, language model and voice as the product's engine ports. Owned by the vivavoce driver.

The engines of a process are shared by its calls: the call's key travels as the one key term of its transcriptions and
as the last word of its instructions, so that each stub knows whose caller has spoken.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bench.peers.caller import Line
from bench.peers.plan import HEARING_HZ
from bench.peers.stubs import sounds, words_of_reply
from vivavoce.engines.ports import (
    AffinityKey,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    Samples,
    SpeechRequest,
    TextGenerated,
    Transcript,
    TranscriptionHints,
    Voice,
)
from vivavoce.media.pcm import samples_from_pcm16

Lines = dict[str, Line]
"""Calls by the key that they are known by in the engines."""

VOICE = Voice("eve", "en-US", "female", "stub")


class StubTranscription:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._samples = 0

    def push(self, samples: Samples) -> None:
        self._samples += len(samples)

    async def interim(self) -> Transcript:
        return Transcript(self._line.words_so_far, "en", self._samples / HEARING_HZ)

    async def final(self) -> Transcript:
        return Transcript(await self._line.words(), "en", self._samples / HEARING_HZ)

    def close(self) -> None:
        """Nothing is held."""


class StubSpeechToText:
    """Knows a turn's words `STT_SECONDS` after its last speech sample; before, what the peers are told too."""

    languages = frozenset({"en"})

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def open_stream(self, hints: TranscriptionHints) -> StubTranscription:
        return StubTranscription(self._lines[hints.keyterms[0]])

    async def close(self) -> None:
        """Nothing is held."""


class StubLanguageModel:
    """Writes the same answer to everything."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        words = 0
        async with aclosing(words_of_reply(self._lines[_last_word(request)])) as texts:
            async for text in texts:
                words += len(text.split())
                yield TextGenerated(text)
        yield GenerationEnded("stop", GenerationUsage(0, 0, words))

    async def prefill(self, request: GenerationRequest) -> None:
        """There is no cache."""

    def release(self, affinity: AffinityKey) -> None:
        """There is no cache."""

    async def close(self) -> None:
        """Nothing is held."""


class StubTextToSpeech:
    """Sounds a tone. It is not told whose call it speaks for, but every call's plan is the same."""

    voices = (VOICE,)

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        line = next(iter(self._lines.values()))
        async with aclosing(sounds(line, request.text)) as pieces:
            async for piece in pieces:
                yield samples_from_pcm16(piece)

    async def close(self) -> None:
        """Nothing is held."""


def instructions(key: str) -> str:
    """Instructions that tell the stub language model whose call it is."""
    return f"You are friendly. {key}"


def _last_word(request: GenerationRequest) -> str:
    return next(message.text for message in request.messages if message.role == "system").split()[-1]
