"""Models made up for tests of fetching: their catalogue texts, their packages, and somebody who watches a pull."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from package_registry import Package, PackageRegistry, open_registry, sha256

from vivavoce.engines.catalogue import Catalogue, PullSettings, carriers, parse_catalogue
from vivavoce.engines.catalogue.downloading import Patience
from vivavoce.engines.catalogue.registries import PackageIndexes

PATIENCE = Patience(attempts=3, connect_attempts=2, backoff_seconds=0, connect_seconds=5, read_seconds=20)
HASTE = Patience(attempts=3, connect_attempts=1, backoff_seconds=0, connect_seconds=1, read_seconds=0.2)
SETTINGS = PullSettings(hub_first=HASTE, hub_only=PATIENCE, registry=PATIENCE, streams=1)


class Told:
    """Remembers what a pull told."""

    def __init__(self) -> None:
        self.started_with: list[tuple[str, str, int, int]] = []
        self.fetched_bytes = 0
        self.finished_models: list[str] = []
        self.notices: list[str] = []
        self.on_fetched: Callable[[], None] = lambda: None

    def started(self, model: str, source: str, total_bytes: int, present_bytes: int) -> None:
        self.started_with.append((model, source, total_bytes, present_bytes))
        self.fetched_bytes = present_bytes

    def fetched(self, model: str, count_bytes: int) -> None:
        self.fetched_bytes += count_bytes
        self.on_fetched()

    def finished(self, model: str) -> None:
        self.finished_models.append(model)

    def noticed(self, text: str) -> None:
        self.notices.append(text)


@contextmanager
def registry_in_use(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageRegistry]:
    """A registry, a hub and an npm registry; pip is set up for it, and nothing else is reachable by mistake."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("VIVAVOCE_MODELS_FROM", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with open_registry() as opened:
        monkeypatch.setenv("HF_ENDPOINT", opened.url)
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{opened.url}/npm")
        monkeypatch.setattr(carriers, "read_package_indexes", lambda: PackageIndexes((opened.index_url,)))
        yield opened


def noise(count_bytes: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count_bytes)


def listed(name: str, content: bytes, sources: str) -> str:
    return f'[[models.files]]\nname = "{name}"\nsize = {len(content)}\nsha256 = "{sha256(content)}"\n{sources}\n'


def part(package: Package, member: str, number: int = 1) -> str:
    return f'{{ number = {number}, carrier = "{package.spec}", member = "{member}" }}'


def parts(*entries: str) -> str:
    return f"parts = [{', '.join(entries)}]"


def hub(path: str) -> str:
    return f'hub = {{ repository = "org/repo", revision = "main", path = "{path}" }}'


def model_text(*files: str, name: str = "tiny") -> str:
    return f'[[models]]\nname = "{name}"\ndoes = "d"\nport = "stt"\nlicence = "MIT"\nupstream = "u"\n' + "".join(files)


def catalogue_of(*models: str, packages: tuple[Package, ...] = ()) -> Catalogue:
    return parse_catalogue("".join(models) + "".join(package.toml for package in packages))


def split_model(registry: PackageRegistry, content: bytes, pieces: int) -> tuple[Catalogue, list[Package]]:
    """A model of one file that is spread over `pieces` wheels; they are listed in alphabetical order, not numeric."""
    step = -(-len(content) // pieces)
    packages = [
        registry.wheel(f"tiny-part{n}", "1.0", {f"tiny/part{n}.bin": content[(n - 1) * step : n * step]})
        for n in range(1, pieces + 1)
    ]
    entries = sorted(part(package, f"tiny/part{n}.bin", n) for n, package in enumerate(packages, 1))
    return catalogue_of(model_text(listed("f.bin", content, parts(*entries))), packages=tuple(packages)), packages


def visible_files(directory: Path) -> set[str]:
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and not any(piece.startswith(".") for piece in path.relative_to(directory).parts)
    }
