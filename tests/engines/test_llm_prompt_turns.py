"""When prompts are warmed: one at a time, and never beside a reply that is on its way to its first sentence."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack

import pytest

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
    with house.turns.reply() as written:
        written()
        assert house.interruptions == 1
    assert house.interruptions == 1


async def test_warming_waits_for_the_first_sentence_of_a_reply_not_for_its_end() -> None:
    house = _Turns()
    with house.turns.reply() as written:
        warming = house.quiet()
        for _ in range(YOUNG_TOKENS - 1):
            written()
        assert not await _is_over(warming)
        written()
        assert await _is_over(warming)
        for _ in range(YOUNG_TOKENS):
            written()
    assert await _is_over(house.quiet())


async def test_a_reply_that_ends_young_keeps_nobody_waiting() -> None:
    house = _Turns()
    with house.turns.reply() as written:
        written()
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


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("due_in", "quiet_after", "waited"),
    [
        pytest.param(2.0, None, 0.0, id="without other replies it begins at once"),
        pytest.param(2.0, 0.5, 0.5, id="it begins as soon as no other reply is young"),
        pytest.param(2.0, 9.0, 2.0, id="it begins when it is due, though another reply is young"),
        pytest.param(-1.0, 9.0, 0.0, id="one that is overdue waits for nobody"),
    ],
)
async def test_a_reply_that_is_not_due_yet_begins_in_a_lull(
    due_in: float, quiet_after: float | None, waited: float
) -> None:
    house = _Turns()
    clock = asyncio.get_running_loop()

    async def reply(seconds: float) -> None:
        with house.turns.reply():
            await asyncio.sleep(seconds)

    other = asyncio.create_task(reply(quiet_after)) if quiet_after is not None else None
    await asyncio.sleep(0)
    begun = clock.time()
    await house.turns.lull(begun + due_in)
    assert clock.time() - begun == pytest.approx(waited)
    if other is not None:
        await other
