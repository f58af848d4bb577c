"""The caller's sound of items: kept within bounds, given back as it was heard."""

from __future__ import annotations

import numpy as np

from vivavoce.conversation.identifiers import ItemId
from vivavoce.sessions.item_audio import KEPT_BYTES, KEPT_ITEMS, ItemAudio


def test_sound_is_given_back_as_it_was_heard() -> None:
    kept, heard = ItemAudio(), (np.sin(np.arange(1600) / 20) / 2).astype(np.float32)
    kept.keep(ItemId("a"), heard)
    found = kept.of(ItemId("a"))
    assert found is not None
    assert np.abs(found - heard).max() < 1e-4
    kept.forget(ItemId("a"))
    assert kept.of(ItemId("a")) is None


def test_the_oldest_sound_goes_when_there_are_too_many_items() -> None:
    kept = ItemAudio()
    for number in range(KEPT_ITEMS + 1):
        kept.keep(ItemId(str(number)), np.zeros(160, dtype=np.float32))
    assert [kept.of(ItemId(str(number))) is None for number in (0, 1, KEPT_ITEMS)] == [True, False, False]


def test_the_oldest_sound_goes_when_there_is_too_much_of_it() -> None:
    kept, third = ItemAudio(), np.zeros(KEPT_BYTES // 2 // 3, dtype=np.float32)
    for name in "abcd":
        kept.keep(ItemId(name), third)
    assert [name for name in "abcd" if kept.of(ItemId(name)) is not None] == ["b", "c", "d"]
    kept.keep(ItemId("d"), third)
    assert [name for name in "abcd" if kept.of(ItemId(name)) is not None] == ["b", "c", "d"]


def test_the_newest_sound_is_kept_whole_however_long_it_is() -> None:
    kept, long = ItemAudio(), np.zeros(KEPT_BYTES, dtype=np.float32)
    kept.keep(ItemId("a"), long[:160])
    kept.keep(ItemId("b"), long)
    found = kept.of(ItemId("b"))
    assert found is not None
    assert (kept.of(ItemId("a")), len(found)) == (None, len(long))


def test_an_offer_can_be_taken_once() -> None:
    kept, heard = ItemAudio(), np.zeros(160, dtype=np.float32)
    first, second = kept.offer(heard), kept.offer(heard)
    assert kept.take(first) is heard
    kept.withdraw(first)
    kept.withdraw(second)
    assert (first, second) == (1, 2)
