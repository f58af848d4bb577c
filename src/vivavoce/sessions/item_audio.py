"""The caller's sound of a call's items: what came with an item, and what is kept so that a client may ask for it.

Sound is kept as it was heard (16 kHz, as 16-bit integers), the newest `KEPT_BYTES` of it, on disk: it is written
behind, and in memory only until then. Older sound is forgotten, its words stay. Where the disk fails, sound is lost and
nothing else. Owned by the ears of one call, which `close` it; dies with them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import Samples
from vivavoce.media.pcm import quantize_to_int16, samples_from_int16
from vivavoce.sessions.ports import Spawn
from vivavoce.sessions.sound_spool import SAMPLE_BYTES, SoundSpool

KEPT_ITEMS = 1024
KEPT_BYTES = 8 * 1024 * 1024
KEPT_SAMPLES = KEPT_BYTES // SAMPLE_BYTES

Sound = Samples | NDArray[np.int16]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where an item's sound is in all that was ever kept."""

    start_sample: int
    length: int


class ItemAudio:
    """Owned by one `Hearing`. `spawn` starts a task of the call."""

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._spool = SoundSpool(KEPT_SAMPLES)
        self._places: OrderedDict[ItemId, _Place] = OrderedDict()
        self._end_sample = 0
        self._unwritten: dict[ItemId, Sound] = {}
        self._writing: asyncio.Task[None] | None = None
        self._has_failed = False
        self._offered: dict[int, Samples] = {}
        self._offers = 0

    def offer(self, audio: Samples) -> int:
        """Sound that comes with an item which the conversation has yet to accept; the number to ask for it by."""
        self._offers += 1
        self._offered[self._offers] = audio
        return self._offers

    def take(self, number: int) -> Samples:
        """Sound that was offered; it can be taken once."""
        return self._offered.pop(number)

    def withdraw(self, number: int) -> None:
        """Forget an offer that was not taken."""
        self._offered.pop(number, None)

    def keep(self, item_id: ItemId, sound: Sound) -> None:
        """Keep an item's sound (16 kHz), at the cost of the oldest; none that is longer than all that is kept."""
        self.forget(item_id)
        if len(sound) > KEPT_SAMPLES:
            return
        self._places[item_id] = _Place(self._end_sample, len(sound))
        self._end_sample += len(sound)
        self._unwritten[item_id] = sound
        while len(self._places) > KEPT_ITEMS or self._oldest_sample() < self._end_sample - KEPT_SAMPLES:
            self.forget(next(iter(self._places)))
        if self._writing is None or self._writing.done():
            self._writing = self._spawn(self._write_behind(), "keep sound")

    def forget(self, item_id: ItemId) -> None:
        self._places.pop(item_id, None)
        self._unwritten.pop(item_id, None)

    def has(self, item_id: ItemId) -> bool:
        """Whether there is sound of this item (still)."""
        return item_id in self._places

    async def of(self, item_id: ItemId) -> Samples | None:
        """The sound of an item at 16 kHz; None if there is none (any more)."""
        place = self._places.get(item_id)
        if place is None:
            return None
        if (unwritten := self._unwritten.get(item_id)) is not None:
            return samples_from_int16(_as_kept(unwritten))
        try:
            found = await asyncio.to_thread(self._spool.read, place.start_sample, place.length)
        except OSError as error:
            self._lose(item_id, place, error)
            return None
        # newer sound is written over what was forgotten meanwhile
        return samples_from_int16(found) if self._places.get(item_id) is place else None

    async def close(self) -> None:
        """The call is over."""
        self._places.clear()
        self._unwritten.clear()
        if self._end_sample:
            await asyncio.to_thread(self._spool.close)

    def _oldest_sample(self) -> int:
        return next(iter(self._places.values())).start_sample

    async def _write_behind(self) -> None:
        while self._unwritten:
            item_id, sound = next(iter(self._unwritten.items()))
            place = self._places[item_id]
            try:
                await asyncio.to_thread(self._write, place, sound)
            except OSError as error:
                self._lose(item_id, place, error)
            if self._places.get(item_id) is place:
                del self._unwritten[item_id]

    def _write(self, place: _Place, sound: Sound) -> None:
        self._spool.write(place.start_sample, _as_kept(sound))

    def _lose(self, item_id: ItemId, place: _Place, error: OSError) -> None:
        if self._places.get(item_id) is place:
            self.forget(item_id)
        if not self._has_failed:
            self._has_failed = True
            _log.warning(
                "what callers say cannot be kept for conversation.item.retrieve (%s): the temporary directory, which "
                "TMPDIR names, has to be writable and to have %d MiB of room a call",
                error.strerror or error,
                KEPT_BYTES // 1024 // 1024,
            )


def _as_kept(sound: Sound) -> NDArray[np.int16]:
    return sound if sound.dtype == np.int16 else quantize_to_int16(sound)  # type: ignore[return-value, arg-type]
