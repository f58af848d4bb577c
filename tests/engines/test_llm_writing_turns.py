"""Whose reply is written: the one whose words are wanted first, asked again at every token."""

from __future__ import annotations

import asyncio

import pytest

from vivavoce.engines.llm.writing_turns import MARGIN_SECONDS, WritingTurn, WritingTurns
from vivavoce.engines.serving.worker import EngineBusyError


class _House:
    """Replies by name; remembers who was let write and who was stopped, in that order."""

    def __init__(self, at_once: int = 1) -> None:
        self.turns = WritingTurns(at_once)
        self.wanted: dict[str, float] = {}
        self.told: list[str] = []
        self.steadfast: set[str] = set()
        self._all: dict[str, WritingTurn] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, wanted_at: float) -> None:
        self.wanted[name] = wanted_at
        turn = self._all.setdefault(name, WritingTurn(lambda: self.wanted[name], lambda: self._pause(name)))

        async def take() -> None:
            await self.turns.take(turn)
            self.told.append(f"{name} writes")

        self._tasks[name] = asyncio.create_task(take())
        await self.settle()

    async def end(self, name: str) -> None:
        self.turns.give_back(self._all[name])
        await self.settle()

    async def token(self) -> None:
        self.turns.reconsider()
        await self.settle()

    async def leave(self, name: str) -> None:
        self._tasks[name].cancel()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0)

    def _pause(self, name: str) -> bool:
        if name in self.steadfast:
            return False
        self.told.append(f"{name} stops")
        return True


async def test_a_reply_alone_is_written_at_once() -> None:
    house = _House()
    await house.ask("a", 5.0)
    assert house.told == ["a writes"]


async def test_of_those_that_wait_the_one_that_is_wanted_first_comes_next() -> None:
    house = _House()
    for name, wanted_at in (("a", 0.0), ("late", 3.0), ("soon", 1.0), ("soon as well", 1.0)):
        await house.ask(name, wanted_at)
    for name in ("a", "soon", "soon as well", "late"):
        await house.end(name)
    assert house.told == ["a writes", "soon writes", "soon as well writes", "late writes"]


async def test_a_reply_whose_voice_has_enough_to_say_makes_room() -> None:
    house = _House()
    await house.ask("talker", 3.0)
    await house.ask("caller", 0.0)
    assert house.told == ["talker writes", "talker stops", "caller writes"]


async def test_a_reply_that_makes_room_goes_on_afterwards() -> None:
    house = _House()
    await house.ask("talker", 3.0)
    await house.ask("caller", 0.0)
    await house.ask("talker", 3.0)
    await house.end("caller")
    assert house.told[-1] == "talker writes"


async def test_the_order_is_asked_again_at_every_token() -> None:
    house = _House()
    await house.ask("a", 1.0)
    await house.ask("b", 1.0)
    await house.token()
    assert house.told == ["a writes"]
    house.wanted["a"] = 2.5  # its voice has been given a piece
    await house.token()
    assert house.told == ["a writes", "a stops", "b writes"]


@pytest.mark.parametrize(
    ("sooner_by", "stops"),
    [
        pytest.param(MARGIN_SECONDS / 2, False, id="hardly sooner is no reason to stop"),
        pytest.param(MARGIN_SECONDS * 2, True, id="clearly sooner is"),
        pytest.param(-1.0, False, id="later is none at all"),
    ],
)
async def test_how_much_sooner_words_must_be_wanted(sooner_by: float, stops: bool) -> None:
    house = _House()
    await house.ask("a", 5.0)
    await house.ask("b", 5.0 - sooner_by)
    assert ("a stops" in house.told) is stops


async def test_what_cannot_be_gone_on_with_is_written_to_its_end() -> None:
    house = _House()
    house.steadfast.add("call of a tool")
    await house.ask("call of a tool", 9.0)
    await house.ask("caller", 0.0)
    assert house.told == ["call of a tool writes"]
    await house.end("call of a tool")
    assert house.told[-1] == "caller writes"


async def test_with_room_for_two_the_less_urgent_of_them_stops() -> None:
    house = _House(at_once=2)
    for name, wanted_at in (("a", 2.0), ("b", 4.0), ("c", 1.0)):
        await house.ask(name, wanted_at)
    assert house.told == ["a writes", "b writes", "b stops", "c writes"]


async def test_if_the_least_urgent_cannot_stop_the_next_one_does() -> None:
    house = _House(at_once=2)
    house.steadfast.add("b")
    for name, wanted_at in (("a", 2.0), ("b", 4.0), ("c", 1.0)):
        await house.ask(name, wanted_at)
    assert house.told == ["a writes", "b writes", "a stops", "c writes"]


async def test_who_leaves_the_line_is_not_called() -> None:
    house = _House()
    for name in ("a", "b", "c"):
        await house.ask(name, 1.0)
    await house.leave("b")
    await house.end("a")
    assert house.told == ["a writes", "c writes"]


async def test_who_leaves_in_the_moment_of_being_called_passes_the_turn_on() -> None:
    house = _House()
    for name in ("a", "b", "c"):
        await house.ask(name, 1.0)
    house.turns.give_back(house._all["a"])
    await house.leave("b")
    assert house.told == ["a writes", "c writes"]


async def test_an_end_that_is_told_twice_lets_only_one_in() -> None:
    house = _House()
    for name in ("a", "b", "c"):
        await house.ask(name, 1.0)
    await house.end("a")
    await house.end("a")
    assert house.told == ["a writes", "b writes"]


async def test_one_more_than_may_wait_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.engines.llm.writing_turns.WAITING_MAXIMUM", 1)
    house = _House()
    await house.ask("a", 1.0)
    await house.ask("b", 1.0)
    with pytest.raises(EngineBusyError, match="1 replies wait"):
        await house.turns.take(WritingTurn(lambda: 0.0, lambda: True))
