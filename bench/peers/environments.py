"""Where the peers live: one Python environment each in the user's cache, installed by the benchmark that needs it.

Their dependencies clash with the product's and with each other's, so nothing of theirs enters its environment. A folder
is named after its pins, so a change of them makes a new one; one that nobody has used for two weeks is removed with the
next installation. Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LIVEKIT = ("livekit-agents==1.8.9",)
PIPECAT = ("pipecat-ai==1.14.0",)
EVERYWHERE = ("psutil>=7,<8",)
"""What the drivers measure with."""

COMPLETE = ".complete"
UNUSED_SECONDS = 14 * 24 * 3600


def cache_directory() -> Path:
    """The folder in the user's cache that holds the environments."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "vivavoce" / "bench"


def python_with(name: str, packages: Sequence[str]) -> Path:
    """The interpreter of the environment that holds `packages`, installed first. Raises `CalledProcessError`."""
    wanted = (*packages, *EVERYWHERE)
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / f"{name}-{hashlib.sha256(chr(0).join((sys.version, *wanted)).encode()).hexdigest()[:12]}"
    with _alone(cache):
        if not (place / COMPLETE).exists():
            _install(place, wanted)
        (place / COMPLETE).touch()
    return place / "bin" / "python"


def _install(place: Path, packages: Sequence[str]) -> None:
    sys.stderr.write(f"Installing {packages[0]} into {place} …\n")
    shutil.rmtree(place, ignore_errors=True)
    for other in place.parent.glob(f"{place.name.partition('-')[0]}-*"):
        used = other / COMPLETE
        if not used.exists() or time.time() - used.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
