"""Who stood on the event loop: reads the loop thread's stack while a heartbeat is late. Pure but for reading frames.

Used by the watch (`loop_watch`). What is told of a stack is places in code, never values: nothing that callers say can
get into the log this way.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import PurePath
from types import FrameType

FRAMES_TOLD = 3
"""Places told of one stack: the innermost, and those that called it."""

_PACKAGE = "vivavoce"
_LOOP_FILES = frozenset({"base_events.py", "events.py", "runners.py", "selector_events.py", "selectors.py"})


@dataclass(frozen=True, slots=True)
class Stall:
    """The loop stood still for `seconds`. `places`: `file:line function`, innermost first; empty when no code of the
    loop was running, so that other threads or other processes had the processor.
    """

    seconds: float
    places: tuple[str, ...]

    def __str__(self) -> str:
        ms = round(self.seconds * 1000)
        if not self.places:
            return f"the event loop was {ms} ms late though nothing ran on it: the processor was busy elsewhere"
        return f"the event loop stood still for {ms} ms in {' < '.join(self.places)}"


def places_of(thread_id: int) -> tuple[str, ...]:
    """Where the thread is right now. Empty for a thread that waits in its event loop, or that has ended."""
    frame = sys._current_frames().get(thread_id)
    if frame is None or _is_loop(frame):
        return ()
    stack: list[FrameType] = []
    while frame is not None and not _is_loop(frame):
        stack.append(frame)
        frame = frame.f_back
    told = stack[:FRAMES_TOLD]
    own = next((each for each in stack if _own(each)), None)
    if own is not None and own not in told:
        # The library that was busy, and which of our lines had asked for it.
        told[-1] = own
    return tuple(_place(each) for each in told)


def _own(frame: FrameType) -> bool:
    return _PACKAGE in PurePath(frame.f_code.co_filename).parts


def _is_loop(frame: FrameType) -> bool:
    path = PurePath(frame.f_code.co_filename)
    return path.name in _LOOP_FILES and (path.name == "selectors.py" or path.parent.name == "asyncio")


def _place(frame: FrameType) -> str:
    path = PurePath(frame.f_code.co_filename)
    parts = path.parts
    start = len(parts) - 1 - parts[::-1].index(_PACKAGE) if _PACKAGE in parts else max(0, len(parts) - 2)
    return f"{'/'.join(parts[start:])}:{frame.f_lineno} {frame.f_code.co_qualname}"
