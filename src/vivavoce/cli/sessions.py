"""`vivavoce sessions`: what a running server kept of its calls, their recordings and journals. It speaks HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from vivavoce.cli.asking import Choices, JsonOption, UrlOption, asked, print_json
from vivavoce.client.recording_results import Recording
from vivavoce.client.vivavoce import Vivavoce

app = typer.Typer(
    name="sessions",
    help="Recordings and journals of calls on a running server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DIFFERENT = 1
CANNOT_WRITE = 2
_MIB = 1024 * 1024

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it.", dir_okay=False)]


@app.command()
def recording(
    session_id: SessionArgument,
    out: OutOption = None,
    part: Annotated[int | None, typer.Option("--part", min=1, help="Which connection; the newest.")] = None,
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Download a call's recording; without --out, tell what there is of it."""
    choices = Choices(json, base_url)
    if out is None:
        found = asked(choices, lambda client: client.sessions.recording(session_id))
        if json:
            print_json(found.raw)
        else:
            _tell(found)
        return
    size = _downloaded(
        choices, out, lambda client, sink: client.sessions.download_recording(session_id, sink, part=part)
    )
    _tell_written(choices, out, size)


@app.command("delete-recording")
def delete_recording(session_id: SessionArgument, json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Delete a call's recording for good, every part of it. What was said stays in the transcript."""
    asked(Choices(json, base_url), lambda client: client.sessions.delete_recording(session_id))
    if json:
        print_json({"id": session_id, "deleted": True})
    else:
        typer.echo(f"Deleted the recording of {session_id}")


@app.command()
def journal(
    session_id: SessionArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.", dir_okay=False)],
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Download a call's journal, which `vivavoce replay` reads."""
    choices = Choices(json, base_url)
    size = _downloaded(choices, out, lambda client, sink: client.sessions.download_journal(session_id, sink))
    _tell_written(choices, out, size)


@app.command()
def replay(session_id: SessionArgument, json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Run a call's decisions again on the server, and tell where they differ (exit code 1 if they do)."""
    done = asked(Choices(json, base_url), lambda client: client.sessions.replay(session_id))
    if json:
        print_json(done.raw)
    elif not done.differences:
        typer.echo(f"{done.events} facts gave the same orders.")
    else:
        first = done.differences[0]
        typer.echo(f"Line {first.get('line')} differs. Download the journal and see: vivavoce replay FILE")
    if done.differences:
        raise typer.Exit(DIFFERENT)


def _downloaded(choices: Choices, out: Path, fetch: Callable[[Vivavoce, BinaryIO], Awaitable[int]]) -> int:
    """Written beside its place first, so that half a file never bears the name of a whole one."""
    partial = out.with_name(f"{out.name}.part")
    try:
        with partial.open("wb") as sink:
            size = asked(choices, lambda client: fetch(client, sink))
        partial.replace(out)
    except OSError as error:
        typer.echo(f"Error: {out} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(CANNOT_WRITE) from error
    finally:
        partial.unlink(missing_ok=True)
    return size


def _tell_written(choices: Choices, out: Path, size_bytes: int) -> None:
    if choices.json:
        print_json({"file": str(out), "bytes": size_bytes})
    else:
        typer.echo(f"Wrote {out} ({size_bytes / _MIB:.1f} MiB)")


def _tell(found: Recording) -> None:
    if not found.parts:
        typer.echo("none: the session was not recorded")
    for each in found.parts:
        seconds = "" if each.duration_ms is None else f"  {each.duration_ms / 1000:.1f} s"
        size = "" if each.bytes is None else f"  {each.bytes / _MIB:.1f} MiB"
        why = "" if each.failure is None else f"  {each.failure}"
        typer.echo(f"part {each.part}  {each.state}  {each.format}{seconds}{size}{why}")
