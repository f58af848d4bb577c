"""The server under measurement: `vivavoce serve` as a process of its own, with its memory and its start-up time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

KEY = "vv_benchmark_key_0123456789"


@dataclass(frozen=True, slots=True)
class MeasuredServer:
    """A server that is ready."""

    url: str
    process: psutil.Process
    ready_seconds: float

    @property
    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6

    @property
    def peak_resident_mb(self) -> float:
        """The most that was resident at any time (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024 / 1e6


@contextmanager
def measured_server(*arguments: str, data: Path | None = None) -> Iterator[MeasuredServer]:
    """Start `vivavoce serve` on a free port with the key `KEY`; end it with the block. `data` None: a fresh place."""
    with tempfile.TemporaryDirectory() as fresh:
        place = ("--port", "0", "--data", str(data or fresh), "--json")
        command = [sys.executable, "-m", "vivavoce", "serve", *place, *arguments]
        begun = time.monotonic()
        environment = {**_environment(), "VIVAVOCE_API_KEY": KEY}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the server did not start; its messages are above")
            ready = time.monotonic() - begun
            yield MeasuredServer(json.loads(line)["url"], psutil.Process(process.pid), ready)
        finally:
            process.terminate()
            process.wait(30)


def _environment() -> dict[str, str]:
    kept: dict[str, str] = dict(psutil.Process().environ())
    return {
        name: value for name, value in kept.items() if not name.startswith("VIVAVOCE_") or name == "VIVAVOCE_MODELS"
    }
