"""The caller's sound of a call's items: what came with an item, and what is kept so that a client may ask for it.

Sound is kept as it was heard (16 kHz, as 16-bit integers): the newest item whole, and as many before it as
`KEPT_ITEMS` and `KEPT_BYTES` allow; older sound is forgotten, its words stay. Owned by the ears of one call; dies with
them.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import Samples

KEPT_ITEMS = 64
KEPT_BYTES = 128 * 1024
"""Four seconds. It is the largest part of what one more call takes, and clients ask for what was said just now."""

FULL_SCALE = 32_767


class ItemAudio:
    """Owned by one `Transcribing`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ItemId, NDArray[np.int16]] = OrderedDict()
        self._kept_bytes = 0
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

    def keep(self, item_id: ItemId, audio: Samples) -> None:
        """Keep an item's sound (16 kHz), at the cost of the oldest."""
        self.forget(item_id)
        stored = (np.clip(audio, -1.0, 1.0) * FULL_SCALE).astype(np.int16)
        self._kept[item_id] = stored
        self._kept_bytes += stored.nbytes
        while len(self._kept) > 1 and (len(self._kept) > KEPT_ITEMS or self._kept_bytes > KEPT_BYTES):
            self.forget(next(iter(self._kept)))

    def forget(self, item_id: ItemId) -> None:
        stored = self._kept.pop(item_id, None)
        if stored is not None:
            self._kept_bytes -= stored.nbytes

    def of(self, item_id: ItemId) -> Samples | None:
        """The sound of an item at 16 kHz; None if there is none (any more)."""
        stored = self._kept.get(item_id)
        return None if stored is None else stored.astype(np.float32) / np.float32(FULL_SCALE)
