"""What is MiniLM's own: when it loads, how exact it is, what it does without its files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from vivavoce.engines.embed.minilm import MiniLmTextEmbedder
from vivavoce.engines.ports import EngineError

# The first numbers of the vectors that the original weights give in float32.
REFERENCE = {
    "When do you open on Sundays?": [0.0358, -0.0606, 0.0143, 0.0383, -0.0166, 0.0574, -0.0582, -0.0654],
    "The kettle boils one and a half litres of water.": [
        -0.0052,
        0.0045,
        -0.0410,
        0.0106,
        -0.0448,
        -0.0528,
        0.0209,
        -0.0624,
    ],
    "Returns are accepted within thirty days of purchase. " * 12: [
        -0.0332,
        0.0113,
        0.0299,
        -0.0064,
        -0.0228,
        -0.0293,
        -0.0697,
        0.0110,
    ],
}


def test_missing_files_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="vivavoce models pull all-minilm-l6-v2-int8"):
        MiniLmTextEmbedder(tmp_path)


@pytest.mark.models
async def test_nothing_is_loaded_before_the_first_text(models_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []

    def load(*_: object, **__: object) -> None:
        loads.append(threading.current_thread().name)
        raise EngineError("stop here")

    monkeypatch.setattr("vivavoce.engines.embed.minilm.open_onnx_session", load)
    engine = MiniLmTextEmbedder(models_directory / "all-minilm-l6-v2-int8")
    assert loads == []
    with pytest.raises(EngineError, match="stop here"):
        await engine.embed_query("hello")
    assert [name.startswith("engine-embed") for name in loads] == [True]
    await engine.close()


@pytest.mark.models
async def test_the_vectors_are_those_of_the_original_weights(models_directory: Path) -> None:
    engine = MiniLmTextEmbedder(models_directory / "all-minilm-l6-v2-int8")
    for text, expected in REFERENCE.items():
        assert (await engine.embed_query(text))[0, : len(expected)] == pytest.approx(np.array(expected), abs=0.004), (
            text
        )
    await engine.close()
