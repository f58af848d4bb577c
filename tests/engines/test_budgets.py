"""What one session may ask of the shared model: its tokens of a minute, its replies at once, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
)
from vivavoce.engines.serving.budgets import REPLIES_AT_ONCE, BudgetedLanguageModel, BudgetSpentError


class _Writer:
    """A model that writes ten pieces of two tokens, one a second."""

    def __init__(self) -> None:
        self.begun = 0
        self.closed = False
        self.released: list[AffinityKey] = []
        self.prefilled: list[GenerationRequest] = []

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        self.begun += 1
        for _ in range(10):
            await asyncio.sleep(1)
            yield TextGenerated("word ")
        yield GenerationEnded("stop", GenerationUsage(5, 0, 20))

    async def prefill(self, request: GenerationRequest) -> None:
        self.prefilled.append(request)

    def release(self, affinity: AffinityKey) -> None:
        self.released.append(affinity)

    async def close(self) -> None:
        self.closed = True


def _request(affinity: str = "sess_1") -> GenerationRequest:
    return GenerationRequest((ChatMessage("user", "Hello."),), AffinityKey(affinity))


async def _reply(model: BudgetedLanguageModel, affinity: str = "sess_1", parts: int | None = None) -> int:
    """A reply, given up after some parts; how many came."""
    heard = 0
    async with aclosing(model.generate(_request(affinity))) as generated:
        async for _ in generated:
            heard += 1
            if heard == parts:
                break
    return heard


@pytest.mark.looptime
async def test_a_session_that_has_had_its_tokens_is_refused_until_the_minute_is_over() -> None:
    model = BudgetedLanguageModel(_Writer(), tokens_per_minute=40)
    await _reply(model)
    await _reply(model)
    with pytest.raises(BudgetSpentError, match="its 40 tokens of the last minute; ask again"):
        await _reply(model)
    await asyncio.sleep(50.5)
    assert await _reply(model) == 11


@pytest.mark.looptime
async def test_a_reply_that_has_begun_is_never_cut() -> None:
    model = BudgetedLanguageModel(_Writer(), tokens_per_minute=1)
    assert await _reply(model) == 11


@pytest.mark.looptime
async def test_what_a_cancelled_reply_wrote_counts_too() -> None:
    model = BudgetedLanguageModel(_Writer(), tokens_per_minute=6)
    assert await _reply(model, parts=3) == 3
    assert await _reply(model, parts=3) == 3
    with pytest.raises(BudgetSpentError):
        await _reply(model)


@pytest.mark.looptime
async def test_every_conversation_of_a_session_counts_and_no_other_session() -> None:
    model = BudgetedLanguageModel(_Writer(), tokens_per_minute=20)
    await _reply(model, "sess_1 resp_7")
    with pytest.raises(BudgetSpentError):
        await _reply(model, "sess_1")
    assert await _reply(model, "sess_10") == 11


@pytest.mark.looptime
async def test_without_a_limit_a_session_may_have_any_number() -> None:
    model = BudgetedLanguageModel(_Writer(), tokens_per_minute=0)
    assert [await _reply(model) for _ in range(5)] == [11] * 5


@pytest.mark.looptime
async def test_a_session_may_have_only_so_many_replies_at_once() -> None:
    writer = _Writer()
    model = BudgetedLanguageModel(writer, tokens_per_minute=0)
    tasks = [asyncio.create_task(_reply(model, f"sess_1 resp_{number}")) for number in range(REPLIES_AT_ONCE)]
    await asyncio.sleep(0.5)
    with pytest.raises(BudgetSpentError, match="wait until one has ended"):
        await _reply(model)
    assert await _reply(model, "sess_2") == 11
    await asyncio.gather(*tasks)
    assert await _reply(model) == 11
    assert writer.begun == REPLIES_AT_ONCE + 2


async def test_everything_else_reaches_the_model() -> None:
    writer = _Writer()
    model = BudgetedLanguageModel(writer, tokens_per_minute=10)
    await model.prefill(_request())
    model.release(AffinityKey("sess_1"))
    await model.close()
    assert (writer.prefilled, writer.released, writer.closed) == ([_request()], ["sess_1"], True)
