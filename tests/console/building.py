"""The console as its source stands, built for the tests: in the package where that is fresh, otherwise in the cache.

A build in the cache is named after its source, so that a second run needs none. Ends when a later build replaces it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.compliance.environments import installed

from vivavoce.console.routes import ASSETS

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "console"
SOURCE = ("src", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
"""What a build is made of; `hatch_build.py` has the same list, and marks its own build with the same digest."""
MARK = ".built-from"
BUILDS_KEPT = 3
IN_USE_SECONDS = 3_600
"""A build that was wanted so lately may be shown by a run that still goes on, of another checkout."""


def built_console() -> Path:
    """The folder with `index.html` and `assets`. Raises `CalledProcessError` with the compiler's words."""
    digest = _digest()
    mark = ASSETS / MARK
    if mark.is_file() and mark.read_text() == digest:
        return ASSETS
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vivavoce" / "console"
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / digest[:16]
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / MARK).is_file():
            _build(place)
            (place / MARK).write_text(digest)
        _make_room(cache, place)
    return place


def _build(place: Path) -> None:
    node, npm = _node()
    vite = CONSOLE / "node_modules" / "vite" / "bin" / "vite.js"
    if not vite.is_file():
        subprocess.run([*npm, "install", "--no-save", "--no-audit", "--no-fund"], cwd=CONSOLE, check=True)
    command = [node, str(vite), "build", "--outDir", str(place), "--emptyOutDir", "--logLevel", "error"]
    subprocess.run(command, cwd=CONSOLE, check=True)


def _node() -> tuple[str, list[str]]:
    """The interpreter and how npm is started: the machine's, otherwise those of the compliance tests."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None:
        return node, [npm]
    own = installed().node
    return str(own), [str(own), str(own.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _make_room(cache: Path, place: Path) -> None:
    os.utime(place)
    builds = sorted((each for each in cache.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
    for old in builds[:-BUILDS_KEPT]:
        if old.stat().st_mtime < time.time() - IN_USE_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def _digest() -> str:
    found = hashlib.sha256()
    for name in SOURCE:
        place = CONSOLE / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file():
                found.update(file.relative_to(CONSOLE).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
