"""The contract of the port `TextEmbedder`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from vivavoce.engines.embed.minilm import MiniLmTextEmbedder
from vivavoce.engines.ports import TextEmbedder
from vivavoce.engines.scripted import ScriptedTextEmbedder

Adapter = Callable[[Path], TextEmbedder]

ADAPTERS = [
    pytest.param(lambda _: ScriptedTextEmbedder(), id="scripted"),
    pytest.param(
        lambda models: MiniLmTextEmbedder(models / "all-minilm-l6-v2-int8"), id="minilm", marks=pytest.mark.models
    ),
]

PASSAGES = [
    "Parcels are delivered within three working days.",
    "The kettle boils one and a half litres of water.",
    "Our office in Hamburg is closed on Sundays.",
]


@pytest_asyncio.fixture(params=ADAPTERS)
async def engine(request: pytest.FixtureRequest, models_directory: Path) -> AsyncIterator[TextEmbedder]:
    adapter: Adapter = request.param
    opened = adapter(models_directory)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("When do you open?", id="a question"),
        pytest.param("", id="nothing"),
        pytest.param(" \n\t ", id="blanks"),
        pytest.param("?!…", id="no word at all"),
        pytest.param("お問い合わせ 🙂 привет", id="other scripts"),
        pytest.param("a\x00b", id="a character that is none"),
        pytest.param("kettle " * 5_000, id="a text far longer than any window"),
        pytest.param("x" * 20_000, id="one endless word"),
    ],
)
async def test_any_text_has_a_vector_of_length_one(engine: TextEmbedder, text: str) -> None:
    for vectors in (await engine.embed_query(text), await engine.embed_passages([text])):
        assert vectors.shape == (1, engine.dimensions)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)


async def test_no_passages_have_no_vectors(engine: TextEmbedder) -> None:
    assert (await engine.embed_passages([])).shape == (0, engine.dimensions)


@pytest.mark.parametrize(
    ("question", "answered_by"),
    [
        pytest.param("How long until parcels are delivered?", 0, id="the delivery"),
        pytest.param("How much water does the kettle take?", 1, id="the kettle"),
        pytest.param("Is the Hamburg office open on Sundays?", 2, id="the office"),
    ],
)
async def test_a_question_is_closest_to_its_answer(engine: TextEmbedder, question: str, answered_by: int) -> None:
    passages = await engine.embed_passages(PASSAGES)
    assert int((passages @ (await engine.embed_query(question))[0]).argmax()) == answered_by


async def test_a_vector_does_not_depend_on_its_company(engine: TextEmbedder) -> None:
    together = await engine.embed_passages([*PASSAGES, "long " * 400])
    for row, passage in zip(together, PASSAGES, strict=False):
        assert row == pytest.approx((await engine.embed_passages([passage]))[0], abs=1e-5)


async def test_a_question_and_a_passage_of_the_same_words_are_the_same(engine: TextEmbedder) -> None:
    question, passage = await engine.embed_query(PASSAGES[1]), await engine.embed_passages(PASSAGES[1:2])
    assert question == pytest.approx(passage, abs=1e-5)


async def test_a_question_overtakes_the_passages_that_wait(engine: TextEmbedder) -> None:
    passages = asyncio.ensure_future(engine.embed_passages(["a long passage about nothing " * 40] * 30))
    await asyncio.sleep(0)
    await engine.embed_query("When do you open?")
    assert not passages.done() or engine.name.startswith("scripted")
    assert (await passages).shape == (30, engine.dimensions)


async def test_a_cancelled_request_leaves_the_engine_usable(engine: TextEmbedder) -> None:
    work = [asyncio.ensure_future(engine.embed_passages(PASSAGES * 5)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in work:
        task.cancel()
    await asyncio.wait(work)
    assert (await engine.embed_query("When do you open?")).shape == (1, engine.dimensions)
