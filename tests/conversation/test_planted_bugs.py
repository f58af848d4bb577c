"""Tests of the tests: the core's suite notices every planted bug, and nothing where none is planted.

Each run is a process of its own that imports the core from a copy; two run at a time (`suite_nursery` forks them).
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import suite_nursery
from effort import BRIEF_VARIABLE
from planted_bug import PlantedBug
from planted_bugs import PLANTED_BUGS

import vivavoce

SUITE = Path(__file__).parent
PACKAGE = Path(vivavoce.__file__).parent
RUNS_AT_ONCE = 2
LAST = "test_conversation_properties.py"
"""It takes longest, so the tables get the first chance to notice."""

SOUND = "the core as it is"


@dataclass(frozen=True)
class Run:
    """How a run of the suite ended, and what it printed."""

    code: int
    output: str


Verdicts = dict[PlantedBug | None, Future[Run]]
Nursery = subprocess.Popen[str]


def whole_suite() -> list[str]:
    files = sorted(SUITE.glob("test_*.py"), key=lambda path: (path.name == LAST, path.name))
    return [str(path) for path in files if path.name != Path(__file__).name]


def module_of(noticed_by: str) -> Path:
    return SUITE / f"test_{noticed_by}.py"


def plant(bug: PlantedBug | None, folder: Path) -> None:
    """Copy what the core needs to `folder/source`, compiled as it is, and put the bug into the copy."""
    package = folder / "source" / "vivavoce"
    shutil.copytree(PACKAGE / "conversation", package / "conversation")
    shutil.copy(PACKAGE / "__init__.py", package)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    if bug is not None:
        path = package / "conversation" / bug.file
        text = path.read_text()
        assert text.count(bug.sound) == 1, (
            f"{bug.file} holds the sound line of '{bug.name}' {text.count(bug.sound)} times"
        )
        path.write_text(text.replace(bug.sound, bug.broken))
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()


def run_suite(nursery: Nursery, folder: Path, modules: list[str]) -> Run:
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(json.dumps({"folder": str(folder), "modules": modules}) + "\n")
    nursery.stdin.flush()
    code = nursery.stdout.readline()
    assert code, "the process that forks the runs of the suite has ended"
    return Run(int(code), (folder / "output").read_text())


def look_for(bug: PlantedBug | None, folder: Path, nurseries: queue.SimpleQueue[Nursery]) -> Run:
    """Ask the module that is known to notice it; where that says nothing, all of them."""
    plant(bug, folder)
    nursery = nurseries.get()
    try:
        if bug is not None and bug.noticed_by:
            run = run_suite(nursery, folder, [str(module_of(bug.noticed_by))])
            if run.code != pytest.ExitCode.OK:
                return run
        return run_suite(nursery, folder, whole_suite())
    finally:
        nurseries.put(nursery)
        shutil.rmtree(folder / "source")


@pytest.fixture(scope="module")
def nurseries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[queue.SimpleQueue[Nursery]]:
    """As many as run at once; they end with the module."""
    free: queue.SimpleQueue[Nursery] = queue.SimpleQueue()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        BRIEF_VARIABLE: "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path_factory.mktemp("hypothesis")),
    }
    with ExitStack() as ends:
        for _ in range(RUNS_AT_ONCE):
            command = [sys.executable, suite_nursery.__file__]
            nursery = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            free.put(ends.enter_context(nursery))
        yield free


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nurseries: queue.SimpleQueue[Nursery]
) -> Iterator[Verdicts]:
    """The runs that the chosen tests want, under way."""
    ids = {
        item.callspec.id
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and "bug" in item.fixturenames
    }
    chosen = [bug for bug in (None, *PLANTED_BUGS) if (bug.name if bug is not None else SOUND) in ids]
    with ThreadPoolExecutor(RUNS_AT_ONCE, "planted") as pool:
        yield {bug: pool.submit(look_for, bug, tmp_path_factory.mktemp("planted"), nurseries) for bug in chosen}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("bug", [pytest.param(None, id=SOUND)])
def test_the_suite_has_nothing_to_say_where_no_bug_is_planted(bug: None, verdicts: Verdicts) -> None:
    run = verdicts[bug].result()
    assert run.code == pytest.ExitCode.OK, run.output


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.name) for bug in PLANTED_BUGS])
def test_the_suite_notices_that(bug: PlantedBug, verdicts: Verdicts) -> None:
    run = verdicts[bug].result()
    assert run.code == pytest.ExitCode.TESTS_FAILED, f"nothing noticed it ({run.code}):\n{run.output}"


def test_every_planted_bug_has_a_name_of_its_own() -> None:
    names = [bug.name for bug in PLANTED_BUGS]
    assert len(set(names)) == len(names) >= 16


def test_every_module_that_is_named_for_noticing_a_bug_is_there() -> None:
    assert [bug.name for bug in PLANTED_BUGS if bug.noticed_by and not module_of(bug.noticed_by).exists()] == []
