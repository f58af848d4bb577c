"""Whisper through faster-whisper (CTranslate2, int8): speech-to-text in 99 languages, slower than Moonshine.

The engine is owned by the composition root and closed when the process ends; a stream is owned by a turn.
Models: any CTranslate2 conversion of Whisper, such as Systran/faster-whisper-base (MIT). The package is an extra of
vivavoce, because it brings a copy of FFmpeg. Nothing is fetched from the network.

Whisper looks at 30 s whatever it is given, so each look costs the same; it can only be stopped between two looks.
Key terms are passed on as hot words.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from vivavoce.engines.ports import EngineError, Samples, TranscriptionHints, TranscriptionStream
from vivavoce.engines.stt.growing_buffer import (
    GrowingBuffer,
    RefusedUtterance,
    SegmentText,
    TranscriptionDesk,
    TranscriptionStoppedError,
    primary_language,
)
from vivavoce.telemetry.load import WaitLog

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")

# Whisper writes Javanese as 'jw'; BCP-47 knows it as 'jv'.
_TAGS = {"jw": "jv"}
_WHISPER_CODES = {tag: code for code, tag in _TAGS.items()}


class WhisperSegments:
    """The loaded model, transcribing one segment at a time."""

    def __init__(self, directory: Path, *, threads: int) -> None:
        missing = [name for name in FILES if not (directory / name).is_file()]
        if missing:
            raise EngineError(
                f"{', '.join(missing)} not found in {directory}: run `vivavoce models pull faster-whisper-base`"
            )
        self._model = _load(directory, threads)
        self.languages = frozenset(_TAGS.get(code, code) for code in self._model.supported_languages)

    def transcribe(
        self,
        audio: Samples,
        hints: TranscriptionHints,
        earlier: SegmentText | None,  # noqa: ARG002 - Whisper is not given its earlier words: it tends to repeat them
        stop: threading.Event,
    ) -> SegmentText:
        pieces, about = self._model.transcribe(
            audio,
            language=_WHISPER_CODES.get(hints.language, hints.language) if hints.language else None,
            beam_size=1,
            best_of=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            hotwords=", ".join(hints.keyterms) or None,
        )
        words: list[str] = []
        for piece in pieces:
            words.append(piece.text.strip())
            if stop.is_set():
                raise TranscriptionStoppedError
        return SegmentText(" ".join(words).strip(), _TAGS.get(about.language, about.language))


def _load(directory: Path, threads: int) -> WhisperModel:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise EngineError(
            "faster-whisper is not installed: run `pip install 'vivavoce[multilingual]'`, or choose Moonshine"
        ) from error
    return WhisperModel(str(directory), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)


class FasterWhisperSpeechToText:
    """`SpeechToText` by Whisper. Loads the model on construction, in the calling thread (about a second).

    Without a language hint each look detects the language anew.
    """

    def __init__(self, directory: Path, *, threads: int = 2, waits: WaitLog | None = None) -> None:
        self._segments = WhisperSegments(directory, threads=threads)
        self._desk = TranscriptionDesk("stt", self._segments, default_language="en", waits=waits)

    @property
    def languages(self) -> frozenset[str]:
        return self._segments.languages

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream:
        """Begin an utterance. Its looks raise `EngineError` when the hinted language is not one of the model's."""
        language = primary_language(hints)
        if language is not None and language not in self.languages:
            return RefusedUtterance(f"Whisper does not understand {hints.language!r}: give another language, or none")
        return GrowingBuffer(self._desk, TranscriptionHints(language, hints.keyterms))

    async def close(self) -> None:
        await self._desk.close()
