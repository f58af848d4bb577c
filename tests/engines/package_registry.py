"""A package index, an npm registry and a model hub on 127.0.0.1, with the faults that real ones have.

Owned by the test that opens it; ends with the `with` block. Everything it serves is made up in the test.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Package:
    """A published package: how a catalogue names it, and the archive itself."""

    spec: str
    file: str
    content: bytes

    @property
    def toml(self) -> str:
        return (
            f'[carriers."{self.spec}"]\nfile = "{self.file}"\nsize = {len(self.content)}\n'
            f'sha256 = "{sha256(self.content)}"\n'
        )


@dataclass(slots=True)
class Faults:
    """What goes wrong with one address. Lists are used up, one entry a request."""

    cut_after_bytes: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hold_after_bytes: int | None = None
    ranges: bool = True
    announces_length: bool = True
    content: bytes | None = None


class PackageRegistry:
    """What is served, what went over the wire, and the faults to show."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.index_style: Literal["json", "html"] = "json"
        self.faults: dict[str, Faults] = defaultdict(Faults)
        self.sent_bytes: dict[str, int] = defaultdict(int)
        self.requests: list[tuple[str, str]] = []
        self.held = threading.Event()
        self.released = threading.Event()
        self.packages: dict[str, list[Package]] = defaultdict(list)
        self.files: dict[str, bytes] = {}

    @property
    def index_url(self) -> str:
        return f"{self.url}/simple"

    def wheel(self, project: str, version: str, members: Mapping[str, bytes]) -> Package:
        """Publish a wheel; its archive lies at /files/<file>."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        file = f"{project.replace('-', '_')}-{version}-py3-none-any.whl"
        package = Package(f"{project}=={version}", file, buffer.getvalue())
        self.packages[project].append(package)
        self.files[f"/files/{file}"] = package.content
        return package

    def npm_package(self, name: str, version: str, members: Mapping[str, bytes]) -> Package:
        """Publish an npm package."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for member, content in members.items():
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        package = Package(f"npm:{name}@{version}", f"{name}-{version}.tgz", buffer.getvalue())
        dist = {"tarball": f"{self.url}/files/{package.file}"}
        self.files[f"/npm/{name}"] = json.dumps({"versions": {version: {"dist": dist}}}).encode()
        self.files[f"/files/{package.file}"] = package.content
        return package

    def hub_file(self, repository: str, revision: str, path: str, content: bytes) -> str:
        """Publish a file of the model hub; returns its path here."""
        where = f"/{repository}/resolve/{revision}/{path}"
        self.files[where] = content
        return where

    def starts_of(self, path: str) -> list[str]:
        """The Range headers of the requests for a path, '' where there was none."""
        return [wanted for requested, wanted in self.requests if requested == path]

    def answer(self, path: str) -> tuple[bytes, str] | None:
        project = path.removeprefix("/simple/").strip("/")
        if path.startswith("/simple/") and project in self.packages:
            return self._index_page(self.packages[project])
        if path in self.files:
            return self.files[path], "application/octet-stream"
        return None

    def _index_page(self, packages: list[Package]) -> tuple[bytes, str]:
        if self.index_style == "html":
            links = [f'<a href="../../files/{p.file}#sha256={sha256(p.content)}">{p.file}</a>' for p in packages]
            return f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>".encode(), "text/html"
        files = [
            {"filename": p.file, "url": f"{self.url}/files/{p.file}", "hashes": {"sha256": sha256(p.content)}}
            for p in packages
        ]
        return json.dumps({"files": files}).encode(), "application/vnd.pypi.simple.v1+json"


@contextmanager
def open_registry() -> Iterator[PackageRegistry]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.daemon_threads = True
    registry = PackageRegistry(f"http://127.0.0.1:{server.server_port}")
    server.registry = registry  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="package-registry")
    thread.start()
    try:
        yield registry
    finally:
        registry.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        registry: PackageRegistry = self.server.registry  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        wanted = self.headers.get("Range", "")
        registry.requests.append((path, wanted))
        faults = registry.faults[path]
        found = registry.answer(path)
        if faults.statuses:
            self._refuse(faults.statuses.pop(0))
        elif found is None:
            self._refuse(404)
        else:
            content, media_type = found
            self._send(registry, path, content if faults.content is None else faults.content, media_type, wanted)

    def _send(self, registry: PackageRegistry, path: str, content: bytes, media_type: str, wanted: str) -> None:
        faults = registry.faults[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and faults.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", media_type)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if faults.announces_length:
            self.send_header("Content-Length", str(len(content) - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        stop = len(content)
        if faults.cut_after_bytes:
            stop = min(stop, start + faults.cut_after_bytes.pop(0))
        for offset in range(start, stop, _BLOCK_BYTES):
            self._hold(registry, faults, offset - start)
            block = content[offset : min(offset + _BLOCK_BYTES, stop)]
            try:
                self.wfile.write(block)
            except OSError:
                break
            registry.sent_bytes[path] += len(block)
        self.close_connection = stop < len(content) or not faults.announces_length

    @staticmethod
    def _hold(registry: PackageRegistry, faults: Faults, sent_bytes: int) -> None:
        if faults.hold_after_bytes is not None and sent_bytes >= faults.hold_after_bytes:
            faults.hold_after_bytes = None
            registry.held.set()
            registry.released.wait(60)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""
