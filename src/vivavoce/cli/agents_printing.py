"""What `agents` prints: tables and plain text for people, JSON for programs. Owned by one command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.cli.pull_display import console_for_tables
from vivavoce.client.results import Agent, AgentVersion, Completion, Turn, TurnSummary

# Line ends, and what joins letters and pictures without being seen.
_KEPT = "\n\t\u200c\u200d"
_CELL_LENGTH_MAXIMUM = 60
_LONG = ("NAME", "INSTRUCTIONS")


def printable(text: str) -> str:
    """Text of others without what would steer the terminal; every odd blank is a plain one."""
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    return " " if character.isspace() and character != "\r" else ""


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_agents(agents: Sequence[Agent]) -> None:
    """A table; on a terminal one that is longer than the screen comes page by page."""
    if not agents:
        typer.echo(
            'There are no agents yet. Make one: agents create --name "My Agent" --instructions "You are helpful"'
        )
        return
    table = _table(("ID", "NAME", "VOICE", "TOOLS", "STATUS", "CREATED"))
    for agent in agents:
        voice = agent.voice.voice_id if agent.voice is not None else None
        created = _minute(agent.created_at)
        cells = (agent.name, voice or "", str(len(agent.tools or ())), agent.status or "", created)
        table.add_row(agent.agent_id, *(_cell(each) for each in cells))
    _print_table(table)


def print_versions(versions: Sequence[AgentVersion]) -> None:
    if not versions:
        typer.echo("This agent has never been changed: there is no former version.")
        return
    table = _table(("VERSION", "MADE", "NAME", "INSTRUCTIONS"))
    for version in versions:
        agent = version.agent or {}
        texts = (str(agent.get("name") or ""), str(agent.get("instructions") or ""))
        table.add_row(str(version.version), _minute(version.created_at), *(_cell(each) for each in texts))
    _print_table(table)


def print_agent(agent: Agent) -> None:
    """Everything about one agent, a line or a paragraph for each."""
    voice = agent.voice
    lines: list[tuple[str, str]] = [("id", agent.agent_id), ("name", agent.name)]
    if agent.description:
        lines.append(("description", agent.description))
    lines.append(("instructions", agent.instructions or "none"))
    if voice is not None and voice.voice_id:
        lines.append(
            ("voice", f"{voice.voice_id}{_turn_detection(voice.vad_threshold, voice.vad_silence_duration_ms)}")
        )
    if agent.eagerness and (voice is None or voice.vad_silence_duration_ms is None):  # a fixed silence decides alone
        lines.append(("eagerness", agent.eagerness))
    lines.append(("tools", "\n".join(map(_declared, agent.tools or ())) or "none"))
    if agent.collection_ids:
        lines.append(("collections", "\n".join(agent.collection_ids)))
    for name, value in (("language", agent.language), ("phone number", agent.phone_number_id)):
        if value:
            lines.append((name, value))
    lines += [("status", agent.status or "unknown"), ("created", _minute(agent.created_at))]
    if agent.updated_at is not None:
        lines.append(("updated", _minute(agent.updated_at)))
    width = max(len(name) for name, _ in lines) + 2
    for name, value in lines:
        first, *others = printable(value).splitlines() or [""]
        typer.echo(f"{name.ljust(width)}{first}")
        for line in others:
            typer.echo(" " * width + line)


def print_turns(turns: Sequence[Turn], summary: TurnSummary) -> None:
    """A row a turn, in milliseconds since the caller's last speech, and two rows over all of them."""
    if not turns:
        typer.echo("No turn of this session has been answered.")
        return
    stages = [each for each in summary.stages if each != "interrupted"]
    table = _table(("ANSWER", "TURN ENDED BY", *(stage.replace("_", " ").upper() for stage in stages), "HEARD", ""))
    for turn in turns:
        moments = [_milliseconds(getattr(turn.stages, stage, None)) for stage in stages]
        end = "interrupted" if turn.stages.interrupted is not None else ""
        reason = _cell(turn.endpoint_reason or "")
        table.add_row(_cell(turn.response_id), reason, *moments, _milliseconds(turn.heard_ms), end)
    for name, values in (
        ("p50", [summary.stages[stage].p50_ms for stage in stages]),
        ("p95", [summary.stages[stage].p95_ms for stage in stages]),
    ):
        table.add_row(name, "", *map(_milliseconds, values), "", "")
    _print_table(table)
    typer.echo(
        f"{summary.turns} turns, {summary.interrupted} interrupted, {summary.speculated} begun in advance, "
        f"{summary.wasted_tokens} tokens thrown away"
    )


def print_completion(completion: Completion) -> None:
    """The words of an answer and the functions that it calls."""
    text = printable(completion.text).strip()
    if text:
        typer.echo(text)
    for call in completion.tool_calls:
        typer.echo(f"tool call: {printable(called(call.name, call.arguments))}")
    if not text and not completion.tool_calls:
        typer.echo("The model answered nothing.", err=True)
    if completion.finish_reason == "length":
        typer.echo("(The answer ends here because the model had no more room.)", err=True)


def called(name: str, arguments: str) -> str:
    """A call as a person would write it: `lookup_order(order_id="ORD-42")`."""
    try:
        values = json.loads(arguments) if arguments.strip() else {}
    except ValueError:
        return f"{name}({arguments})"
    if not isinstance(values, dict):
        return f"{name}({arguments})"
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False)}' for key, value in values.items())})"


def _declared(tool: Mapping[str, Any]) -> str:
    function = tool.get("function")
    name = (function if isinstance(function, dict) else tool).get("name") or tool.get("server_label")
    kind = str(tool.get("type", "tool"))
    return f"{kind} {name}" if name else kind


def _turn_detection(threshold: float | None, silence_duration_ms: float | None) -> str:
    parts = [] if threshold is None else [f"threshold {threshold:g}"]
    parts += [] if silence_duration_ms is None else [f"silence {silence_duration_ms:g} ms"]
    return f" ({', '.join(parts)})" if parts else ""


def _table(headings: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        # An id that is cut or folded cannot be copied.
        long = heading in _LONG
        table.add_column(heading, no_wrap=not long, overflow="fold" if long else "ignore")
    return table


def _print_table(table: Table) -> None:
    console: Console = console_for_tables()
    if not (console.is_terminal and sys.stdin.isatty()):
        console.print(table)
        return
    if table.row_count + 2 < console.height:
        console.print(table)
        return
    with console.pager():
        console.print(table)


def _cell(text: str) -> Text:
    shown = " ".join(printable(text).split())
    return Text(shown if len(shown) <= _CELL_LENGTH_MAXIMUM else shown[: _CELL_LENGTH_MAXIMUM - 1] + "…")


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")
