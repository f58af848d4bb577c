"""`vivavoce doctor`: one line a finding, the remedy beside it, and no secret anywhere."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import socket
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from vivavoce.cli import doctor as module
from vivavoce.cli.doctor import doctor
from vivavoce.engines.catalogue import Model, load_catalogue

Usage = namedtuple("Usage", "total used free")
Examine = Callable[..., tuple[int, dict[str, dict[str, Any]]]]

app = typer.Typer()
app.command("doctor")(doctor)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with everything, as far as doctor can see."""
    monkeypatch.setenv("VIVAVOCE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(module, "is_complete", lambda model: True)
    monkeypatch.setattr(module, "available_memory_bytes", lambda: 8 * 1024**3)
    monkeypatch.setattr(module, "_processor", lambda: module.Finding("processor", "ok", "fast"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**12))
    for name in module._KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def examine(healthy: None, tmp_path: Path) -> Examine:
    def run(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        every = ["--json", "--port", str(free_port()), "--data", str(tmp_path / "data"), *arguments]
        result = CliRunner().invoke(app, every)
        return result.exit_code, {check["what"]: check for check in json.loads(result.stdout)["checks"]}

    return run


def test_a_machine_with_everything_is_ready(examine: Examine) -> None:
    exit_code, checks = examine()
    assert exit_code == 0
    assert {check["state"] for check in checks.values()} <= {"ok", "optional"}


def test_a_missing_model_of_the_profile_fails_and_names_the_command(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_kokoro_lacks(model: Model) -> bool:
        return model.name != "kokoro-82m"

    monkeypatch.setattr(module, "is_complete", only_kokoro_lacks)
    exit_code, checks = examine("--profile", "small")
    assert exit_code == 1
    assert checks["model kokoro-82m"]["state"] == "missing"
    assert checks["model kokoro-82m"]["remedy"] == "vivavoce models pull small"


def test_a_missing_model_outside_the_profile_is_optional(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    small = set(load_catalogue().profiles["small"])
    monkeypatch.setattr(module, "is_complete", lambda model: model.name in small)
    exit_code, checks = examine("--profile", "small")
    assert exit_code == 0
    assert checks["model faster-whisper-base"]["state"] == "optional"
    assert checks["model faster-whisper-base"]["remedy"] == "vivavoce models pull faster-whisper-base"


def test_a_disk_without_room_for_the_missing_models_fails(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_complete", lambda model: False)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**8))
    exit_code, checks = examine()
    assert exit_code == 1
    assert "VIVAVOCE_MODELS" in checks["disk of the models"]["remedy"]


def test_a_data_folder_that_cannot_be_written_fails(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    exit_code, checks = examine()
    assert exit_code == 1
    assert "VIVAVOCE_DATA" in checks["disk of the data"]["remedy"]
    assert checks["disk of the models"]["state"] == "ok"


def test_too_little_memory_fails(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_memory_bytes", lambda: 1024**3)
    exit_code, checks = examine("--profile", "small")
    assert exit_code == 1
    assert "1.5 GiB" in checks["memory"]["remedy"]


def test_a_taken_port_is_told_but_may_be_this_very_program(examine: Examine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        exit_code, checks = examine("--port", str(port))
    assert exit_code == 0
    assert checks[f"port {port}"]["state"] == "optional"
    assert "--port" in checks[f"port {port}"]["remedy"]


def test_keys_are_named_and_their_values_never_shown(
    healthy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in module._KEYS:
        monkeypatch.setenv(name, "hush-hush-value")
    for style in ([], ["--json"]):
        result = CliRunner().invoke(app, [*style, "--port", str(free_port()), "--data", str(tmp_path)])
        assert "XAI_API_KEY" in result.output
        assert "hush" not in result.output


def test_a_missing_extra_is_optional_and_names_what_to_install(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exit_code, checks = examine()
    assert exit_code == 0
    assert checks["microphone"]["remedy"] == "pip install 'vivavoce[microphone]'"
    assert checks["multilingual speech recognition"]["state"] == "optional"


def test_an_unknown_profile_is_a_mistake_of_usage(healthy: None) -> None:
    result = CliRunner().invoke(app, ["--profile", "huge"])
    assert result.exit_code == 2
    assert "huge" in result.stderr


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        pytest.param("flags : fpu avx2 avx512f\nbugs :", "ok", id="a processor with AVX2 will do"),
        pytest.param("flags : fpu avx sse4_2\nbugs : avx2", "missing", id="a processor without AVX2 will not"),
    ],
)
def test_the_processor_must_have_avx2(flags: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert module._processor(tmp_path / "cpuinfo").state == state


def test_the_text_names_what_is_missing_and_how_to_get_it(
    healthy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_complete", lambda model: model.name != "silero-vad")
    result = CliRunner().invoke(app, ["--profile", "small", "--port", str(free_port()), "--data", str(tmp_path)])
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("MISSING")]
    assert "silero-vad" in line
    assert "vivavoce models pull small" in line
