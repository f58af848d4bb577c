"""Slots: who gets which, who waits, and that nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vivavoce.engines.llm.slots import Placement, SlotLine, SlotTable
from vivavoce.engines.ports import AffinityKey, EngineError
from vivavoce.engines.serving.worker import EngineBusyError


def _visit(table: SlotTable, name: str, opening: str) -> Placement | None:
    """A reply from beginning to end."""
    placement = table.take(AffinityKey(name), opening)
    if placement is not None:
        table.give_back(placement.slot)
    return placement


@pytest.mark.parametrize(
    ("visits", "released", "placement"),
    [
        pytest.param([], [], Placement(0, "nothing"), id="the first conversation gets an empty slot"),
        pytest.param(
            [("new", "shop")], [], Placement(0, "conversation"), id="a conversation comes back to its own slot"
        ),
        pytest.param(
            [("new", "school")], [], Placement(0, "nothing"), id="its own slot knows nothing of a new system prompt"
        ),
        pytest.param(
            [("a", "shop")], [], Placement(1, "nothing"), id="an empty slot goes before one of a live conversation"
        ),
        pytest.param(
            [("a", "shop"), ("b", "shop")],
            ["b"],
            Placement(1, "opening"),
            id="a released slot with the same opening goes before an empty one",
        ),
        pytest.param(
            [("a", "school")], ["a"], Placement(1, "nothing"), id="an empty slot goes before one with another opening"
        ),
        pytest.param(
            [("a", "x"), ("b", "y"), ("c", "z"), ("a", "x")],
            ["a", "b", "c"],
            Placement(1, "nothing"),
            id="the slot released and unused longest goes first",
        ),
        pytest.param(
            [("a", "x"), ("b", "y"), ("c", "z"), ("a", "x")],
            ["a"],
            Placement(0, "nothing"),
            id="a released slot goes before one of a live conversation",
        ),
        pytest.param(
            [("a", "x"), ("b", "y"), ("c", "z"), ("a", "x")],
            [],
            Placement(1, "nothing", AffinityKey("b")),
            id="with no slot free of a live conversation the quietest one loses its own",
        ),
        pytest.param(
            [("a", "shop"), ("b", "y"), ("c", "z")],
            [],
            Placement(0, "opening", AffinityKey("a")),
            id="the one that loses its slot is named even where the opening is the same",
        ),
    ],
)
def test_a_new_reply_of_the_shop_gets(visits: list[tuple[str, str]], released: list[str], placement: Placement) -> None:
    table = SlotTable(3)
    for name, opening in visits:
        _visit(table, name, opening)
    for name in released:
        table.release(AffinityKey(name))
    assert table.take(AffinityKey("new"), "shop") == placement


def test_a_conversation_waits_for_its_own_slot_though_others_are_free() -> None:
    table = SlotTable(2)
    assert table.take(AffinityKey("a"), "x") == Placement(0, "nothing")
    assert table.take(AffinityKey("a"), "x") is None


def test_releasing_an_unknown_conversation_is_harmless() -> None:
    table = SlotTable(1)
    table.release(AffinityKey("nobody"))
    assert table.take(AffinityKey("a"), "x") == Placement(0, "nothing")


class SlotTableMachine(RuleBasedStateMachine):
    """Any order of taking, giving back and releasing."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SlotTable(3)
        self.busy: dict[int, str] = {}
        self.home: dict[str, int] = {}

    @rule(name=st.sampled_from("abcdef"), opening=st.sampled_from("xy"))
    def take(self, name: str, opening: str) -> None:
        placement = self.table.take(AffinityKey(name), opening)
        if placement is None:
            own_is_busy = name in self.home and self.home[name] in self.busy
            assert own_is_busy or len(self.busy) == 3
            return
        assert placement.slot not in self.busy
        if name in self.home:
            assert placement.slot == self.home[name]
        lost = [other for other, slot in self.home.items() if slot == placement.slot and other != name]
        assert placement.evicted == (lost[0] if lost else None)
        for other in lost:
            del self.home[other]
        self.home[name] = placement.slot
        self.busy[placement.slot] = name

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.busy)))
        del self.busy[slot]
        self.table.give_back(slot)

    @rule(name=st.sampled_from("abcdef"))
    def release(self, name: str) -> None:
        self.home.pop(name, None)
        self.table.release(AffinityKey(name))

    @invariant()
    def no_two_conversations_share_a_slot(self) -> None:
        assert len(set(self.home.values())) == len(self.home)


TestSlotTable = SlotTableMachine.TestCase


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_wait_are_served_in_order() -> None:
    line = SlotLine(1)
    first = await line.take(AffinityKey("a"), "x")
    served: list[str] = []

    async def wait(name: str) -> None:
        placement = await line.take(AffinityKey(name), "x")
        served.append(name)
        line.give_back(placement.slot)

    tasks = [asyncio.create_task(wait(name)) for name in "bcd"]
    await _settle()
    assert served == []
    assert line.try_take(AffinityKey("e"), "x") is None
    line.give_back(first.slot)
    await asyncio.gather(*tasks)
    assert served == ["b", "c", "d"]


async def test_one_who_waits_for_his_own_slot_does_not_hold_up_the_next() -> None:
    line = SlotLine(2)
    held = await line.take(AffinityKey("a"), "x")
    again = asyncio.create_task(line.take(AffinityKey("a"), "x"))
    await _settle()
    other = await line.take(AffinityKey("b"), "x")
    assert other.slot != held.slot
    assert not again.done()
    line.give_back(held.slot)
    assert (await again).slot == held.slot


async def test_leaving_the_line_leaves_the_slot_to_the_next() -> None:
    line = SlotLine(1)
    held = await line.take(AffinityKey("a"), "x")
    leaver = asyncio.create_task(line.take(AffinityKey("b"), "x"))
    stayer = asyncio.create_task(line.take(AffinityKey("c"), "x"))
    await _settle()
    leaver.cancel()
    await _settle()
    line.give_back(held.slot)
    assert (await stayer).slot == held.slot
    assert leaver.cancelled()


async def test_a_slot_given_to_one_who_was_just_cancelled_is_not_lost() -> None:
    line = SlotLine(1)
    held = await line.take(AffinityKey("a"), "x")
    leaver = asyncio.create_task(line.take(AffinityKey("b"), "x"))
    await _settle()
    line.give_back(held.slot)
    leaver.cancel()
    await asyncio.wait([leaver])
    assert (await line.take(AffinityKey("c"), "x")).slot == held.slot


async def test_a_line_that_is_full_refuses() -> None:
    line = SlotLine(1, limit=1)
    await line.take(AffinityKey("a"), "x")
    waiting = asyncio.create_task(line.take(AffinityKey("b"), "x"))
    await _settle()
    with pytest.raises(EngineBusyError, match="wait for the language model"):
        await line.take(AffinityKey("c"), "x")
    waiting.cancel()


async def test_closing_sends_the_line_away() -> None:
    line = SlotLine(1)
    await line.take(AffinityKey("a"), "x")
    waiting = asyncio.create_task(line.take(AffinityKey("b"), "x"))
    await _settle()
    line.refuse_all(EngineError("closed"))
    with pytest.raises(EngineError, match="closed"):
        await waiting


async def test_releasing_makes_room_for_one_who_waits() -> None:
    """Without its owner's claim on a busy slot, the waiting reply may use the free one."""
    line = SlotLine(2)
    await line.take(AffinityKey("a"), "x")
    again = asyncio.create_task(line.take(AffinityKey("a"), "x"))
    await _settle()
    line.release(AffinityKey("a"))
    assert (await again).slot == 1


async def test_of_those_who_wait_the_one_that_is_due_first_is_served_first() -> None:
    line = SlotLine(1)
    now = asyncio.get_running_loop().time()
    held = await line.take(AffinityKey("held"), "x")
    served: list[str] = []

    async def wait(name: str, due_at: float | None) -> None:
        placement = await line.take(AffinityKey(name), "x", due_at)
        served.append(name)
        line.give_back(placement.slot)

    wanted = {"a text": now + 60, "a tool": now + 5, "a caller": None, "another caller": None, "overdue": now - 5}
    tasks = [asyncio.create_task(wait(name, due_at)) for name, due_at in wanted.items()]
    await _settle()
    line.give_back(held.slot)
    await asyncio.gather(*tasks)
    assert served == ["overdue", "a caller", "another caller", "a tool", "a text"]
