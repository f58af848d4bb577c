"""A bucket that speaks S3's words on a free port: moto's server, in a process of its own, ended with the block.

What is in it is asked for over its own API, past the product.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import obstore
from obstore.store import S3Store

BUCKET = "bucket"
REGION = "eu-central-1"
_RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class S3Server:
    """`url` is the endpoint; there is one bucket, `BUCKET`."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What AWS's clients are told by."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGION,
        }

    def keys(self) -> list[str]:
        return re.findall(r"<Key>(.+?)</Key>", self._get(BUCKET))

    def content(self, key: str) -> bytes:
        keys = S3Store(
            BUCKET,
            endpoint=self.url,
            region=REGION,
            access_key_id="key",
            secret_access_key="secret",
            client_options={"allow_http": True},
        )
        return bytes(obstore.get(keys, key).bytes())

    def parts_under_way(self) -> dict[str, int]:
        """How many parts there are of every object that is being uploaded."""
        found = re.findall(r"<UploadId>(.+?)</UploadId><Key>(.+?)</Key>", self._get(f"{BUCKET}?uploads"))
        return {key: self._get(f"{BUCKET}/{key}?uploadId={upload}").count("<Part>") for upload, key in found}

    def empty(self) -> None:
        """A new bucket instead of the old one."""
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False).raise_for_status()
        place = f"<LocationConstraint>{REGION}</LocationConstraint>"
        made = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
        httpx.put(f"{self.url}/{BUCKET}", content=made, trust_env=False).raise_for_status()

    def _get(self, path: str) -> str:
        return self._asked(path).text

    def _asked(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{path}", trust_env=False).raise_for_status()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            told = (_RUNNING.search(line) for line in process.stderr)
            server = S3Server(next(found[1] for found in told if found is not None))
            # what it tells of every request must not fill the pipe, or it would stand still
            threading.Thread(target=process.stderr.read, daemon=True).start()
            server.empty()
            yield server
        finally:
            process.terminate()
