"""`vivavoce doctor`: what this machine has, what it lacks, and how to get it. Changes nothing; needs no server."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
import psutil  # type: ignore[import-untyped]
import typer
from rich.table import Table

from vivavoce.cli.pull_display import console_for_tables
from vivavoce.engines.catalogue import (
    available_memory_bytes,
    default_profile,
    is_complete,
    load_catalogue,
    models_directory,
)

_GIBIBYTE = 1024**3
_SMALLEST_MEMORY_BYTES = int(1.5 * _GIBIBYTE)
_DATA_ROOM_BYTES = _GIBIBYTE
_CPU_FLAGS = Path("/proc/cpuinfo")
_KEYS = {
    "VIVAVOCE_API_KEY": "the first key of this server",
    "XAI_API_KEY": "xAI's models",
    "OPENAI_API_KEY": "OpenAI's models",
    "HF_TOKEN": "the model hub",
}
_MARKS = {"ok": "ok", "missing": "MISSING", "optional": "optional"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. 'missing' is needed and not there, 'optional' may be left as it is."""

    what: str
    state: Literal["ok", "missing", "optional"]
    detail: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    profile: Annotated[
        str | None,
        typer.Option(envvar="VIVAVOCE_PROFILE", help="The profile that must be here (default: the one that fits)."),
    ] = None,
    host: Annotated[str, typer.Option(envvar="VIVAVOCE_HOST", help="Where the server is to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="VIVAVOCE_PORT", min=1, max=65535)] = 8080,
    data: Annotated[
        Path | None, typer.Option(envvar="VIVAVOCE_DATA", help="Where the server is to keep its data.")
    ] = None,
) -> None:
    """Check this machine: what is ready, what is missing and how to get it.

    The exit code is 1 if something that is needed is missing.
    """
    catalogue = load_catalogue()
    chosen = profile or default_profile()
    if chosen not in catalogue.profiles:
        raise typer.BadParameter(f"there is no profile {chosen!r}; use one of {', '.join(catalogue.profiles)}")
    data_folder = data or Path(platformdirs.user_data_dir("vivavoce"))
    findings = [
        Finding("Python", "ok", platform.python_version()),
        _processor(),
        _memory(),
        *_disks(chosen, data_folder),
        *_models(chosen),
        *_optional_pieces(),
        _port(host, port),
        *_keys(os.environ),
    ]
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        report = {"ok": healthy, "profile": chosen, "checks": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(report, indent=2))
    else:
        _print_table(findings)
        typer.echo("ready" if healthy else "something needed is missing: see the lines marked MISSING")
    if not healthy:
        raise typer.Exit(1)


def _processor(cpu_flags: Path = _CPU_FLAGS) -> Finding:
    cores = psutil.cpu_count(logical=True) or 1
    detail = f"{platform.machine()}, {cores} cores"
    if platform.machine() not in {"x86_64", "AMD64"}:
        return Finding("processor", "ok", detail)
    try:
        flags = set(cpu_flags.read_text().partition("flags")[2].partition("\n")[0].split())
    except OSError:
        return Finding("processor", "ok", f"{detail}, its features cannot be read here")
    features = [flag for flag in ("avx2", "avx512f", "avx512_vnni") if flag in flags]
    if "avx2" in flags:
        return Finding("processor", "ok", ", ".join([detail, *features]))
    return Finding(
        "processor",
        "missing",
        f"{detail}, no AVX2",
        "the built-in language model needs AVX2; use a newer machine, or an OpenAI-compatible endpoint elsewhere",
    )


def _memory() -> Finding:
    available = available_memory_bytes()
    detail = f"{available / _GIBIBYTE:.1f} GiB available of {psutil.virtual_memory().total / _GIBIBYTE:.1f}"
    if available >= _SMALLEST_MEMORY_BYTES:
        return Finding("memory", "ok", f"{detail}; the profile {default_profile()} fits")
    return Finding("memory", "missing", detail, "the smallest profile needs 1.5 GiB; close programs or add memory")


def _disks(profile: str, data: Path) -> Iterator[Finding]:
    lacking = [model for model in load_catalogue().profile(profile) if not is_complete(model)]
    needed_bytes = sum(model.size_bytes for model in lacking)
    yield _disk("disk of the models", models_directory(), needed_bytes, "set VIVAVOCE_MODELS to a folder elsewhere")
    yield _disk("disk of the data", data, _DATA_ROOM_BYTES, "set VIVAVOCE_DATA to a folder elsewhere")


def _disk(what: str, folder: Path, needed_bytes: int, elsewhere: str) -> Finding:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free_bytes = shutil.disk_usage(there).free
    detail = f"{free_bytes / 1e9:,.1f} GB free for {folder}"
    if needed_bytes and not os.access(there, os.W_OK):
        return Finding(what, "missing", f"{folder} cannot be written", f"make it writable, or {elsewhere}")
    if free_bytes < needed_bytes:
        return Finding(what, "missing", f"{detail}, {needed_bytes / 1e9:,.1f} GB needed", f"make room, or {elsewhere}")
    return Finding(what, "ok", detail)


def _models(profile: str) -> Iterator[Finding]:
    catalogue = load_catalogue()
    needed = catalogue.profiles[profile]
    for model in catalogue.models:
        if is_complete(model):
            yield Finding(f"model {model.name}", "ok", model.does)
        elif model.name in needed:
            yield Finding(f"model {model.name}", "missing", model.does, f"vivavoce models pull {profile}")
        else:
            yield Finding(f"model {model.name}", "optional", model.does, f"vivavoce models pull {model.name}")


def _optional_pieces() -> Iterator[Finding]:
    pieces = {
        "multilingual speech recognition": ("faster_whisper", "pip install 'vivavoce[multilingual]'"),
        "microphone": ("miniaudio", "pip install 'vivavoce[microphone]'"),
    }
    for what, (module, remedy) in pieces.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding(what, "ok", f"{module} is installed")
        else:
            yield Finding(what, "optional", f"{module} is not installed", remedy)


def _port(host: str, port: int) -> Finding:
    what = f"port {port}"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            remedy = "vivavoce may be running already; else: vivavoce serve --port with another number"
            return Finding(what, "optional", f"cannot listen on {host}: {reason}", remedy)
    return Finding(what, "ok", f"free on {host}")


def _keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Which keys are set; their values are never looked at beyond that."""
    for name, purpose in _KEYS.items():
        if environment.get(name):
            yield Finding(f"key {name}", "ok", f"set, for {purpose}")
        else:
            yield Finding(f"key {name}", "optional", f"not set, for {purpose}")


def _print_table(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        remedy = f"-> {finding.remedy}" if finding.remedy else ""
        table.add_row(_MARKS[finding.state], finding.what, finding.detail, remedy)
    console_for_tables().print(table, markup=False)
