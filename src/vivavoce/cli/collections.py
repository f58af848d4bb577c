"""`vivavoce collections`: documents that agents may search, on a running server. It speaks HTTP, as any client does."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from vivavoce.cli.asking import Choices, JsonOption, UrlOption, asked, print_json
from vivavoce.client.knowledge_results import Collection, Document
from vivavoce.client.uploads import Progress as Hear
from vivavoce.client.vivavoce import Vivavoce

app = typer.Typer(
    name="collections",
    help="Make, fill, search and delete collections of documents on a running server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

FAILED = 1
_SHOWN_CHARACTERS = 300

CollectionArgument = Annotated[str, typer.Argument(metavar="ID", help="The collection's id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    description: Annotated[str, typer.Option("--description", help="What is in it.")] = "",
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Make a collection."""
    choices = Choices(json, base_url)
    made = asked(choices, lambda client: client.collections.create(name, description=description))
    if json:
        print_json(made.raw)
    else:
        typer.echo(f"Created {made.collection_id}")


@app.command("list")
def list_collections(json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Show every collection."""
    found = asked(Choices(json, base_url), lambda client: client.collections.list(limit=100).all())
    if json:
        print_json([each.raw for each in found])
        return
    for each in found:
        typer.echo(f"{each.collection_id}  {each.documents_count or 0:>5} documents  {each.collection_name}")


@app.command()
def show(collection_id: CollectionArgument, json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Show a collection and how far each of its documents is."""

    async def fetch(client: Vivavoce) -> tuple[Collection, list[Document]]:
        collection = await client.collections.get(collection_id)
        return collection, await client.collections.documents(collection_id, limit=100).all()

    collection, documents = asked(Choices(json, base_url), fetch)
    if json:
        print_json({"collection": collection.raw, "documents": [each.raw for each in documents]})
        return
    typer.echo(f"{collection.collection_id}  {collection.collection_name}")
    for each in documents:
        typer.echo(f"  {each.file_id}  {_state(each)}  {each.name}")


@app.command()
def upload(
    collection_id: CollectionArgument,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The files.", exists=True, dir_okay=False, readable=True)
    ],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until they can be found.")] = True,
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Put files into a collection, and wait until agents can find what is in them."""

    async def send(client: Vivavoce) -> list[Document]:
        sent: list[Document] = []
        for path in files:
            with path.open("rb") as source, _bar(path.name, is_quiet=json) as hear:
                sent.append(await client.collections.upload(collection_id, source, path.name, progress=hear))
        if not wait:
            return sent
        return [await client.collections.indexed(collection_id, each.file_id) for each in sent]

    try:
        documents = asked(Choices(json, base_url), send)
    except TimeoutError as error:
        typer.echo("The files are there, but are not indexed yet: see `vivavoce collections show`.", err=True)
        raise typer.Exit(FAILED) from error
    if json:
        print_json([each.raw for each in documents])
    else:
        for each in documents:
            typer.echo(f"{each.file_id}  {_state(each)}  {each.name}")
    if any(each.status == "DOCUMENT_STATUS_FAILED" for each in documents):
        raise typer.Exit(FAILED)


@app.command()
def search(
    collection_id: CollectionArgument,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A question, or words.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many passages at most.")] = 3,
    json: JsonOption = False,
    base_url: UrlOption = None,
) -> None:
    """Show the passages that an agent would be given."""
    choices = Choices(json, base_url)
    found = asked(choices, lambda client: client.collections.search([collection_id], query, limit=limit))
    if json:
        print_json([each.raw for each in found])
        return
    if not found:
        typer.echo("Nothing was found.")
    for each in found:
        place = ", ".join(part for part in (each.heading, each.page and f"page {each.page}") if part)
        typer.echo(f"{each.name or each.file_id}{f' ({place})' if place else ''}")
        typer.echo(f"  {' '.join(each.chunk_content.split())[:_SHOWN_CHARACTERS]}")


@app.command()
def delete(collection_id: CollectionArgument, json: JsonOption = False, base_url: UrlOption = None) -> None:
    """Delete a collection with its documents, at once."""
    asked(Choices(json, base_url), lambda client: client.collections.delete(collection_id))
    if json:
        print_json({"id": collection_id, "deleted": True})
    else:
        typer.echo(f"Deleted {collection_id}")


def _state(document: Document) -> str:
    status = (document.status or "").removeprefix("DOCUMENT_STATUS_").lower()
    if document.error_message:
        return f"{status}: {document.error_message}"
    return status if document.chunks_total is None else f"{status} ({document.chunks_total} passages)"


@contextlib.contextmanager
def _bar(name: str, *, is_quiet: bool) -> Iterator[Hear | None]:
    """A bar on standard error where somebody looks at it."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda sent, total: progress.update(task, completed=sent, total=total)
