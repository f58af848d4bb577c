"""The `vivavoce` command: joins the commands, one file each."""

from __future__ import annotations

from typing import Annotated

import typer

from vivavoce import __version__
from vivavoce.cli import agents, collections, keys, models, secrets, sessions
from vivavoce.cli.doctor import doctor
from vivavoce.cli.replay import replay_journal
from vivavoce.cli.serve import serve
from vivavoce.cli.talk import talk

app = typer.Typer(
    name="vivavoce",
    help="Voice agents on your own machine: speech recognition, language model and voice, no API key needed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve)
app.command("talk")(talk)
app.command("doctor")(doctor)
app.command("replay")(replay_journal)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(agents.app, name="agents")
app.add_typer(collections.app, name="collections")
app.add_typer(secrets.app, name="secrets")
app.add_typer(sessions.app, name="sessions")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vivavoce {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """The console script."""
    app()
