"""Reads `models.toml` into a `Catalogue` and refuses what could not be fetched or would leave its folder. Pure."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec

from vivavoce.engines.catalogue.description import (
    Carrier,
    Catalogue,
    HubFile,
    Model,
    ModelFile,
    PackagedFile,
    Part,
    Port,
    WebFile,
)
from vivavoce.engines.catalogue.errors import CatalogueFileError

CATALOGUE_FILE = Path(__file__).with_name("models.toml")
_WHEEL = re.compile(r"(?P<package>[A-Za-z0-9._-]+)==(?P<version>\S+)")
_NPM = re.compile(r"npm:(?P<package>(?:@[\w.-]+/)?[\w.-]+)@(?P<version>\S+)")

_Size = Annotated[int, msgspec.Meta(ge=0)]
_Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9.-]*$")]


class _CarrierEntry(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    size: _Size
    sha256: _Sha256


class _PartEntry(msgspec.Struct, forbid_unknown_fields=True):
    carrier: str
    member: str
    number: int = 1


class _HubEntry(msgspec.Struct, forbid_unknown_fields=True):
    repository: str
    revision: str
    path: str


class _PackageEntry(msgspec.Struct, forbid_unknown_fields=True):
    package: str
    path: str


class _FileEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: _Size
    sha256: _Sha256
    package: _PackageEntry | None = None
    hub: _HubEntry | None = None
    url: str | None = None
    parts: list[_PartEntry] = []


class _ModelEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: _Name
    does: str
    port: Port
    licence: str
    upstream: str
    files: Annotated[list[_FileEntry], msgspec.Meta(min_length=1)]
    hub: _HubEntry | None = None
    parts: list[_PartEntry] = []


class _CatalogueEntry(msgspec.Struct, forbid_unknown_fields=True):
    models: list[_ModelEntry]
    profiles: dict[_Name, list[str]] = {}
    carriers: dict[str, _CarrierEntry] = {}


@functools.cache
def load_catalogue(file: Path = CATALOGUE_FILE) -> Catalogue:
    """Read the catalogue that ships with vivavoce, or another one. Raises `CatalogueFileError`."""
    return parse_catalogue(file.read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """The catalogue that the TOML `text` describes. Raises `CatalogueFileError`, naming the entry that is wrong."""
    try:
        entries = msgspec.convert(tomllib.loads(text), _CatalogueEntry)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogueFileError(f"the catalogue cannot be read: {error}") from error
    carriers = {spec: _carrier(spec, entry) for spec, entry in entries.carriers.items()}
    models = tuple(_model(entry, carriers) for entry in entries.models)
    _check_unique([*(model.name for model in models), *entries.profiles], "the catalogue")
    profiles = {name: _members(name, listed, models) for name, listed in entries.profiles.items()}
    return Catalogue(models=models, profiles=profiles)


def _members(name: str, listed: list[str], models: tuple[Model, ...]) -> tuple[str, ...]:
    known = [model.name for model in models]
    if listed == ["*"]:
        return tuple(known)
    if strangers := set(listed) - set(known):
        raise CatalogueFileError(f"profile {name} lists unknown models: {', '.join(sorted(strangers))}")
    return tuple(listed)


def _carrier(spec: str, entry: _CarrierEntry) -> Carrier:
    kind: Literal["wheel", "npm"] = "npm" if spec.startswith("npm:") else "wheel"
    match = (_NPM if kind == "npm" else _WHEEL).fullmatch(spec)
    if match is None:
        raise CatalogueFileError(f"carrier {spec!r} is neither package==version nor npm:package@version")
    if "/" in entry.file:
        raise CatalogueFileError(f"carrier {spec}: {entry.file!r} is not the name of a file")
    return Carrier(
        kind=kind,
        package=match["package"],
        version=match["version"],
        file=_inside_folder(entry.file, spec),
        size_bytes=entry.size,
        sha256=entry.sha256,
    )


def _model(entry: _ModelEntry, carriers: dict[str, Carrier]) -> Model:
    files = tuple(_file(file, entry, carriers) for file in entry.files)
    _check_unique([file.name for file in files], entry.name)
    model = Model(entry.name, entry.does, entry.port, entry.licence, entry.upstream, files)
    _check_one_pass(model)
    return model


def _file(entry: _FileEntry, model: _ModelEntry, carriers: dict[str, Carrier]) -> ModelFile:
    name = _inside_folder(entry.name, model.name)
    where = f"{model.name}/{name}"
    hub = entry.hub or model.hub
    official: HubFile | WebFile | None = None
    if entry.url is not None:
        official = WebFile(url=entry.url)
    elif hub is not None:
        official = HubFile(hub.repository, hub.revision, hub.path.replace("{file}", name))
    packaged = None if entry.package is None else PackagedFile(entry.package.package, entry.package.path)
    parts = _parts(entry.parts or model.parts, name, where, carriers)
    if packaged is None and official is None and not parts:
        raise CatalogueFileError(f"{where} comes from nowhere: give it package, hub, url or parts")
    return ModelFile(name, entry.size, entry.sha256, packaged, official, parts)


def _parts(entries: list[_PartEntry], name: str, where: str, carriers: dict[str, Carrier]) -> tuple[Part, ...]:
    if strangers := {entry.carrier for entry in entries} - set(carriers):
        raise CatalogueFileError(f"{where} needs carriers that are not listed: {', '.join(sorted(strangers))}")
    parts = sorted(
        (Part(entry.number, carriers[entry.carrier], entry.member.replace("{file}", name)) for entry in entries),
        key=lambda part: part.number,
    )
    if [part.number for part in parts] != list(range(1, len(parts) + 1)):
        raise CatalogueFileError(f"the parts of {where} are not numbered 1 to {len(parts)}")
    return tuple(parts)


def _check_one_pass(model: Model) -> None:
    """Carriers are opened once, in order, and thrown away; so no file may need an earlier one later."""
    order = {carrier: place for place, carrier in enumerate(model.carriers)}
    for file in model.files:
        places = [order[part.carrier] for part in file.parts]
        if places != sorted(places):
            raise CatalogueFileError(f"the parts of {model.name}/{file.name} need their packages in two orders")


def _check_unique(names: list[str], where: str) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise CatalogueFileError(f"{where} uses a name twice: {', '.join(sorted(twice))}")


def _inside_folder(path: str, where: str) -> str:
    pieces = PurePosixPath(path).parts
    if not pieces or path.startswith("/") or "\\" in path or any(piece.startswith(".") for piece in pieces):
        raise CatalogueFileError(f"{where}: {path!r} does not stay in its folder")
    return str(PurePosixPath(path))
