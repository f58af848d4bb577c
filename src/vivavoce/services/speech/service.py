"""What a client may ask of the voices and the ears without a call.

One `SpeechService` serves the process; the engines are the calls' own, and so many jobs at once share them that calls
are not starved. Whoever takes a generator closes it; that ends its work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError, TranscriptionHints
from vivavoce.engines.serving.worker import EngineBusyError
from vivavoce.engines.voices import resolve_voice
from vivavoce.media.audio_files import RecordingReader
from vivavoce.media.formats import AudioFormat
from vivavoce.services.errors import LimitReachedError, NotReadyError, ServiceError, UpstreamFailedError
from vivavoce.services.speech.listening import Listening, Utterance, UtteranceRules
from vivavoce.services.speech.saying import Manner, Said, Saying
from vivavoce.sessions.ports import Engines

JOBS_MAXIMUM = 50
"""Recordings, texts and sockets that are worked on at once."""

AUTOMATIC_LANGUAGE = "auto"
RECORDING_RULES = UtteranceRules(silence_ms=600, relaxed_after_seconds=20.0)


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """One utterance of a recording. Times in seconds since it began; `text` may be ''."""

    text: str
    language: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The last part of every transcription: how long the recording is."""

    audio_seconds: float


HeardPart = HeardSegment | RecordingEnded


class SpeechService:
    """`engines` gives the loaded engines, None until they are."""

    def __init__(self, engines: Callable[[], Engines | None], *, jobs_maximum: int = JOBS_MAXIMUM) -> None:
        self._engines = engines
        self._jobs_maximum = jobs_maximum
        self._jobs = 0

    @contextmanager
    def job(self) -> Iterator[None]:
        """A place among the jobs. Raises `LimitReachedError`."""
        if self._jobs >= self._jobs_maximum:
            message = f"{self._jobs_maximum} texts and recordings are being worked on; try again when some are done."
            raise LimitReachedError("too_many_jobs", message)
        self._jobs += 1
        try:
            yield
        finally:
            self._jobs -= 1

    # --- text to speech ---------------------------------------------------------------------------------------------

    def voice(self, voice: str, param: str, language: str | None = None) -> str:
        """Which voice a client means. Raises `InvalidFieldError` (for `param` or `language`), `NotReadyError`."""
        voices = self._loaded().text_to_speech.voices
        name = resolve_voice(voice, voices)
        if name is None:
            some = ", ".join(each.name for each in voices[:8])
            message = f"{voice[:100]!r} is no voice of this server; GET /v1/voices lists them, some are: {some}"
            raise InvalidFieldError(param, message)
        spoken = next(each.language for each in voices if each.name == name)
        if language and language.lower() != AUTOMATIC_LANGUAGE and _primary(language) != _primary(spoken):
            message = f"the voice {name!r} speaks {_primary(spoken)!r}; ask for that, for 'auto', or for another voice"
            raise InvalidFieldError("language", message)
        return name

    def saying(self, manner: Manner) -> Saying:
        """For text that comes in pieces. Raises `NotReadyError`; `voice_failure` names what its engine raises."""
        return Saying(self._loaded().text_to_speech, manner)

    async def say(self, text: str, manner: Manner) -> AsyncGenerator[Said]:
        """Speak a whole text. Raises `NotReadyError`, `LimitReachedError`, `UpstreamFailedError`."""
        with self.job():
            saying = self.saying(manner)
            try:
                for piece in await asyncio.to_thread(lambda: [*saying.push(text), *saying.flush()]):
                    async with aclosing(saying.say(piece)) as said:
                        async for part in said:
                            yield part
            except EngineError as error:
                raise voice_failure(error) from error

    # --- speech to text ---------------------------------------------------------------------------------------------

    def hints(self, language: str | None, keyterms: tuple[str, ...] = ()) -> TranscriptionHints:
        """What is known of the speech. Raises `InvalidFieldError` (for `language`), `NotReadyError`."""
        if not language or language.lower() == AUTOMATIC_LANGUAGE:
            return TranscriptionHints(None, keyterms)
        known = self._loaded().speech_to_text.languages
        if _primary(language) not in known:
            message = f"{language[:40]!r} is not understood by this server's model, only: {', '.join(sorted(known))}"
            raise InvalidFieldError("language", message)
        return TranscriptionHints(_primary(language), keyterms)

    def listening(self, hints: TranscriptionHints, rules: UtteranceRules) -> Listening:
        """For sound that comes in pieces. Raises `NotReadyError`; `ears_failure` names what its engines raise."""
        engines = self._loaded()
        return Listening(engines.speech_to_text, engines.voice_activity, engines.turn_detector, hints, rules)

    async def transcribe(
        self,
        file: BinaryIO,
        raw: AudioFormat | None,
        hints: TranscriptionHints,
        rules: UtteranceRules = RECORDING_RULES,
    ) -> AsyncGenerator[HeardPart]:
        """The utterances of a recording as they are understood, then its length.

        Raises `AudioDataError`, `NotReadyError`, `LimitReachedError`, `UpstreamFailedError`.
        """
        with self.job():
            listening = self.listening(hints, rules)
            try:
                async with aclosing(_utterances(file, raw, listening)) as utterances:
                    async for utterance in utterances:
                        yield await _segment(utterance)
                yield RecordingEnded(listening.heard_seconds)
            except EngineError as error:
                raise ears_failure(error) from error
            finally:
                listening.close()

    def _loaded(self) -> Engines:
        engines = self._engines()
        if engines is None:
            raise NotReadyError("not_ready", "The voices and the ears are still loading; try again in a moment.")
        return engines


async def _utterances(file: BinaryIO, raw: AudioFormat | None, listening: Listening) -> AsyncGenerator[Utterance]:
    # Opening, decoding and closing run on worker threads; the decoder sees one of them at a time.
    reader = await asyncio.to_thread(RecordingReader, file, HEARING_RATE_HZ, raw)
    try:
        while (samples := await asyncio.to_thread(reader.read)) is not None:
            for utterance in await listening.push(samples):
                yield utterance
        for utterance in await listening.finish():
            yield utterance
    finally:
        reader.close()


async def _segment(utterance: Utterance) -> HeardSegment:
    try:
        heard = await utterance.words()
    finally:
        utterance.close()
    return HeardSegment(heard.text.strip(), heard.language, utterance.start_seconds, utterance.end_seconds)


def voice_failure(error: EngineError) -> ServiceError:
    """What to tell the client when the voice cannot speak."""
    if isinstance(error, EngineBusyError):
        return NotReadyError("voice_busy", f"The voice has too much to do: {_said(error)}.")
    return UpstreamFailedError("voice_failed", f"The voice could not speak: {_said(error)}.")


def ears_failure(error: EngineError) -> ServiceError:
    """What to tell the client when the transcription fails."""
    if isinstance(error, EngineBusyError):
        return NotReadyError("transcription_busy", f"The transcription has too much to do: {_said(error)}.")
    return UpstreamFailedError("transcription_failed", f"The recording could not be understood: {_said(error)}.")


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


def _said(error: EngineError) -> str:
    return str(error).rstrip(". ")
