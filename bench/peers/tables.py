"""The figures of the drivers as tables. Pure but for the printing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import percentile
from bench.peers.plan import LLM_SECONDS, STT_SECONDS, TTS_SECONDS, WAIT_SECONDS
from bench.peers.rounds import Figures, Row

STUBS_MS = (STT_SECONDS + LLM_SECONDS + TTS_SECONDS) * 1000
WAIT_MS = WAIT_SECONDS * 1000
MODEL_AHEAD_MS = (STT_SECONDS + WAIT_SECONDS) / 2 * 1000
VOICE_AHEAD_MS = (STT_SECONDS + LLM_SECONDS + WAIT_SECONDS) / 2 * 1000
"""Asked before: nearer to the earliest time that it can be asked than to the end of the turn."""

Cells = dict[str, str | float | int | None]


def overhead_cells(row: Row, told: Sequence[Figures]) -> Cells:
    """Voice to voice beside the floor: what the stubs take in the order in which the framework works."""
    heard = [figures["voice_to_voice_ms"] for figures in told if figures["voice_to_voice_ms"] is not None]
    ahead = _ahead(row, told)
    floor = floor_ms(row.settings, ahead)
    p50, p95 = percentile(heard, 50), percentile(heard, 95)
    return {
        "framework": row.name,
        "settings": row.settings,
        "turns": len(told),
        "p50 ms": p50,
        "p95 ms": p95,
        "works ahead": ahead,
        "floor ms": floor,
        "over p50": p50 - floor,
        "over p95": p95 - floor,
        "cut off": sum(ms < 0 for ms in heard),
        "unanswered": len(told) - len(heard),
    }


def floor_ms(settings: str, ahead: str) -> float:
    """The least that the stubs allow. With defaults nobody is told to wait: only the stubs' own time counts."""
    if settings == "defaults" or ahead == "everything":
        return STUBS_MS
    spoken = {"nothing": WAIT_MS + (LLM_SECONDS + TTS_SECONDS) * 1000, "model": WAIT_MS + TTS_SECONDS * 1000}
    return max(spoken.get(ahead, WAIT_MS), STUBS_MS)


def _ahead(row: Row, told: Sequence[Figures]) -> str:
    """What had begun before the 300 ms were over."""
    if row.system == "floor":
        return "everything"

    def asked(name: str) -> float:
        return percentile([figures[name] for figures in told if figures[name] is not None], 50)

    if not asked("model_asked_ms") < MODEL_AHEAD_MS:
        return "nothing"
    return "model, voice" if asked("voice_asked_ms") < VOICE_AHEAD_MS else "model"


def barge_in_cells(row: Row, told: Sequence[Figures]) -> Cells:
    """From the first speech sample until the agent is softer (or silent), and until it is silent."""
    softer = [figures["softer_ms"] for figures in told if figures["softer_ms"] is not None]
    stopped = [figures["stopped_ms"] for figures in told if figures["stopped_ms"] is not None]
    return {
        "framework": row.name,
        "settings": row.settings,
        "interruptions": len(told),
        "softer p50 ms": percentile(softer, 50),
        "softer p95 ms": percentile(softer, 95),
        "silent p50 ms": percentile(stopped, 50),
        "silent p95 ms": percentile(stopped, 95),
        "not stopped": len(told) - len(stopped),
        "resumed": sum(bool(figures["resumed"]) for figures in told),
    }


def sessions_cells(row: Row, told: Sequence[Figures], sessions: int) -> Cells:
    """Medians over the rounds, times over all turns."""
    heard = [ms for figures in told for ms in figures["voice_to_voice_ms"] if ms is not None]
    late = [ms for figures in told for ms in figures["late_ms"]]

    def median(name: str) -> float:
        return percentile([figures[name] for figures in told], 50)

    return {
        "framework": row.name,
        "settings": row.settings,
        "CPU % alone": median("cpu_alone") * 100,
        f"CPU % each of {sessions}": median("cpu_a_session") * 100,
        "MB alone": median("mb_alone"),
        "MB each further": median("mb_a_session"),
        "tasks": median("tasks_a_session"),
        "threads": median("threads_a_session"),
        "voice p50 ms": percentile(heard, 50),
        "voice p95 ms": percentile(heard, 95),
        "loop late p99 ms": percentile(late, 99),
    }


def print_cells(title: str, rows: Sequence[Cells], caption: str) -> None:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for name, cell in rows[0].items():
        table.add_column(name, justify="left" if isinstance(cell, str) else "right")
    for row in rows:
        table.add_row(*(_text(name, cell) for name, cell in row.items()))
    Console(width=max(Console().width, 150)).print(table)


def _text(name: str, cell: str | float | None) -> str:
    if isinstance(cell, float):
        precise = "CPU" in name or name in {"MB each further", "loop late p99 ms"}
        return "–" if math.isnan(cell) else f"{cell:.1f}" if precise else f"{cell:.0f}"
    return str(cell)
