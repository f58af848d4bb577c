"""`vivavoce models` as a person or a script types it: what it prints, and how it ends."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from vivavoce.cli import models as command
from vivavoce.cli.models import app
from vivavoce.cli.pull_display import PullDisplay
from vivavoce.engines.catalogue import Catalogue, parse_catalogue, places

OWN_FILE = Path(places.__file__).with_name("models.toml")
OWN_BYTES = OWN_FILE.read_bytes()


def catalogue_text(elsewhere: str) -> str:
    """`here` comes from this very package; `there` from a server that is not up, unless a test opens one."""

    def model(name: str, size_bytes: int, sha256: str, source: str) -> str:
        return (
            f'[[models]]\nname = "{name}"\ndoes = "does {name}"\nport = "stt"\nlicence = "MIT"\nupstream = "u"\n'
            f'[[models.files]]\nname = "f.bin"\nsize = {size_bytes}\nsha256 = "{sha256}"\n{source}\n'
        )

    own = 'package = { package = "vivavoce.engines.catalogue", path = "models.toml" }'
    return (
        '[profiles]\nstandard = ["here"]\nsmall = ["here"]\nboth = ["here", "there"]\n'
        + model("here", len(OWN_BYTES), hashlib.sha256(OWN_BYTES).hexdigest(), own)
        + model("there", 4_000_000, "0" * 64, f'url = "{elsewhere}"')
    )


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models directory, and a catalogue of two made-up models."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made_up: Catalogue = parse_catalogue(catalogue_text(f"http://127.0.0.1:{port}/f.bin"))
    monkeypatch.setattr(command, "load_catalogue", lambda: made_up)
    monkeypatch.setenv("VIVAVOCE_MODELS", str(tmp_path))
    monkeypatch.delenv("VIVAVOCE_MODELS_FROM", raising=False)
    return tmp_path


@pytest.fixture
def cli() -> CliRunner:
    return CliRunner()


# --- list -----------------------------------------------------------------------------------------------------------


def test_list_shows_what_each_model_does_its_licence_its_size_and_whether_it_is_here(
    models: Path, cli: CliRunner
) -> None:
    cli.invoke(app, ["pull", "here"])
    result = cli.invoke(app, ["list"])
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert rows["here"][1:4] == ["does", "here", "MIT"]
    assert rows["here"][-1] == "yes"
    assert rows["there"][-3:] == ["4.0", "MB", "no"]
    assert str(models) in result.stdout


def test_list_as_json_holds_the_same(models: Path, cli: CliRunner) -> None:
    answer = json.loads(cli.invoke(app, ["list", "--json"]).stdout)
    assert answer["directory"] == str(models)
    assert answer["profiles"]["both"] == ["here", "there"]
    assert [(row["name"], row["size_bytes"], row["present"]) for row in answer["models"]] == [
        ("here", len(OWN_BYTES), False),
        ("there", 4_000_000, False),
    ]


def test_list_shows_the_shipped_catalogue(cli: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVAVOCE_MODELS", str(tmp_path))
    result = cli.invoke(app, ["list"])
    assert result.exit_code == 0
    assert "qwen2.5-coder-1.5b" in result.stdout
    assert "profile small" in result.stdout


# --- pull -----------------------------------------------------------------------------------------------------------


def test_pull_without_a_name_takes_the_profile_that_fits_and_says_so(models: Path, cli: CliRunner) -> None:
    result = cli.invoke(app, ["pull"])
    assert result.exit_code == 0
    assert "chosen by the memory" in result.stderr
    assert (models / "here/f.bin").read_bytes() == OWN_BYTES
    assert "1 models are ready" in result.stdout


def test_pull_as_json_keeps_standard_output_for_the_result(models: Path, cli: CliRunner) -> None:
    answer = json.loads(cli.invoke(app, ["pull", "small", "--json"]).stdout)
    assert [(row["name"], row["present"], row["path"]) for row in answer["models"]] == [
        ("here", True, str(models / "here"))
    ]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        pytest.param(["pull", "thre"], 2, "did you mean there", id="an unknown model is a mistake of usage"),
        pytest.param(["pull", "here", "--from", "moon"], 2, "auto, hub or registry", id="so is an unknown source"),
        pytest.param(["verify", "zzz"], 2, "standard, small", id="so is an unknown name to verify"),
        pytest.param(["path", "small"], 2, "no model named 'small'", id="a profile has no path"),
        pytest.param(
            ["pull", "there", "--from", "hub"], 1, "check the network", id="a server out of reach is a failure"
        ),
        pytest.param(["pull", "there", "--from", "registry"], 1, "--from auto", id="a source without the model is one"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_in_one_line(
    models: Path, cli: CliRunner, arguments: list[str], exit_code: int, words: str
) -> None:
    result = cli.invoke(app, arguments)
    assert result.exit_code == exit_code
    assert words in result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("error: ")] == [
        result.stderr.splitlines()[-1]
    ]


def test_an_error_as_json_says_what_kind_it_is(models: Path, cli: CliRunner) -> None:
    result = cli.invoke(app, ["pull", "there", "--from", "hub", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["kind"] == "SourceUnreachable"


def test_the_variable_chooses_the_source(models: Path, cli: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVAVOCE_MODELS_FROM", "moon")
    result = cli.invoke(app, ["pull", "here"])
    assert result.exit_code == 2
    assert "'moon'" in result.stderr


PULLING = """
import sys
from pathlib import Path
from vivavoce.cli import models
from vivavoce.engines.catalogue import load_catalogue
made_up = load_catalogue(Path(sys.argv[1]))
models.load_catalogue = lambda: made_up
models.app(["pull", "there", "--from", "hub"])
"""


def test_an_interrupted_pull_says_how_to_go_on_and_fails(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        file = tmp_path / "models.toml"
        file.write_text(catalogue_text(f"http://127.0.0.1:{server.getsockname()[1]}/f.bin"))
        environment = {**os.environ, "VIVAVOCE_MODELS": str(tmp_path / "models"), "NO_PROXY": "127.0.0.1"}
        command_line = [sys.executable, "-c", PULLING, str(file)]
        server.settimeout(60)
        with subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) as process:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + bytes(1_500_000))
                assert process.stderr is not None
                assert process.stderr.readline() == "there from its publisher: 4.0 MB\n"
                assert process.stderr.readline() == "there: 25 %\n"
                process.send_signal(signal.SIGINT)
                errors = process.stderr.read()
            assert process.wait(60) == 1
    assert "error: interrupted; run the same command again" in errors
    assert "Traceback" not in errors


# --- verify and path ------------------------------------------------------------------------------------------------


def test_verify_without_a_name_checks_what_is_here(models: Path, cli: CliRunner) -> None:
    cli.invoke(app, ["pull", "here"])
    result = cli.invoke(app, ["verify"])
    assert result.exit_code == 0
    assert "1 of 1 files are right" in result.stdout


def test_verify_names_a_changed_file_and_how_to_mend_it(models: Path, cli: CliRunner) -> None:
    cli.invoke(app, ["pull", "here"])
    (models / "here/f.bin").write_bytes(OWN_BYTES[:-1] + b"?")
    result = cli.invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "here/f.bin: wrong checksum" in result.stdout
    assert "vivavoce models pull here" in result.stderr
    assert cli.invoke(app, ["pull", "here"]).exit_code == 0
    assert cli.invoke(app, ["verify", "here"]).exit_code == 0


def test_verify_of_a_model_that_is_not_here_fails(models: Path, cli: CliRunner) -> None:
    result = cli.invoke(app, ["verify", "both", "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert {file["result"] for file in answer["files"]} == {"missing"}


def test_path_prints_the_folder_of_all_models(models: Path, cli: CliRunner) -> None:
    assert cli.invoke(app, ["path"]).stdout == f"{models}\n"


@pytest.mark.parametrize(
    ("pulled", "exit_code"),
    [
        pytest.param(True, 0, id="a model that is here has a path to use"),
        pytest.param(False, 1, id="a model that is not here has a path that fails a script"),
    ],
)
def test_path_of_a_model(models: Path, cli: CliRunner, pulled: bool, exit_code: int) -> None:
    if pulled:
        cli.invoke(app, ["pull", "here"])
    result = cli.invoke(app, ["path", "here"])
    assert result.stdout == f"{models / 'here'}\n"
    assert result.exit_code == exit_code
    answer = json.loads(cli.invoke(app, ["path", "here", "--json"]).stdout)
    assert answer == {"path": str(models / "here"), "present": pulled}


# --- the display ----------------------------------------------------------------------------------------------------


def test_plain_lines_tell_every_quarter_once_and_survive_a_restart() -> None:
    text = io.StringIO()
    with PullDisplay(Console(file=text)) as display:
        display.started("m", "hub", 1_000_000, 0)
        for count in (300_000, 100_000, -300_000, 300_000, 300_000):
            display.fetched("m", count)
        display.started("m", "registry", 2_000_000, 1_000_000)
        display.fetched("m", 999_999)
        display.finished("m")
    assert text.getvalue().splitlines() == [
        "m from its publisher: 1.0 MB",
        "m: 25 %",
        "m: 50 %",
        "m from the package registry: 2.0 MB, 1.0 MB of them are here",
        "m: 75 %",
        "m: ready",
    ]


def test_a_terminal_sees_a_bar_with_bytes() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, legacy_windows=False)
    with PullDisplay(console) as display:
        display.started("m", "hub", 2_000_000, 0)
        workers = [threading.Thread(target=display.fetched, args=("m", 250_000)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert "m from its publisher" in text.getvalue()
    assert "1.0/2.0 MB" in text.getvalue()
