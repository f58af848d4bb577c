"""How a pull tells what it does. Implemented by whoever watches (the command line); lives as long as the pull."""

from __future__ import annotations

from typing import Protocol


class PullProgress(Protocol):
    """Facts about a running pull. `fetched` comes from several threads at once, the others from the caller's."""

    def started(self, model: str, source: str, total_bytes: int, present_bytes: int) -> None:
        """Fetching began, or began again from another source. `present_bytes` of the total were already here."""
        ...

    def fetched(self, model: str, count_bytes: int) -> None:
        """Bytes arrived. Negative when a server could not go on where we stopped and begins again."""
        ...

    def finished(self, model: str) -> None:
        """Every file of the model is here and right."""
        ...

    def noticed(self, text: str) -> None:
        """Something a person may want to know: waiting for another process, a source out of reach, ..."""
        ...


class SilentProgress:
    """Nobody watches."""

    def started(self, model: str, source: str, total_bytes: int, present_bytes: int) -> None:
        pass

    def fetched(self, model: str, count_bytes: int) -> None:
        pass

    def finished(self, model: str) -> None:
        pass

    def noticed(self, text: str) -> None:
        pass
