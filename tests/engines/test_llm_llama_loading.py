"""What surrounds the native engine: cores, private folders, and files that are no model. Needs no weights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vivavoce.engines.llm import llama_server
from vivavoce.engines.llm.llama_server import LlamaServer, usable_cores
from vivavoce.engines.ports import EngineError


@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [
        pytest.param("max 100000\n", None, id="no quota"),
        pytest.param("200000 100000\n", 2, id="two cores"),
        pytest.param("350000 100000\n", 3, id="a part of a core does not count"),
        pytest.param("50000 100000\n", 1, id="half a core is still one thread"),
        pytest.param("", None, id="an empty file"),
        pytest.param(None, None, id="no file"),
    ],
)
def test_the_quota_of_a_container(tmp_path: Path, cpu_max: str | None, cores: int | None) -> None:
    file = tmp_path / "cpu.max"
    if cpu_max is not None:
        file.write_text(cpu_max)
    assert llama_server._quota_cores(file) == cores


@pytest.mark.parametrize(
    ("logical", "siblings", "quota", "cores"),
    [
        pytest.param({0, 1}, ["0", "1"], None, 2, id="two cores are two"),
        pytest.param({0, 1, 2, 3}, ["0-1", "0-1", "2-3", "2-3"], None, 2, id="hyperthreads do not count"),
        pytest.param({0, 1}, ["0-1", "0-1"], None, 2, id="unless there is nothing else"),
        pytest.param({0}, ["0-1"], None, 1, id="a process on one core has one"),
        pytest.param({0, 1, 2, 3}, ["0", "1", "2", "3"], 3, 3, id="a container's quota counts"),
        pytest.param({0, 1}, ["0", "1"], 8, 2, id="a quota larger than the machine does not"),
        pytest.param({0, 1, 2}, ["", "", ""], None, 3, id="a kernel that does not tell counts them all"),
    ],
)
def test_usable_cores(
    logical: set[int], siblings: list[str], quota: int | None, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: logical)
    monkeypatch.setattr(
        llama_server, "_siblings", lambda topology: siblings[int(topology.parent.name.removeprefix("cpu"))]
    )
    monkeypatch.setattr(llama_server, "_quota_cores", lambda _: quota)
    assert usable_cores() == cores


def test_this_machine_has_a_core() -> None:
    assert 1 <= usable_cores() <= len(os.sched_getaffinity(0))


def test_folders_of_dead_processes_are_removed_and_those_of_live_ones_stay(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("t")
    monkeypatch.setattr("tempfile.tempdir", str(root))
    dead, live, other = (root / f"vivavoce-llm-{name}" for name in ("4194999-x", f"{os.getpid()}-x", "notes"))
    for folder in (dead, live, other):
        folder.mkdir()
    made = llama_server._private_folder()
    assert sorted(root.iterdir()) == sorted([live, other, made])
    assert made.stat().st_mode & 0o777 == 0o700


def test_a_temporary_folder_with_a_long_name_is_not_used_for_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    made = llama_server._private_folder()
    assert made.parent == Path("/tmp")
    assert list(deep.iterdir()) == []
    made.rmdir()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "there is no language model at .*run `vivavoce models pull`", id="no file"),
        pytest.param(b"no model", "could not be loaded.*run `vivavoce models verify`", id="a file that is no model"),
        pytest.param(b"", "could not be loaded", id="an empty file"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_what_to_do(
    tmp_path: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = tmp_path / "model.gguf"
    if content is not None:
        model.write_bytes(content)
    with pytest.raises(EngineError, match=said):
        LlamaServer(model, slots=1, context_tokens=256, threads=1)
    assert not list(tmp_path.glob("vivavoce-llm-*"))
