"""`vivavoce secrets`: what agents' tools sign and log in with, on a running server. Values go in and never come out."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from vivavoce.cli.asking import Choices, JsonOption, UrlOption, asked, print_json

app = typer.Typer(
    name="secrets",
    help="Store, list and delete the secrets of agents' tools on a running server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What tools name it by, such as ORDERS_API_KEY.")]


@app.command("set")
def set_secret(
    name: NameArgument,
    from_variable: Annotated[
        str | None, typer.Option("--from-env", metavar="VARIABLE", help="Take the value from this variable.")
    ] = None,
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Store a secret, or give it another value. Without --from-env the value is read from standard input."""
    value = _value(from_variable)
    stored = asked(Choices(json, base_url), lambda client: client.secrets.set(name, value))
    if json:
        print_json(stored.raw)
    else:
        typer.echo(f"Stored {stored.name}")


@app.command("list")
def list_secrets(json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Show the names of the secrets; nothing shows their values."""
    found = asked(Choices(json, base_url), lambda client: client.secrets.list().all())
    if json:
        print_json([each.raw for each in found])
        return
    for each in found:
        changed = "" if each.updated_at is None else f"  changed {each.updated_at:%Y-%m-%d %H:%M}"
        typer.echo(f"{each.name}{changed}")


@app.command("delete")
def delete_secret(name: NameArgument, json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Take a secret away. Tools that name it say that they are not set up."""
    asked(Choices(json, base_url), lambda client: client.secrets.delete(name))
    if json:
        print_json({"name": name, "deleted": True})
    else:
        typer.echo(f"Deleted {name}")


def _value(from_variable: str | None) -> str:
    """Never an option: other users of a machine can see a process's arguments."""
    if from_variable is not None:
        value = os.environ.get(from_variable, "")
        if not value:
            raise typer.BadParameter(f"the variable {from_variable} is not set", param_hint="--from-env")
        return value
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")
