"""The caller's sound of items: kept on disk within bounds, given back as it was heard, lost without harm."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import Samples
from vivavoce.sessions.item_audio import KEPT_ITEMS, KEPT_SAMPLES, ItemAudio
from vivavoce.sessions.sound_spool import SoundSpool


class Keeping:
    """An `ItemAudio` in a call of its own."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self.kept = ItemAudio(self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work, name=name))
        return self.tasks[-1]

    async def written(self) -> None:
        await asyncio.gather(*self.tasks)

    async def those_there(self, names: str) -> str:
        return "".join([name for name in names if await self.kept.of(ItemId(name)) is not None])


@asynccontextmanager
async def keeping() -> AsyncIterator[Keeping]:
    call = Keeping()
    yield call
    await call.written()
    await call.kept.close()


def _noise(seed: int, length: int) -> Samples:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, length).astype(np.float32)


@pytest.fixture
def no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary directory has been taken away."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))


async def test_sound_is_given_back_as_it_was_heard_before_it_is_on_disk_and_after() -> None:
    heard = _noise(1, 16_000)
    async with keeping() as call:
        call.kept.keep(ItemId("a"), heard)
        before = await call.kept.of(ItemId("a"))
        await call.written()
        after = await call.kept.of(ItemId("a"))
        call.kept.forget(ItemId("a"))
        assert (await call.kept.of(ItemId("a")), call.kept.has(ItemId("a"))) == (None, False)
    assert before is not None
    assert after is not None
    assert np.abs(before - heard).max() < 1e-4
    assert np.array_equal(before, after)


async def test_every_item_of_a_long_call_is_given_back_with_its_own_sound() -> None:
    turns = {ItemId(str(turn)): _noise(turn, 1000 + turn) for turn in range(200)}
    async with keeping() as call:
        for item_id, heard in turns.items():
            call.kept.keep(item_id, heard)
        await call.written()
        for item_id, heard in turns.items():
            found = await call.kept.of(item_id)
            assert found is not None
            assert found == pytest.approx(heard, abs=1e-4)


async def test_once_sound_is_on_disk_it_is_asked_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    read, lengths = SoundSpool.read, []

    def counted(spool: SoundSpool, at_sample: int, length: int) -> object:
        lengths.append(length)
        return read(spool, at_sample, length)

    monkeypatch.setattr(SoundSpool, "read", counted)
    async with keeping() as call:
        call.kept.keep(ItemId("a"), _noise(1, 1600))
        await call.kept.of(ItemId("a"))
        assert lengths == []
        await call.written()
        await call.kept.of(ItemId("a"))
        assert lengths == [1600]


async def test_the_oldest_sound_goes_when_there_are_too_many_items() -> None:
    async with keeping() as call:
        for number in range(KEPT_ITEMS + 1):
            call.kept.keep(ItemId(str(number)), np.zeros(16, dtype=np.float32))
        assert [call.kept.has(ItemId(str(number))) for number in (0, 1, KEPT_ITEMS)] == [False, True, True]


async def test_the_oldest_sound_goes_when_there_is_too_much_of_it_and_the_newest_is_written_over_it() -> None:
    third = KEPT_SAMPLES // 3
    async with keeping() as call:
        for seed, name in enumerate("abcd"):
            call.kept.keep(ItemId(name), _noise(seed, third))
            await call.written()
        assert await call.those_there("abcd") == "bcd"
        for seed, name in enumerate("abcd"):
            found = await call.kept.of(ItemId(name))
            assert found is None or np.abs(found - _noise(seed, third)).max() < 1e-4
        call.kept.keep(ItemId("d"), _noise(9, third))
        await call.written()
        assert await call.those_there("abcd") == "cd"


async def test_sound_that_is_forgotten_before_it_is_written_is_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    monkeypatch.setattr(SoundSpool, "write", lambda _, at_sample, sound: written.append(at_sample + 0 * len(sound)))
    async with keeping() as call:
        call.kept.keep(ItemId("a"), _noise(1, 100))
        call.kept.keep(ItemId("b"), _noise(2, 100))
        call.kept.keep(ItemId("a"), _noise(3, 100))
        call.kept.forget(ItemId("b"))
        await call.written()
    assert written == [200]


async def test_sound_that_is_longer_than_all_that_is_kept_is_not_kept_and_costs_no_other() -> None:
    async with keeping() as call:
        call.kept.keep(ItemId("a"), _noise(1, 160))
        call.kept.keep(ItemId("b"), np.zeros(KEPT_SAMPLES + 1, dtype=np.float32))
        assert await call.those_there("ab") == "a"


@pytest.mark.usefixtures("no_room")
async def test_where_nothing_can_be_written_only_the_sound_is_lost_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        async with keeping() as call:
            for name in "ab":
                call.kept.keep(ItemId(name), _noise(1, 160))
                await call.written()
            assert await call.those_there("ab") == ""
    assert [record.getMessage().count("TMPDIR") for record in caplog.records] == [1]


async def test_where_nothing_can_be_read_only_the_sound_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(spool: SoundSpool, at_sample: int, length: int) -> None:
        raise OSError(5, f"no {length} samples at {at_sample} of {spool}")

    monkeypatch.setattr(SoundSpool, "read", unreadable)
    async with keeping() as call:
        call.kept.keep(ItemId("a"), _noise(1, 160))
        await call.written()
        assert (await call.kept.of(ItemId("a")), call.kept.has(ItemId("a"))) == (None, False)


async def test_sound_that_is_forgotten_while_it_is_read_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    async with keeping() as call:
        call.kept.keep(ItemId("a"), _noise(1, 160))
        await call.written()
        read, loop = SoundSpool.read, asyncio.get_running_loop()

        def read_late(spool: SoundSpool, at_sample: int, length: int) -> object:
            loop.call_soon_threadsafe(call.kept.forget, ItemId("a"))
            return read(spool, at_sample, length)

        monkeypatch.setattr(SoundSpool, "read", read_late)
        assert await call.kept.of(ItemId("a")) is None


async def test_an_offer_can_be_taken_once() -> None:
    async with keeping() as call:
        heard = np.zeros(160, dtype=np.float32)
        first, second = call.kept.offer(heard), call.kept.offer(heard)
        assert call.kept.take(first) is heard
        call.kept.withdraw(first)
        call.kept.withdraw(second)
        assert (first, second) == (1, 2)
        for number in (first, second):
            with pytest.raises(KeyError):
                call.kept.take(number)
