"""What keeps recordings: one contract for the folder, for obstore's store in memory, and for S3's words on the wire."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from vivavoce.services.recordings.object_store import ObjectStorage, open_bucket
from vivavoce.services.recordings.storage import READ_AT_ONCE, FolderStorage, RecordingStorage, StorageError

NAME = "org_1/sess_1-1.ogg"
SOUND = bytes(range(256)) * (READ_AT_ONCE // 256 * 2) + b"end"


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3's REST API as recordings need: PUT, GET with a range, and DeleteObjects."""

    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256")
        self.objects[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, b"", {"etag": '"1"'})

    def do_GET(self) -> None:
        content = self.objects.get(self.path)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if content is None or asked is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
            return
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        told = {"etag": '"1"', "content-range": f"bytes {first}-{last}/{len(content)}"}
        told["last-modified"] = "Sat, 21 Nov 2026 21:00:00 GMT"
        self._answer(206, content[first : last + 1], told)

    def do_POST(self) -> None:
        """Several objects are deleted at once (S3's DeleteObjects)."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        keys = re.findall(r"<Key>(.+?)</Key>", body)
        for key in keys:
            self.objects.pop(f"/bucket/{key}", None)
        told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode(), {"content-type": "application/xml"})

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    _Bucket.objects = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bucket) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield open_bucket("s3://bucket/calls")
        server.shutdown()
        thread.join()


@pytest.fixture(
    params=[
        pytest.param("folder", id="in a folder"),
        pytest.param("memory", id="in obstore's memory"),
        pytest.param("bucket", id="in a bucket on the wire"),
    ]
)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> RecordingStorage:
    match request.param:
        case "folder":
            return FolderStorage(tmp_path / "kept")
        case "memory":
            return ObjectStorage(obstore, MemoryStore())
        case _:
            found: ObjectStorage = request.getfixturevalue("bucket")
            return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "unfinished.ogg"
    path.write_bytes(SOUND)
    return path


def test_what_is_kept_is_read_in_whole_and_in_parts(storage: RecordingStorage, source: Path) -> None:
    storage.keep(NAME, source)
    assert not source.exists()
    pieces = list(storage.read(NAME, 0, len(SOUND)))
    assert b"".join(pieces) == SOUND
    assert max(map(len, pieces)) <= READ_AT_ONCE
    assert b"".join(storage.read(NAME, READ_AT_ONCE - 1, 5)) == SOUND[READ_AT_ONCE - 1 : READ_AT_ONCE + 4]


def test_what_is_removed_is_gone_and_may_be_removed_again(storage: RecordingStorage, source: Path) -> None:
    storage.keep(NAME, source)
    storage.remove(NAME)
    storage.remove(NAME)
    with pytest.raises(StorageError):
        storage.read(NAME, 0, 10)


def test_a_source_that_is_missing_is_told(storage: RecordingStorage, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        storage.keep(NAME, tmp_path / "missing.ogg")


def test_an_address_that_is_no_bucket_is_refused() -> None:
    with pytest.raises(StorageError, match="no bucket"):
        open_bucket("s3://")
