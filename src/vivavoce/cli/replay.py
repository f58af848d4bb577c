"""`vivavoce replay`: run a recorded call's conversation again and say where it differs. Needs no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from vivavoce.sessions.journal import Difference, JournalError, replay


def replay_journal(
    journal: Annotated[Path, typer.Argument(help="A call's journal: DATA/journals/sess_….jsonl.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Re-run the conversation of a journal and report the first order that differs (exit code 1 if one does)."""
    try:
        difference = replay(journal)
    except JournalError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"same": difference is None, "difference": _plain(difference)}))
    elif difference is None:
        typer.echo("The same facts gave the same orders.")
    else:
        typer.echo(_told(difference))
    raise typer.Exit(0 if difference is None else 1)


def _plain(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    recorded, replayed = _first_orders(difference)
    return {"line": difference.line, "event": difference.event, "recorded": recorded, "replayed": replayed}


def _told(difference: Difference) -> str:
    recorded, replayed = _first_orders(difference)
    return "\n".join(
        [
            f"Line {difference.line} differs, at the fact {json.dumps(difference.event, ensure_ascii=False)}:",
            f"  recorded: {json.dumps(recorded, ensure_ascii=False)}",
            f"  replayed: {json.dumps(replayed, ensure_ascii=False)}",
        ]
    )


def _first_orders(difference: Difference) -> tuple[Any, Any]:
    """The first pair of orders that differ; None stands for no order."""
    longest = max(len(difference.recorded), len(difference.replayed))
    for index in range(longest):
        recorded = difference.recorded[index] if index < len(difference.recorded) else None
        replayed = difference.replayed[index] if index < len(difference.replayed) else None
        if recorded != replayed:
            return recorded, replayed
    return None, None
