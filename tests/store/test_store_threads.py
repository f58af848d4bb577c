"""The threads in the database and what was said in them: every message once, in order, and counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import NewMessage, PageRequest, ThreadRecord
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

OLDEST_FIRST = PageRequest(newest_first=False)


@pytest.fixture
async def thread(store: Store) -> ThreadRecord:
    return await store.threads.add(NewThread(OURS, title="T", metadata={"a": 1}))


async def _said(store: Store, thread: ThreadRecord) -> list[str]:
    page = await store.threads.messages(OURS, OLDEST_FIRST, thread_id=thread.thread_id)
    return [each.message.content for each in page.items]


async def _count(store: Store, thread: ThreadRecord) -> int:
    found = await store.threads.get(OURS, thread.thread_id)
    assert found is not None
    return found.message_count


async def test_a_message_comes_back_with_everything_that_is_known_of_it(store: Store, thread: ThreadRecord) -> None:
    said = NewMessage("tool", "42", "sess_1", {"call_id": "c", "name": "f", "arguments": "{}"}, 10, 20)
    said = replace(said, interrupted=True, client_id="c1", generated_text="42 and more")
    kept, newly = await store.threads.append(thread, said)
    assert (kept.message, newly) == (said, True)
    page = await store.threads.messages(OURS, OLDEST_FIRST, thread_id=thread.thread_id, session_id="sess_1")
    assert page.items == [kept]
    assert (await store.threads.messages(OURS, OLDEST_FIRST, session_id="sess_2")).items == []


async def test_the_same_message_again_is_the_one_that_is_there_even_at_once(store: Store, thread: ThreadRecord) -> None:
    new = NewMessage("user", "hello", client_id="c1")
    kept = await asyncio.gather(*(store.threads.append(thread, replace(new, content=f"hello {n}")) for n in range(6)))
    assert sum(newly for _, newly in kept) == 1
    assert len({(each.message_id, each.message.content) for each, _ in kept}) == 1
    assert await _count(store, thread) == 1


async def test_messages_without_an_id_of_the_clients_are_all_kept_and_counted_even_at_once(
    store: Store, thread: ThreadRecord
) -> None:
    await asyncio.gather(*(store.threads.append(thread, NewMessage("user", str(n))) for n in range(8)))
    assert sorted(await _said(store, thread)) == [str(n) for n in range(8)]
    assert await _count(store, thread) == 8


async def test_the_same_id_in_another_thread_is_another_message(store: Store, thread: ThreadRecord) -> None:
    other = await store.threads.add(NewThread(OURS))
    for each in (thread, other):
        assert (await store.threads.append(each, NewMessage("user", "x", client_id="c1")))[1]


async def test_a_newer_state_of_a_message_replaces_the_former_and_keeps_its_place(
    store: Store, thread: ThreadRecord
) -> None:
    first = NewMessage("assistant", "One two three.", "sess_1", client_id="item_1")
    kept, newly = await store.threads.keep(thread, first)
    await store.threads.keep(thread, NewMessage("user", "Stop.", "sess_1", client_id="item_2"))
    cut = replace(first, content="One two", interrupted=True, generated_text="One two three.")
    again, again_newly = await store.threads.keep(thread, cut)
    assert (newly, again_newly, again.message_id) == (True, False, kept.message_id)
    assert again.message == cut
    assert (await store.threads.keep(thread, first))[0].message == first
    assert (await store.threads.keep(thread, cut))[0].message == cut
    assert await _said(store, thread) == ["One two", "Stop."]
    assert await _count(store, thread) == 2


async def test_an_item_that_another_session_calls_the_same_is_another_message(
    store: Store, thread: ThreadRecord
) -> None:
    one = NewMessage("user", "first call", "sess_1", client_id="item_1")
    other = replace(one, content="second call", session_id="sess_2")
    assert (await store.threads.keep(thread, one))[1]
    assert (await store.threads.keep(thread, other))[1]
    assert not (await store.threads.keep(thread, replace(other, content="second call, corrected")))[1]
    assert not (await store.threads.keep(thread, replace(one, content="first call, corrected")))[1]
    assert await _said(store, thread) == ["first call, corrected", "second call, corrected"]


async def test_a_thread_is_changed_in_what_is_named_and_found_by_its_agent(store: Store, thread: ThreadRecord) -> None:
    changed = await store.threads.change(OURS, thread.seq, {"title": None, "status": "archived", "seq": 99})
    assert (changed.seq, changed.title, changed.status, changed.metadata) == (thread.seq, None, "archived", {"a": 1})
    assert (await store.threads.list(OURS, PageRequest())).items == [changed]
    assert (await store.threads.list(OURS, PageRequest(), agent_id="agent_1")).items == []


async def test_a_deleted_thread_is_gone_for_everybody(store: Store, thread: ThreadRecord) -> None:
    await store.threads.delete(OURS, thread.thread_id)
    assert await store.threads.get(OURS, thread.thread_id) is None
    with pytest.raises(UnknownRecordError):
        await store.threads.delete(OURS, thread.thread_id)
    with pytest.raises(UnknownRecordError):
        await store.threads.change(OURS, thread.thread_id, {"title": "x"})
    with pytest.raises(UnknownRecordError):
        await store.threads.append(thread, NewMessage("user", "x"))


async def test_another_organisation_finds_neither_thread_nor_messages(store: Store, thread: ThreadRecord) -> None:
    theirs = (await store.organisations.add("Others")).organisation_id
    await store.threads.append(thread, NewMessage("user", "x", "sess_1"))
    assert await store.threads.get(theirs, thread.thread_id) is None
    assert (await store.threads.messages(theirs, OLDEST_FIRST, thread_id=thread.thread_id)).items == []
    with pytest.raises(UnknownRecordError):
        await store.threads.delete(theirs, thread.seq)


# --- many at once -----------------------------------------------------------------------------------------------------


async def _one_by_one(store: Store, said: list[tuple[ThreadRecord, NewMessage]]) -> list[bool]:
    return [(await store.threads.keep(thread, new))[1] for thread, new in said]


async def test_many_messages_kept_at_once_are_those_that_are_kept_one_by_one(store: Store) -> None:
    one, other = NewMessage("user", "one", "sess_1", client_id="c1"), NewMessage("assistant", "two", "sess_1")
    tool = NewMessage("tool", "42", "sess_1", {"call_id": "c", "name": "f", "arguments": "{}"}, 10, 20, client_id="c3")
    corrected = replace(one, content="one, corrected", interrupted=True, start_ms=7, generated_text="one, and more")
    second_call = replace(one, content="of another session", session_id="sess_2")
    batches = [
        [one, other, corrected],
        [tool, second_call, replace(tool, content="43"), replace(second_call, content="of another, corrected")],
        [replace(one, content="one, at last"), other, replace(tool, content="44", tool_call=None)],
    ]
    by_one, at_once = [await store.threads.add(NewThread(OURS)) for _ in range(2)]
    for batch in batches:
        newly = await _one_by_one(store, [(by_one, new) for new in batch])
        kept = await store.threads.keep_all([(at_once, new) for new in batch])
        assert [isinstance(each, tuple) and each[1] for each in kept] == newly
    pages = [
        (await store.threads.messages(OURS, OLDEST_FIRST, thread_id=thread.thread_id)).items
        for thread in (by_one, at_once)
    ]
    assert [each.message for each in pages[0]] == [each.message for each in pages[1]]
    assert await _count(store, by_one) == await _count(store, at_once) == len(pages[0]) == 5


async def test_what_is_answered_is_the_message_as_it_is_kept(store: Store, thread: ThreadRecord) -> None:
    said = [(thread, NewMessage("user", f"{number}", "sess_1", client_id=f"c{number}")) for number in range(40)]
    kept = await store.threads.keep_all(said)
    page = await store.threads.messages(OURS, PageRequest(newest_first=False, limit=100), thread_id=thread.thread_id)
    assert [each[0] for each in kept if isinstance(each, tuple)] == page.items
    assert [each.message.content for each in page.items] == [f"{number}" for number in range(40)]
    again = await store.threads.keep_all([(thread, replace(said[0][1], content="again"))])
    assert again == [(replace(page.items[0], message=replace(said[0][1], content="again")), False)]


async def test_a_thread_that_is_gone_keeps_no_other_message_back(store: Store, thread: ThreadRecord) -> None:
    gone = await store.threads.add(NewThread(OURS))
    await store.threads.delete(OURS, gone.thread_id)
    kept = await store.threads.keep_all([(gone, NewMessage("user", "lost")), (thread, NewMessage("user", "kept"))])
    assert isinstance(kept[0], UnknownRecordError)
    assert isinstance(kept[1], tuple)
    assert await _said(store, thread) == ["kept"]
    assert await store.threads.keep_all([]) == []


async def test_batches_for_the_same_threads_at_once_are_all_counted(store: Store) -> None:
    several = [await store.threads.add(NewThread(OURS)) for _ in range(4)]
    batches = [
        [(thread, NewMessage("user", str(batch), "sess_1", client_id=f"c{batch % 3}")) for thread in order]
        for batch, order in enumerate([several, several[::-1]] * 3)
    ]
    kept = await asyncio.gather(*(store.threads.keep_all(batch) for batch in batches))
    assert sum(isinstance(each, tuple) and each[1] for batch in kept for each in batch) == 3 * 4
    assert [await _count(store, thread) for thread in several] == [3] * 4
