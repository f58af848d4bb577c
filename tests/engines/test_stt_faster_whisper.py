"""Tests of what only the Whisper adapter does: its languages, its hot words, and being an extra."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from recorded_speech import sentence, word_error_rate

from vivavoce.engines.ports import EngineError, TranscriptionHints
from vivavoce.engines.stt.faster_whisper import FILES, FasterWhisperSpeechToText, WhisperSegments
from vivavoce.engines.stt.growing_buffer import TranscriptionStoppedError


class _FakeWhisper:
    """Remembers what it was asked; hears two pieces."""

    supported_languages = ("en", "de", "jw", "yue")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.opened = (arguments, options)
        self.asked: dict[str, Any] = {}

    def transcribe(self, audio: object, **options: Any) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        self.asked = options
        pieces = (SimpleNamespace(text=text) for text in (" Sugeng", " enjing. "))
        return pieces, SimpleNamespace(language=options["language"] or "jw")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[_FakeWhisper]:
    opened: list[_FakeWhisper] = []

    def open_model(*arguments: Any, **options: Any) -> _FakeWhisper:
        opened.append(_FakeWhisper(*arguments, **options))
        return opened[-1]

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=open_model))
    return opened


def test_without_the_extra_the_error_says_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(EngineError, match=r"pip install 'vivavoce\[multilingual\]'"):
        FasterWhisperSpeechToText(directory)


def test_missing_files_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model.bin, config.json.*models pull faster-whisper-base"):
        FasterWhisperSpeechToText(tmp_path)


def test_nothing_is_fetched_from_the_network(directory: Path, fake: list[_FakeWhisper]) -> None:
    WhisperSegments(directory, threads=2)
    arguments, options = fake[0].opened
    assert arguments == (str(directory),)
    assert options["local_files_only"] is True


@pytest.mark.parametrize(
    ("hints", "language", "hotwords", "told"),
    [
        pytest.param(
            TranscriptionHints(), None, None, "jv", id="without hints the language is detected and told in BCP-47"
        ),
        pytest.param(TranscriptionHints("de"), "de", None, "de", id="a language is passed on"),
        pytest.param(
            TranscriptionHints("jv"), "jw", None, "jv", id="a language Whisper writes otherwise is translated"
        ),
        pytest.param(
            TranscriptionHints("de", ("Müller", "Kwik")), "de", "Müller, Kwik", "de", id="key terms are hot words"
        ),
    ],
)
def test_hints(
    directory: Path,
    fake: list[_FakeWhisper],
    hints: TranscriptionHints,
    language: str | None,
    hotwords: str | None,
    told: str,
) -> None:
    heard = WhisperSegments(directory, threads=1).transcribe(sentence("001").samples, hints, None, threading.Event())
    assert (heard.text, heard.language) == ("Sugeng enjing.", told)
    assert (fake[0].asked["language"], fake[0].asked["hotwords"]) == (language, hotwords)


def test_a_stop_ends_the_look_between_two_pieces(directory: Path, fake: list[_FakeWhisper]) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TranscriptionStoppedError):
        WhisperSegments(directory, threads=1).transcribe(sentence("001").samples, TranscriptionHints(), None, stop)


async def test_a_language_is_known_by_its_primary_tag_and_another_refused(
    directory: Path, fake: list[_FakeWhisper]
) -> None:
    engine = FasterWhisperSpeechToText(directory)
    assert engine.languages == {"en", "de", "jv", "yue"}
    german, klingon = (engine.open_stream(TranscriptionHints(tag)) for tag in ("de-AT", "tlh"))
    assert (await german.final()).language == "de"
    with pytest.raises(EngineError, match="'tlh'"):
        await klingon.final()
    await engine.close()


@pytest.mark.models
@pytest.mark.corpus
async def test_without_a_hint_english_is_detected_and_understood(models_directory: Path) -> None:
    engine = FasterWhisperSpeechToText(models_directory / "faster-whisper-base")
    stream = engine.open_stream(TranscriptionHints())
    stream.push(sentence("0890").samples)
    transcript = await stream.final()
    await engine.close()
    assert transcript.language == "en"
    assert word_error_rate(sentence("0890").text, transcript.text) <= 0.1
    assert len(engine.languages) > 90
