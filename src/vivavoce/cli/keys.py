"""`vivavoce keys`: makes, lists and revokes API keys in the database of this machine.

It opens the database itself, so it works whether or not a server runs; a running server learns within seconds.
"""

from __future__ import annotations

import asyncio
import json as json_format
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import platformdirs
import typer

from vivavoce.store.database import DATABASE_FILE_NAME, sqlite_url
from vivavoce.store.errors import StoreError
from vivavoce.store.keys import KEY_PREFIX, KEY_PREFIXES
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION, ApiKeyRecord, NewApiKey, OrganisationId
from vivavoce.store.store import Store

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

FAILED = 1
T = TypeVar("T")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="VIVAVOCE_DATA", file_okay=False, help="The server's data directory."),
]
DatabaseUrlOption = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="VIVAVOCE_DATABASE_URL",
        help="The server's database, where it is not in its data directory.",
        show_default=False,
    ),
]
OrganisationOption = Annotated[
    str | None,
    typer.Option(
        "--organisation",
        help="Whose key: a name of your choice. Organisations never see each other's agents and calls.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What the key is for.")] = "unnamed",
    organisation: OrganisationOption = None,
    prefix: Annotated[str, typer.Option("--prefix", help=f"How it begins: {', '.join(KEY_PREFIXES)}.")] = KEY_PREFIX,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"What it may do, repeatable: {', '.join(ALL_SCOPES)}.", show_default="all"),
    ] = None,
    data: DataOption = None,
    database_url: DatabaseUrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key and show it, once."""

    async def make(store: Store) -> NewApiKey:
        owner = FIRST_ORGANISATION
        if organisation is not None:
            owner = (await store.organisations.ensure_named(organisation)).organisation_id
        return await store.keys.create(name, organisation_id=owner, prefix=prefix, scopes=scopes or ALL_SCOPES)

    made = _with_store(data, database_url, make, must_exist=False)
    if json:
        typer.echo(json_format.dumps(_object(made.record) | {"secret": made.secret}))
        return
    typer.echo(made.secret)
    typer.echo(f"Key {made.record.key_id} ({made.record.name}). Note it down now: it cannot be shown again.", err=True)


@app.command(name="list")
def list_keys(
    organisation: OrganisationOption = None,
    data: DataOption = None,
    database_url: DatabaseUrlOption = None,
    json: JsonOption = False,
) -> None:
    """Show every key, without its secret."""

    async def find(store: Store) -> Sequence[ApiKeyRecord]:
        return await store.keys.list(await _owner(store, organisation))

    records = _with_store(data, database_url, find)
    if json:
        typer.echo(json_format.dumps([_object(record) for record in records]))
        return
    rows = [("ID", "ENDS IN", "MADE", "LAST USED", "STATE", "NAME"), *(_row(record) for record in records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id that `vivavoce keys list` shows.")],
    organisation: OrganisationOption = None,
    data: DataOption = None,
    database_url: DatabaseUrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key useless for ever. Running servers refuse it within seconds."""

    async def end(store: Store) -> ApiKeyRecord:
        return await store.keys.revoke(key_id, await _owner(store, organisation))

    record = _with_store(data, database_url, end)
    typer.echo(json_format.dumps(_object(record)) if json else f"Key {record.key_id} ({record.name}) is revoked.")


async def _owner(store: Store, organisation: str | None) -> OrganisationId:
    if organisation is None:
        return FIRST_ORGANISATION
    found = await store.organisations.named(organisation)
    if found is None:
        raise _failure(f"There is no organisation named {organisation!r}; `keys create --organisation` makes one.")
    return found.organisation_id


def _with_store(
    data: Path | None, database_url: str | None, work: Callable[[Store], Awaitable[T]], *, must_exist: bool = True
) -> T:
    directory = data if data is not None else Path(platformdirs.user_data_dir("vivavoce"))
    if must_exist and not database_url and not (directory / DATABASE_FILE_NAME).exists():
        raise _failure(f"There is no database in {directory}; name the server's data directory with --data.")

    async def run() -> T:
        async with await Store.open(database_url or sqlite_url(directory)) as store:
            return await work(store)

    try:
        return asyncio.run(run())
    except StoreError as error:
        raise _failure(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def _failure(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(FAILED)


def _row(record: ApiKeyRecord) -> tuple[str, ...]:
    state = "works" if record.revoked_at is None else f"revoked {_minute(record.revoked_at)}"
    last_used = "never" if record.last_used_at is None else _minute(record.last_used_at)
    name = "".join(character if character.isprintable() else "?" for character in record.name)
    return record.key_id, record.last4, _minute(record.created_at), last_used, state, name


def _object(record: ApiKeyRecord) -> dict[str, Any]:
    return {
        "id": record.key_id,
        "name": record.name,
        "organisation_id": record.organisation_id,
        "prefix": record.prefix,
        "scopes": list(record.scopes),
        "last4": record.last4,
        "created_at": record.created_at.isoformat(),
        "last_used_at": None if record.last_used_at is None else record.last_used_at.isoformat(),
        "revoked_at": None if record.revoked_at is None else record.revoked_at.isoformat(),
    }


def _minute(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
