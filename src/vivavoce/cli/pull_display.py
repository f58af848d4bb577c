"""What the commands about models draw: progress bars on a terminal, plain lines elsewhere. Owned by one command."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_WORDS = {"hub": "from its publisher", "registry": "from the package registry", "check": "checking what is here"}
_LINE_STEP_PERCENT = 25
_PLAIN_WIDTH = 200


class PullDisplay:
    """A `PullProgress` that draws on the console (standard error, so that standard output stays for results)."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars: Progress | None = None
        self._bar_ids: dict[str, TaskID] = {}
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        if self._console.is_terminal:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def started(self, model: str, source: str, total_bytes: int, present_bytes: int) -> None:
        text = f"{model} {_WORDS.get(source, source)}"
        if self._bars is None:
            here = f", {_megabytes(present_bytes)} of them are here" if present_bytes else ""
            self._console.print(f"{text}: {_megabytes(total_bytes)}{here}", markup=False)
            self._lines[model] = _Line(total_bytes, present_bytes)
            return
        if model in self._bar_ids:
            self._bars.remove_task(self._bar_ids[model])
        self._bar_ids[model] = self._bars.add_task(text, total=total_bytes, completed=present_bytes)

    def fetched(self, model: str, count_bytes: int) -> None:
        if self._bars is not None:
            if model in self._bar_ids:
                self._bars.advance(self._bar_ids[model], count_bytes)
            return
        with self._lock:
            step = self._lines[model].advance(count_bytes) if model in self._lines else None
        if step is not None:
            self._console.print(f"{model}: {step} %", markup=False)

    def finished(self, model: str) -> None:
        if self._bars is not None and model in self._bar_ids:
            self._bars.remove_task(self._bar_ids.pop(model))
        self._console.print(f"{model}: ready", markup=False)

    def noticed(self, text: str) -> None:
        self._console.print(text, markup=False)


class _Line:
    """How far one model is, and which step of it was last told."""

    def __init__(self, total_bytes: int, present_bytes: int) -> None:
        self._total_bytes = total_bytes
        self._here_bytes = present_bytes
        self._told_percent = self._percent

    def advance(self, count_bytes: int) -> int | None:
        """The percentage to tell now, if there is a new one."""
        self._here_bytes += count_bytes
        step = self._percent // _LINE_STEP_PERCENT * _LINE_STEP_PERCENT
        if step <= self._told_percent or step >= 100:
            return None
        self._told_percent = step
        return step

    @property
    def _percent(self) -> int:
        return 100 * self._here_bytes // self._total_bytes if self._total_bytes else 100


def console_for_tables() -> Console:
    """Standard output; where it is no terminal, wide enough that no row of a table breaks."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _megabytes(count_bytes: int) -> str:
    return f"{count_bytes / 1e6:,.1f} MB"
