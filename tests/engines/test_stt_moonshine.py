"""Tests of what only the Moonshine adapter does: its vocabulary, its drafts, its limits. Most use the real weights."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_speech import SILENCE, plain_words, sentence, sentences, word_error_rate

from vivavoce.engines.ports import EngineError, Samples, TranscriptionHints
from vivavoce.engines.stt.growing_buffer import SegmentText, TranscriptionStoppedError
from vivavoce.engines.stt.moonshine import (
    FILES,
    MoonshineModel,
    MoonshineSpeechToText,
    agreement,
    read_vocabulary,
    words_of,
)

HINTS = TranscriptionHints("en")


def _encoded(token: bytes) -> bytes:
    if len(token) < 0x80:
        return bytes([len(token)]) + token
    return bytes([0x80 | len(token) % 128, len(token) // 128]) + token


@given(st.lists(st.binary(max_size=300).filter(lambda token: not token.startswith(b"<<ST_")), min_size=3, max_size=20))
def test_the_vocabulary_is_read_and_its_first_three_marks_are_no_text(tokens: list[bytes]) -> None:
    data = b"".join(_encoded(token) for token in [*tokens, b"<<ST_0>>", b"<<ST_1>>"])
    assert read_vocabulary(data) == [b"", b"", b"", *tokens[3:], b"", b""]


VOCABULARY = [
    b"",
    b"",
    b"",
    "▁Good".encode(),
    "▁morn".encode(),
    b"ing",
    b".",
    "♪".encode(),
    b"\xc3",
    b"\xa9",
    b"\xe2\x99",
]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        pytest.param([], "", id="no tokens are no text"),
        pytest.param([3, 4, 5, 6], "Good morning.", id="pieces join to words"),
        pytest.param([3, 8, 9], "Goodé", id="a letter may be spread over two tokens"),
        pytest.param([7, 7, 7], "", id="music is no text"),
        pytest.param([6, 6], "", id="punctuation alone is no text"),
        pytest.param([3, 7, 10], "Good♪", id="half a letter at the end is dropped"),
    ],
)
def test_text(tokens: list[int], text: str) -> None:
    assert words_of(VOCABULARY, tokens) == text


@pytest.mark.parametrize(
    ("chosen", "agreed"),
    [
        pytest.param([(0, 5.0), (1, 5.0)], 2, id="what the model chooses itself"),
        pytest.param([(0, 5.0), (2, 5.4)], 2, id="what the model finds nearly as good"),
        pytest.param([(0, 5.0), (2, 5.6)], 1, id="not what it finds worse"),
        pytest.param([(3, 9.0), (1, 5.0)], 0, id="nothing after the first disagreement"),
    ],
)
def test_how_far_the_model_agrees_with_a_draft(chosen: list[tuple[int, float]], agreed: int) -> None:
    draft = (0, 1)
    logits = np.zeros((3, 4), dtype=np.float32)
    for position, token in enumerate(draft):
        logits[position, token] = 5.0
    for position, (token, logit) in enumerate(chosen):
        logits[position, token] = logit
    assert agreement(logits, draft) == agreed


def test_missing_files_are_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / FILES[2]).touch()
    with pytest.raises(EngineError, match=r"encoder_model.ort, decoder_model_merged.ort not found.*models pull"):
        MoonshineSpeechToText(tmp_path)


@pytest.fixture(scope="module")
def model(models_directory: Path) -> MoonshineModel:
    return MoonshineModel(models_directory / "moonshine-tiny-en", threads=1)


def _transcribe(model: MoonshineModel, audio: Samples, earlier: SegmentText | None = None) -> SegmentText:
    return model.transcribe(audio, HINTS, earlier, threading.Event())


@pytest.mark.models
@pytest.mark.corpus
def test_at_most_one_word_in_twenty_of_the_recorded_sentences_is_wrong(model: MoonshineModel) -> None:
    references = " ".join(recording.text for recording in sentences())
    transcripts = " ".join(plain_words(_transcribe(model, recording.samples).text) for recording in sentences())
    assert word_error_rate(references, transcripts) <= 0.05


@pytest.mark.models
@pytest.mark.corpus
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 1.0])
def test_drafts_from_earlier_audio_make_no_more_mistakes(model: MoonshineModel, share: float) -> None:
    drafted = []
    for recording in sentences():
        earlier = _transcribe(model, recording.samples[: int(recording.samples.size * share)])
        drafted.append(plain_words(_transcribe(model, recording.samples, earlier).text))
    references = " ".join(recording.text for recording in sentences())
    assert word_error_rate(references, " ".join(drafted)) <= 0.05


@pytest.mark.models
@pytest.mark.corpus
def test_a_draft_of_the_same_audio_is_judged_in_one_step(model: MoonshineModel) -> None:
    said = sentence("0870").samples
    draft = _transcribe(model, said)
    # The stop flag is looked at before every step but the first.
    stopped = threading.Event()
    stopped.set()
    assert model.transcribe(said, HINTS, draft, stopped) == draft


@pytest.mark.models
@pytest.mark.corpus
def test_a_draft_of_other_speech_does_no_harm(model: MoonshineModel) -> None:
    other = _transcribe(model, sentence("005").samples)
    assert _transcribe(model, sentence("0930").samples, other) == _transcribe(model, sentence("0930").samples)


@pytest.mark.models
@pytest.mark.corpus
async def test_speech_of_25_seconds_is_understood_in_segments(models_directory: Path) -> None:
    engine = MoonshineSpeechToText(models_directory / "moonshine-tiny-en")
    stream = engine.open_stream(TranscriptionHints())
    spoken = sentences()[5:]
    for recording in spoken:
        stream.push(recording.samples)
        stream.push(SILENCE)
    transcript = await stream.final()
    await engine.close()
    assert transcript.audio_seconds > 25
    assert word_error_rate(" ".join(recording.text for recording in spoken), transcript.text) <= 0.08


@pytest.mark.models
@pytest.mark.corpus
def test_a_stop_ends_decoding(model: MoonshineModel) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TranscriptionStoppedError):
        model.transcribe(sentence("0870").samples, HINTS, None, stop)


@pytest.mark.models
@pytest.mark.parametrize("level", [0.0001, 0.001, 0.01, 0.1])
def test_ten_seconds_of_noise_do_not_catch_the_model_in_a_loop(model: MoonshineModel, level: float) -> None:
    noise = np.random.default_rng(0).normal(0, level, 160_000).astype(np.float32)
    assert len(_transcribe(model, noise).tokens) < 20


@pytest.mark.models
async def test_another_language_is_refused_naming_the_alternative(models_directory: Path) -> None:
    engine = MoonshineSpeechToText(models_directory / "moonshine-tiny-en")
    british, german = (engine.open_stream(TranscriptionHints(tag)) for tag in ("en-GB", "de-AT"))
    assert (await british.final()).language == "en"
    german.push(np.ones(16_000, dtype=np.float32))
    for look in (german.interim, german.final):
        with pytest.raises(EngineError, match="'de-AT': choose faster-whisper"):
            await look()
    german.close()
    await engine.close()
