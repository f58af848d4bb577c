"""Tests of the smallest pure parts of the core: named deadlines and counted ids."""

from __future__ import annotations

from effort import thorough
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.deadlines import Deadline, Deadlines
from vivavoce.conversation.identifiers import Identifiers


@thorough
@given(st.lists(st.tuples(st.sampled_from(Deadline), st.floats(0, 100) | st.none())), st.floats(0, 100))
def test_deadlines_are_a_mapping_whose_earliest_is_next(
    changes: list[tuple[Deadline, float | None]], now: float
) -> None:
    deadlines, model = Deadlines(), dict[Deadline, float]()
    for deadline, at in changes:
        if at is None:
            deadlines.clear(deadline)
            model.pop(deadline, None)
        else:
            deadlines.set(deadline, at)
            model[deadline] = at
        assert deadlines.next == min(model.values(), default=None)
        assert {each for each in Deadline if deadlines.is_set(each)} == set(model)
    due = {deadline: at for deadline, at in model.items() if at <= now}
    taken = deadlines.take_due(now)
    assert set(taken) == set(due)
    assert [due[deadline] for deadline in taken] == sorted(due.values())
    assert deadlines.next == min((at for at in model.values() if at > now), default=None)


def test_a_deadline_is_due_at_its_very_moment_and_only_once() -> None:
    deadlines = Deadlines()
    deadlines.set(Deadline.TURN_END, 1.5)
    assert deadlines.take_due(1.25) == []
    assert deadlines.take_due(1.5) == [Deadline.TURN_END]
    assert deadlines.take_due(1.5) == []


@thorough
@given(st.text("abc_09", max_size=5), st.lists(st.booleans(), max_size=50))
def test_ids_are_counted_and_never_come_twice(prefix: str, draws: list[bool]) -> None:
    one, twin = Identifiers(prefix), Identifiers(prefix)
    names = [str(one.next_item() if is_item else one.next_reply()) for is_item in draws]
    assert len(set(names)) == len(names)
    assert names == [str(twin.next_item() if is_item else twin.next_reply()) for is_item in draws]
    assert all(prefix in name for name in names)


def test_ids_say_what_they_name() -> None:
    ids = Identifiers("x")
    assert (ids.next_item(), ids.next_reply(), ids.next_item()) == ("item_x00001", "resp_x00001", "item_x00002")
