"""What only one voice adapter does: Kokoro's voice files, hibari's fixed noise, missing weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivavoce.engines.ports import EngineError, Samples, SpeechRequest, TextToSpeech
from vivavoce.engines.tts.hibari import HibariTextToSpeech
from vivavoce.engines.tts.kokoro import LONGEST_TEXT_TOKENS, STYLE_SIZE, KokoroTextToSpeech
from vivavoce.engines.tts.piper import PiperTextToSpeech


async def _spoken(engine: TextToSpeech, text: str, voice: str, speed: float = 1.0) -> Samples:
    return np.concatenate([chunk async for chunk in engine.synthesize(SpeechRequest(text, voice, speed))])


def _style_file(folder: Path, name: str, numbers: int = LONGEST_TEXT_TOKENS * STYLE_SIZE) -> None:
    folder.mkdir(exist_ok=True)
    np.zeros(numbers, "<f4").tofile(folder / name)


def _kokoro(models: Path, *folders: Path) -> KokoroTextToSpeech:
    return KokoroTextToSpeech(
        models / "kokoro-82m" / "kokoro-v1.0.int8.onnx", models / "kokoro-82m" / "vocab.json", folders
    )


@pytest.mark.parametrize(
    ("open_engine", "model"),
    [
        pytest.param(lambda there: HibariTextToSpeech(there / "x.onnx"), "hibari-heart", id="hibari"),
        pytest.param(lambda there: KokoroTextToSpeech(there / "x.onnx", there / "v", []), "kokoro-82m", id="Kokoro"),
        pytest.param(lambda there: PiperTextToSpeech(there / "x.onnx", there / "x.json"), "piper-joe", id="Piper"),
    ],
)
def test_missing_weights_are_named_with_the_command_that_fetches_them(
    tmp_path: Path, open_engine: object, model: str
) -> None:
    assert callable(open_engine)
    with pytest.raises(EngineError, match=rf"x\.onnx.*vivavoce models pull {model}"):
        open_engine(tmp_path)


@pytest.mark.models
async def test_the_names_of_voice_files_tell_who_speaks(models_directory: Path, tmp_path: Path) -> None:
    for name in ("af_one.bin", "bm_two.bin", "jf_three.bin", "readme.bin", "xx_four.bin", "af_five.txt"):
        _style_file(tmp_path, name)
    engine = _kokoro(models_directory, tmp_path, tmp_path / "not there")
    assert [(voice.name, voice.language, voice.gender) for voice in engine.voices] == [
        ("af_one", "en-US", "female"),
        ("bm_two", "en-GB", "male"),
        ("jf_three", "en-JP", "female"),
    ]
    await engine.close()


@pytest.mark.models
async def test_of_two_voice_files_with_one_name_the_earlier_folder_counts(
    models_directory: Path, tmp_path: Path
) -> None:
    _style_file(tmp_path / "damaged", "af_bella.bin", numbers=7)
    good, damaged = models_directory / "kokoro-82m" / "voices", tmp_path / "damaged"
    for folders, works in (((good, damaged), True), ((damaged, good), False)):
        engine = _kokoro(models_directory, *folders)
        if works:
            assert (await _spoken(engine, "Yes.", "af_bella")).size
        else:
            with pytest.raises(EngineError, match="damaged"):
                await _spoken(engine, "Yes.", "af_bella")
        await engine.close()


@pytest.mark.models
def test_a_folder_without_voices_says_how_to_get_some(models_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="vivavoce models pull kokoro-82m"):
        _kokoro(models_directory, tmp_path)


@pytest.mark.models
async def test_hibari_always_says_a_text_the_same_way(models_directory: Path) -> None:
    engine = HibariTextToSpeech(models_directory / "hibari-heart" / "hibari.onnx")
    first, second = [await _spoken(engine, "Good morning.", "heart") for _ in range(2)]
    np.testing.assert_array_equal(first, second)
    await engine.close()


@pytest.mark.models
@pytest.mark.parametrize(("asked", "nearest"), [(0.1, 0.7), (9.0, 1.5)])
async def test_a_speed_out_of_range_becomes_the_nearest_one(
    models_directory: Path, asked: float, nearest: float
) -> None:
    engine = HibariTextToSpeech(models_directory / "hibari-heart" / "hibari.onnx")
    extreme, clamped = [await _spoken(engine, "Good morning.", "heart", speed) for speed in (asked, nearest)]
    np.testing.assert_array_equal(extreme, clamped)
    await engine.close()


@pytest.mark.models
async def test_a_speed_that_is_no_number_is_refused(models_directory: Path) -> None:
    engine = HibariTextToSpeech(models_directory / "hibari-heart" / "hibari.onnx")
    with pytest.raises(EngineError, match="speed nan"):
        await _spoken(engine, "Good morning.", "heart", float("nan"))
    await engine.close()


@pytest.mark.models
async def test_a_long_sentence_of_kokoro_comes_in_parts(models_directory: Path) -> None:
    engine = _kokoro(models_directory, models_directory / "kokoro-82m" / "voices")
    text = "Please bring your insurance card, a list of your medicines, and whatever else you think is useful to us."
    parts = [chunk async for chunk in engine.synthesize(SpeechRequest(text, "af_bella"))]
    assert len(parts) == 2
    assert all(part.size > 24_000 for part in parts)
    await engine.close()
