"""An outlet that keeps what the client would get, with the loop time at which it came. Owned by one test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import Notice

N = TypeVar("N")


@dataclass(slots=True)
class RecordedOutlet:
    """What was told and sent."""

    notices: list[tuple[float, Notice]] = field(default_factory=list)
    audio: list[tuple[float, ReplyId, bytes]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, notice: Notice) -> None:
        self.notices.append((asyncio.get_running_loop().time(), notice))
        self._changed.set()

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> None:
        self.audio.append((asyncio.get_running_loop().time(), reply_id, audio))
        self._changed.set()

    def told(self, kind: type[N]) -> list[N]:
        return [notice for _, notice in self.notices if isinstance(notice, kind)]

    def told_at(self, kind: type[Any]) -> list[float]:
        return [at for at, notice in self.notices if isinstance(notice, kind)]

    async def until(self, kind: type[N], count: int = 1) -> N:
        """Wait for the `count`-th notice of a kind."""
        async with asyncio.timeout(600):
            while len(self.told(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.told(kind)[count - 1]

    async def until_audio(self, frames: int = 1) -> None:
        async with asyncio.timeout(600):
            while len(self.audio) < frames:
                self._changed.clear()
                await self._changed.wait()
