"""Fetches one file over HTTP so that a broken connection costs only what had not arrived.

The bytes grow in `<target>.part`; the target appears only when its checksum is right. Owned by one pull; several
threads use one `Downloader` at a time, each for a target of its own.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import certifi
import httpx

from vivavoce.engines.catalogue.errors import (
    DownloadInterruptedError,
    PullStoppedError,
    SourceError,
    SourceMissingError,
    SourceUnreachableError,
    WrongBytesError,
)
from vivavoce.engines.catalogue.places import sha256_of
from vivavoce.engines.catalogue.registries import PackageIndexes, host_of, shown

_BLOCK_BYTES = 1 << 18
_LONGEST_BACKOFF_SECONDS = 30.0
_TRANSIENT_STATUSES = {408, 416, 425, 429, 500, 502, 503, 504}

Answer = TypeVar("Answer")
Fetched = Callable[[int], None]
"""Called with the number of bytes that arrived; negative when they have to be fetched again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try: `attempts` in a row that bring nothing, `connect_attempts` unanswered."""

    attempts: int = 6
    connect_attempts: int = 3
    backoff_seconds: float = 0.5
    connect_seconds: float = 10.0
    read_seconds: float = 30.0

    @property
    def timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.read_seconds, connect=self.connect_seconds)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What to fetch, and how the right bytes are known."""

    url: str
    size_bytes: int
    sha256: str


def open_client(indexes: PackageIndexes | None = None) -> httpx.Client:
    """An HTTP client that trusts what the system trusts (and pip, when given); proxies come from the environment."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    if indexes is None:
        return httpx.Client(verify=trust, follow_redirects=True)
    if indexes.certificates is not None:
        try:
            trust.load_verify_locations(indexes.certificates)
        except OSError as error:
            raise SourceMissingError(
                f"pip's certificate file {indexes.certificates} cannot be used: {error}"
            ) from error
    untrusting = {f"all://{host}": httpx.HTTPTransport(verify=False) for host in indexes.trusted_hosts}
    return httpx.Client(verify=trust, follow_redirects=True, proxy=indexes.proxy, mounts=untrusting)


class Downloader:
    """Fetches files with retries until it is stopped."""

    def __init__(self, client: httpx.Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._stopped = threading.Event()
        self._sockets: set[socket.socket] = set()

    def stop(self) -> None:
        """End every running and every later fetch with `PullStoppedError`. May be called from any thread."""
        self._stopped.set()
        for connection in self._sockets.copy():
            # A thread that waits for bytes wakes up only when its connection ends; the base class's method ends a
            # TLS connection without the goodbye that the waiting thread would have to take part in.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def fetch(self, remote: RemoteFile, target: Path, fetched: Fetched) -> None:
        """Bring the file to `target`, going on with what an earlier try left beside it.

        Raises `SourceError` when the source is at fault, OSError when this machine's disk is, `PullStoppedError`.
        """
        part = part_of(target)
        if size_or_zero(part) > remote.size_bytes:
            part.unlink()
        resumed = size_or_zero(part) > 0
        self._complete(remote, part, fetched)
        if sha256_of(part) != remote.sha256 and resumed:
            # The server may have replaced the file since the first half arrived.
            part.unlink()
            fetched(-remote.size_bytes)
            self._complete(remote, part, fetched)
        if sha256_of(part) != remote.sha256:
            part.unlink()
            raise _wrong_bytes(remote)
        part.replace(target)

    def patiently(self, ask: Callable[[], Answer], where: str) -> Answer:
        """Do one small request, again while the trouble may pass. Raises `SourceError`, `PullStoppedError`."""
        failures = 0
        while True:
            try:
                return ask()
            except httpx.HTTPStatusError as error:
                trouble: SourceError = _refusal(error.response, where)
            except httpx.RequestError as error:
                trouble = unreachable(where, error)
            except httpx.InvalidURL as error:
                raise SourceMissingError(f"{shown(where)} is not an address: {error}") from error
            failures += 1
            if failures >= self._limit(trouble):
                raise trouble
            self._pause(failures)

    def _complete(self, remote: RemoteFile, part: Path, fetched: Fetched) -> None:
        failures, most_bytes = 0, size_or_zero(part)
        while size_or_zero(part) < remote.size_bytes or not part.exists():
            trouble = self._attempt(remote, part, fetched)
            size_bytes = size_or_zero(part)
            if size_bytes == remote.size_bytes and part.exists():
                return
            failures = 1 if size_bytes > most_bytes else failures + 1
            most_bytes = max(most_bytes, size_bytes)
            if failures >= (self._patience.attempts if most_bytes else self._limit(trouble)):
                raise trouble
            self._pause(failures)

    def _attempt(self, remote: RemoteFile, part: Path, fetched: Fetched) -> SourceError:
        """One request. Returns what to say if no other try brings more; raises what another try cannot mend."""
        start = size_or_zero(part)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        answered = False
        cause = "it ended early"
        try:
            with self._client.stream("GET", remote.url, headers=headers, timeout=self._patience.timeout) as response:
                answered = True
                _check_total(response, remote)
                if start and not _goes_on_at(response, start) and response.status_code in {200, 206, 416}:
                    part.unlink()
                    fetched(-start)
                if response.status_code not in {200, 206}:
                    return _refusal(response, remote.url)
                if response.status_code == 200 or _goes_on_at(response, start):
                    self._receive(response, remote, part, fetched)
        except httpx.RequestError as error:
            if not answered:
                return unreachable(remote.url, error)
            cause = str(error) or type(error).__name__
        except httpx.InvalidURL as error:
            raise SourceMissingError(f"{shown(remote.url)} is not an address: {error}") from error
        return DownloadInterruptedError(
            f"the connection to {shown(remote.url)} broke after {size_or_zero(part):,} of {remote.size_bytes:,} bytes "
            f"({cause}); run the same command again, it goes on where it stopped"
        )

    def _receive(self, response: httpx.Response, remote: RemoteFile, part: Path, fetched: Fetched) -> None:
        with part.open("ab") as stream, self._endable(response):
            arrived = stream.tell()
            for block in response.iter_raw(_BLOCK_BYTES):
                self._check_stopped()
                arrived += len(block)
                if arrived > remote.size_bytes:
                    part.unlink()
                    raise _wrong_bytes(remote)
                stream.write(block)
                fetched(len(block))

    @contextlib.contextmanager
    def _endable(self, response: httpx.Response) -> Iterator[None]:
        stream = response.extensions.get("network_stream")
        connection = None if stream is None else stream.get_extra_info("socket")
        if connection is None:
            yield
            return
        self._sockets.add(connection)
        try:
            self._check_stopped()
            yield
        finally:
            self._sockets.discard(connection)

    def _limit(self, trouble: SourceError) -> int:
        unreachable_now = isinstance(trouble, SourceUnreachableError)
        return self._patience.connect_attempts if unreachable_now else self._patience.attempts

    def _pause(self, failures: int) -> None:
        delay = min(self._patience.backoff_seconds * 2 ** (failures - 1), _LONGEST_BACKOFF_SECONDS)
        self._stopped.wait(delay)
        self._check_stopped()

    def _check_stopped(self) -> None:
        if self._stopped.is_set():
            raise PullStoppedError("the pull was stopped; run it again, it goes on where it stopped")


def part_of(target: Path) -> Path:
    """Where the bytes of a download grow."""
    return target.with_name(f"{target.name}.part")


def arrived_before(target: Path, sha256: str, fetched: Fetched) -> bool:
    """Whether an earlier pull brought the whole target. One with other bytes is deleted."""
    if not target.exists() or sha256_of(target) == sha256:
        return target.exists()
    fetched(-size_or_zero(target))
    target.unlink()
    return False


def size_or_zero(path: Path) -> int:
    """The file's size in bytes; 0 when there is none."""
    return path.stat().st_size if path.exists() else 0


def unreachable(url: str, error: httpx.RequestError) -> SourceUnreachableError:
    """The error for a source that cannot be connected to, with the usual way out."""
    where = host_of(url)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        advice = "its certificate is not trusted here; set SSL_CERT_FILE to your network's certificates"
    else:
        advice = "check the network, and HTTPS_PROXY if there is a proxy"
    reason = str(error) or type(error).__name__
    return SourceUnreachableError(f"cannot connect to {where} ({reason}); {advice}", where)


def _refusal(response: httpx.Response, url: str) -> SourceError:
    """What a status other than success means. Returned when it may pass, raised when it will not."""
    status = response.status_code
    if status in _TRANSIENT_STATUSES:
        return DownloadInterruptedError(f"{shown(url)} answers {status}; try again in some minutes")
    if status in {401, 403, 407}:
        raise SourceMissingError(f"{shown(url)} refuses access ({status}); check the credentials of that source")
    raise SourceMissingError(f"{shown(url)} answers {status}; try another source (--from hub or --from registry)")


def _check_total(response: httpx.Response, remote: RemoteFile) -> None:
    """A server that announces another size has another file (or is a login page); what is here stays."""
    if response.status_code == 200 and "Content-Encoding" not in response.headers:
        announced = response.headers.get("Content-Length", "")
    else:
        announced = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.status_code in {200, 206, 416} and announced.isdigit() and int(announced) != remote.size_bytes:
        raise _wrong_bytes(remote)


def _goes_on_at(response: httpx.Response, start: int) -> bool:
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _wrong_bytes(remote: RemoteFile) -> WrongBytesError:
    return WrongBytesError(
        f"{shown(remote.url)} delivers other bytes than the catalogue lists; they were thrown away. "
        "Try another source (--from hub or --from registry)"
    )
