"""Named deadlines; the earliest is the conversation's next. Loop seconds, as given with every event."""

from __future__ import annotations

from enum import StrEnum


class Deadline(StrEnum):
    """What a conversation may wait for."""

    GREETING = "greeting"
    TURN_END = "turn_end"
    DOUBT = "doubt"
    TRANSCRIPT = "transcript"
    FAREWELL = "farewell"
    IDLE = "idle"
    CALLER_SILENT = "caller_silent"
    LATE_REPLY = "late_reply"
    LATE_TOOL = "late_tool"
    APPROVAL = "approval"
    TOOLS = "tools"


class Deadlines:
    """At most one deadline of each name."""

    def __init__(self) -> None:
        self._at: dict[Deadline, float] = {}

    @property
    def next(self) -> float | None:
        return min(self._at.values(), default=None)

    def set(self, deadline: Deadline, at: float) -> None:
        self._at[deadline] = at

    def clear(self, deadline: Deadline) -> None:
        self._at.pop(deadline, None)

    def clear_all(self) -> None:
        self._at.clear()

    def is_set(self, deadline: Deadline) -> bool:
        return deadline in self._at

    def take_due(self, now: float) -> list[Deadline]:
        """The deadlines that have come, earliest first; they are cleared."""
        due = sorted((at, deadline) for deadline, at in self._at.items() if at <= now)
        for _, deadline in due:
            del self._at[deadline]
        return [deadline for _, deadline in due]
