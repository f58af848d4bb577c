"""Many messages kept at once, newer states of the same message folded together: a handful of statements for all.

One `MessagesToKeep` for one transaction of the threads' store; it dies with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.message_rows import message_of, message_row, of_one_session
from vivavoce.store.records import MessageRecord, NewMessage, ThreadRecord
from vivavoce.store.schema import messages, threads

Said = tuple[ThreadRecord, NewMessage]
Kept = tuple[MessageRecord, bool] | UnknownRecordError
"""A message as it is kept now and whether it is new, or that its thread is not there."""

_Key = tuple[str, str]
"""A thread and a client's id in it."""


@dataclass(slots=True, eq=False)
class _State:
    """One message as it is to be: `known` as it is in the store, None for a new one; `said`: there is news of it."""

    thread: ThreadRecord
    message: NewMessage
    known: MessageRecord | None
    kept: MessageRecord | None = None
    said: bool = False


class MessagesToKeep:
    """What is said in threads, in order. `keep` may be called once."""

    def __init__(self, said: Sequence[Said], now: datetime) -> None:
        self._said = said
        self._now = now
        self._states: list[_State] = []
        self._by_key: dict[_Key, _State] = {}

    async def keep(self, connection: AsyncConnection) -> list[Kept]:
        """For each: the message as it is at the end, and whether this made it; or that its thread is not there."""
        living = await self._hold(connection)
        for state in await self._known(connection):
            assert state.message.client_id is not None
            self._by_key[state.thread.thread_id, state.message.client_id] = state
        planned = [self._plan(thread, new) if thread.thread_id in living else None for thread, new in self._said]
        await self._insert(connection)
        await self._change(connection)
        results: list[Kept] = []
        told: set[_State] = set()
        for (thread, _), plan in zip(self._said, planned, strict=True):
            if plan is None:
                results.append(UnknownRecordError("thread", thread.thread_id))
                continue
            assert plan.kept is not None
            results.append((plan.kept, plan.known is None and plan not in told))
            told.add(plan)
        return results

    async def _hold(self, connection: AsyncConnection) -> set[str]:
        # In the order of their ids, so that two writers that hold the same threads wait for each other and never both.
        wanted = sorted({thread.thread_id for thread, _ in self._said})
        held = select(threads.c.id).where(threads.c.id.in_(wanted), threads.c.deleted_at.is_(None))
        return set((await connection.execute(held.order_by(threads.c.id).with_for_update(key_share=True))).scalars())

    async def _known(self, connection: AsyncConnection) -> list[_State]:
        of_thread = {thread.thread_id: thread for thread, _ in self._said}
        wanted = {
            (thread.thread_id, client_id)
            for thread, new in self._said
            if new.client_id is not None
            for client_id in (new.client_id, of_one_session(new))
        }
        if not wanted:
            return []
        query = select(messages).where(tuple_(messages.c.thread_id, messages.c.client_id).in_(sorted(wanted)))
        found = [message_of(row) for row in await connection.execute(query)]
        return [_State(of_thread[each.thread_id], each.message, each) for each in found]

    def _plan(self, thread: ThreadRecord, new: NewMessage) -> _State:
        state = self._state_of(thread, new)
        if state is not None and state.message.session_id != new.session_id:
            new = replace(new, client_id=of_one_session(new))
            state = self._state_of(thread, new)
        if state is None:
            state = _State(thread, new, None, said=True)
            self._states.append(state)
            if new.client_id is not None:
                self._by_key[thread.thread_id, new.client_id] = state
            return state
        if not state.said:
            state.said = True
            self._states.append(state)
        state.message = replace(
            state.message,
            content=new.content,
            tool_call=new.tool_call,
            interrupted=new.interrupted,
            start_ms=new.start_ms,
            end_ms=new.end_ms,
            generated_text=new.generated_text,
        )
        return state

    def _state_of(self, thread: ThreadRecord, new: NewMessage) -> _State | None:
        return None if new.client_id is None else self._by_key.get((thread.thread_id, new.client_id))

    async def _insert(self, connection: AsyncConnection) -> None:
        fresh = [state for state in self._states if state.known is None]
        if fresh:
            rows = [message_row(state.thread, state.message, self._now) for state in fresh]
            adding = insert(messages).returning(*messages.c, sort_by_parameter_order=True)
            for state, row in zip(fresh, await connection.execute(adding, rows), strict=True):
                state.kept = message_of(row)

    async def _change(self, connection: AsyncConnection) -> None:
        former = [state for state in self._states if state.known is not None]
        if former:
            await connection.execute(_NEWER, [_newer(state) for state in former])
        added = Counter(state.thread.thread_id for state in self._states if state.known is None)
        touched = dict.fromkeys(state.thread.thread_id for state in self._states)
        if touched:
            counted = [{"of_thread": each, "more": added[each], "now": self._now} for each in touched]
            await connection.execute(_COUNTED, counted)


_NEWER = (
    update(messages)
    .where(messages.c.seq == bindparam("of_seq"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=messages.c[name].type)
            for name in ("content", "tool_call", "interrupted", "start_ms", "end_ms", "generated_text")
        }
    )
)
_COUNTED = (
    update(threads)
    .where(threads.c.id == bindparam("of_thread"))
    .values(message_count=threads.c.message_count + bindparam("more"), updated_at=bindparam("now"))
)


def _newer(state: _State) -> dict[str, object]:
    assert state.known is not None
    said = state.message
    state.kept = replace(state.known, message=said)
    return {
        "of_seq": state.known.seq,
        "new_content": said.content,
        "new_tool_call": None if said.tool_call is None else dict(said.tool_call),
        "new_interrupted": said.interrupted,
        "new_start_ms": said.start_ms,
        "new_end_ms": said.end_ms,
        "new_generated_text": said.generated_text,
    }
