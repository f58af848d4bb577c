"""The two moments of a call that others are told of: its beginning, and its end, which always follows.

Owned by the connection; dies with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from vivavoce.transports.admission import CallPlan, Refusal


class Lifetime:
    """Awaits `on_begin` and `on_end` of one call's plan."""

    def __init__(self, plan: CallPlan) -> None:
        self._plan = plan
        self._begun = False

    async def begin(self) -> None:
        """Raises `Refusal` where `on_begin` does; then the call has not begun, and no end follows."""
        self._begun = True
        try:
            if self._plan.on_begin is not None:
                await self._plan.on_begin()
        except Refusal:
            self._begun = False
            raise

    async def end(self, reason: str | None) -> None:
        """Tell of the end. Again, or without a beginning, it does nothing; a cancellation waits until it is told."""
        if not self._begun:
            return
        self._begun = False
        if self._plan.on_end is not None:
            await _uncancelled(self._plan.on_end(reason))


async def _uncancelled(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
