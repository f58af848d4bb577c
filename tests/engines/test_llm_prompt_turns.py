"""When prompts are warmed: one at a time, and never beside a reply that is on its way to its first sentence."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack

from vivavoce.engines.llm.prompt_turns import YOUNG_TOKENS, PromptTurns


class _Turns:
    """Turns whose interruptions are counted."""

    def __init__(self) -> None:
        self.interruptions = 0
        self.turns = PromptTurns(self._interrupt)

    def _interrupt(self) -> None:
        self.interruptions += 1

    def quiet(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.turns.quiet())


async def _is_over(task: asyncio.Task[None]) -> bool:
    for _ in range(3):
        await asyncio.sleep(0)
    return task.done()


async def test_without_replies_nothing_waits() -> None:
    assert await _is_over(_Turns().quiet())


async def test_a_reply_interrupts_what_is_warmed_when_it_begins_and_only_then() -> None:
    house = _Turns()
    with house.turns.reply() as young:
        young.wrote()
        assert house.interruptions == 1
    assert house.interruptions == 1


async def test_warming_waits_for_the_first_sentence_of_a_reply_not_for_its_end() -> None:
    house = _Turns()
    with house.turns.reply() as young:
        warming = house.quiet()
        for _ in range(YOUNG_TOKENS - 1):
            young.wrote()
        assert not await _is_over(warming)
        young.wrote()
        assert await _is_over(warming)
        for _ in range(YOUNG_TOKENS):
            young.wrote()
    assert await _is_over(house.quiet())


async def test_a_reply_that_ends_young_keeps_nobody_waiting() -> None:
    house = _Turns()
    with house.turns.reply() as young:
        young.wrote()
        warming = house.quiet()
        assert not await _is_over(warming)
    assert await _is_over(warming)


async def test_warming_waits_for_every_young_reply() -> None:
    house = _Turns()
    with ExitStack() as replies:
        replies.enter_context(house.turns.reply())
        with house.turns.reply():
            warming = house.quiet()
        assert not await _is_over(warming)
    assert await _is_over(warming)


async def test_one_prompt_is_warmed_at_a_time_in_the_order_of_asking() -> None:
    house = _Turns()
    began: list[str] = []

    async def warm(name: str) -> None:
        async with house.turns.warming():
            began.append(name)

    async with AsyncExitStack() as first:
        await first.enter_async_context(house.turns.warming())
        others = [asyncio.create_task(warm(name)) for name in "abc"]
        assert not await _is_over(others[0])
        others[1].cancel()
    await asyncio.wait(others)
    assert began == ["a", "c"]
