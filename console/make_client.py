"""Writes `src/api/schema.d.ts`, the types of the console's client, from the document of the API as it is now.

`make console-client` runs it. A test compares the fingerprint on the first line with the document.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vivavoce.api.application import build_application

SCHEMA = Path(__file__).parent / "src" / "api" / "schema.d.ts"
TOOL = ("--package=openapi-typescript@7.13.0", "--package=typescript@5.9.3", "--", "openapi-typescript")


class _NotServing:
    def waiting_for(self) -> Sequence[str]:
        return ()


OTHERS = ("/v1/chat/", "/v1/voice/", "/v1/voice-agents", "/v1/agents/create", "/v1/audio/", "/v2/", "/api/")
"""The APIs of other products: the console speaks the platform's own."""


def document() -> dict[str, Any]:
    """The document as a server shows it at /openapi.json, without what the console does not use."""
    app, _ = build_application(_NotServing(), ())
    shown = app.openapi()
    paths = {path: operations for path, operations in shown["paths"].items() if not path.startswith(OTHERS)}
    schemas = shown["components"]["schemas"]
    wanted, looked_at = set(_references(paths)), set[str]()
    while more := wanted - looked_at:
        looked_at |= more
        wanted |= {name for each in more for name in _references(schemas[each])}
    kept = {name: schema for name, schema in schemas.items() if name in wanted}
    return {**shown, "paths": paths, "components": {"schemas": kept}}


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = part.get("$ref")
        found = [own.rpartition("/")[2]] if isinstance(own, str) else []
        return [*found, *(name for each in part.values() for name in _references(each))]
    if isinstance(part, list):
        return [name for each in part for name in _references(each)]
    return []


def fingerprint(shown: Mapping[str, Any]) -> str:
    """Of what types depend on: which operations there are, with which parameters, and which fields objects have.

    Words and the way in which a library writes a schema may change; the types stay.
    """
    operations = {
        f"{method} {path}": sorted(each["name"] for each in operation.get("parameters", ()))
        for path, methods in shown["paths"].items()
        for method, operation in methods.items()
    }
    objects = {
        name: [sorted(schema.get("properties", ())), sorted(schema.get("required", ()))]
        for name, schema in shown["components"]["schemas"].items()
    }
    return hashlib.sha256(json.dumps([operations, objects], sort_keys=True).encode()).hexdigest()


def main() -> None:
    shown = document()
    with tempfile.TemporaryDirectory() as folder:
        source, written = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(json.dumps(shown))
        subprocess.run(["npx", "--yes", *TOOL, source, "-o", written], check=True, env=os.environ, cwd=folder)  # noqa: S607 - npx as the PATH has it
        SCHEMA.parent.mkdir(parents=True, exist_ok=True)
        SCHEMA.write_text(f"// document sha256:{fingerprint(shown)}\n{written.read_text()}")


if __name__ == "__main__":
    main()
