"""How `vivavoce talk` tells what happens: to people as a conversation, to programs as lines of JSON.

A printer belongs to one call. It writes what callers say to the terminal that asked for it and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

from rich.bar import Bar
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

from vivavoce.cli.talk_happenings import (
    SELDOM,
    STAGES,
    AgentAnswered,
    AgentCutOff,
    AgentSaid,
    CallerBegan,
    CallerHeard,
    CallOpened,
    Happening,
    RecordingSent,
    ServerComplained,
    ToolRequested,
    TurnTimed,
    as_json_object,
)

_MARGIN = 8
_BAR_WIDTH = 40
_THINNEST_BAR = 1 / 100
_WIPE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


@dataclass(frozen=True, slots=True)
class StageBar:
    """One line of a waterfall, in milliseconds; `ends_ms` None: the stage did not happen."""

    label: str
    begins_ms: float
    ends_ms: float | None


def stage_bars(stages: Mapping[str, float | None]) -> list[StageBar]:
    """The stages after the end of speech, each as a bar from the stage before it to its own moment.

    A stage that came before the one it follows here (work that was begun in advance) is a bar without length.
    """
    bars: list[StageBar] = []
    reached = 0.0
    for stage in STAGES[1:]:
        moment = stages.get(stage)
        if moment is None and stage in SELDOM:
            continue
        label = stage.replace("_", " ")
        if moment is None:
            bars.append(StageBar(label, reached, None))
            continue
        ends = max(0.0, moment)
        bars.append(StageBar(label, min(reached, ends), ends))
        reached = max(reached, ends)
    return bars


def waterfall(stages: Mapping[str, float | None]) -> Table:
    """The stages of a turn, drawn to one scale."""
    bars = stage_bars(stages)
    longest = max((bar.ends_ms or 0.0 for bar in bars), default=0.0) or 1.0
    table = Table.grid(padding=(0, 2), pad_edge=False)
    for bar in bars:
        if bar.ends_ms is None:
            table.add_row(" " * _MARGIN + bar.label, "", Text("-", justify="right"))
            continue
        drawn_to = max(bar.ends_ms, bar.begins_ms + longest * _THINNEST_BAR)
        drawn = Bar(longest * (1 + _THINNEST_BAR), bar.begins_ms, drawn_to, width=_BAR_WIDTH, color="cyan")
        table.add_row(" " * _MARGIN + bar.label, drawn, Text(f"{bar.ends_ms:.0f} ms", justify="right"))
    return table


class ConversationPrinter:
    """Prints a call for people. On a terminal the caller's words appear while they are spoken."""

    def __init__(self, console: Console, *, timings: bool) -> None:
        self._console = console
        self._timings = timings
        self._speaking: str | None = None
        self._transient = False

    def report(self, happening: Happening) -> None:
        match happening:
            case CallOpened(voice=voice):
                self._note(f"connected{f', voice {voice}' if voice else ''}")
            case CallerBegan():
                self._end_line()
            case CallerHeard(text=text, final=True) if text:
                self._line("you", text)
            case CallerHeard(text=text, final=False):
                self._passing("you", text)
            case RecordingSent(sent_ms=sent, total_ms=total):
                self._passing("", f"({sent / 1000:.1f} of {total / 1000:.1f} s spoken)")
            case AgentSaid(response_id=response_id, text=text):
                self._continue(response_id, text)
            case AgentCutOff(heard_ms=heard_ms):
                self._note(f"interrupted after {heard_ms / 1000:.1f} s")
            case AgentAnswered(status=status):
                self._end_line()
                if status not in ("completed", "cancelled"):
                    self._note(f"the answer is {status}")
            case ToolRequested(name=name, arguments=arguments):
                self._note(f"the agent called the function {name}({arguments}), which nobody here can run")
            case TurnTimed(stages=stages) if self._timings:
                self._end_line()
                self._console.print(waterfall(stages))
            case ServerComplained(code=code, message=message):
                self._note(f"error: {message} ({code})", style="red")
            case _:
                pass

    def prompt(self) -> None:
        """Ask a person at the keyboard for the next line."""
        self._end_line()
        self._print(Text("you".ljust(_MARGIN), style="bold green"), end="")

    def _line(self, who: str, text: str) -> None:
        self._end_line()
        self._print(Text.assemble((who.ljust(_MARGIN), "bold green"), text))

    def _note(self, text: str, style: str = "dim") -> None:
        self._end_line()
        self._print(Text(" " * _MARGIN + text, style=style))

    def _continue(self, response_id: str, text: str) -> None:
        if self._speaking != response_id:
            self._end_line()
            self._print(Text("agent".ljust(_MARGIN), style="bold cyan"), end="")
            self._speaking = response_id
            text = text.lstrip()
        self._print(Text(text), end="")

    def _passing(self, who: str, text: str) -> None:
        """Something that the next line replaces; cut to one line so that it can be wiped."""
        if not self._console.is_terminal or self._speaking is not None:
            return
        self._end_line()
        room = max(8, self._console.width - _MARGIN - 1)
        shown = text if len(text) <= room else "…" + text[1 - room :]
        self._print(Text(who.ljust(_MARGIN) + shown, style="dim"), end="")
        self._transient = True

    def _end_line(self) -> None:
        if self._transient:
            self._console.control(_WIPE)
            self._transient = False
        if self._speaking is not None:
            self._console.print()
            self._speaking = None

    def _print(self, text: Text, end: str = "\n") -> None:
        self._console.print(text, end=end, soft_wrap=True)


class JsonPrinter:
    """Writes one JSON object a line for everything that happened. `now` gives seconds."""

    def __init__(self, output: TextIO, now: Callable[[], float]) -> None:
        self._output = output
        self._now = now
        self._began_at: float | None = None

    def report(self, happening: Happening) -> None:
        if isinstance(happening, RecordingSent):
            return
        if self._began_at is None:
            self._began_at = self._now()
        at_ms = round((self._now() - self._began_at) * 1000)
        self._output.write(json.dumps(as_json_object(happening, at_ms), ensure_ascii=False) + "\n")
        self._output.flush()
