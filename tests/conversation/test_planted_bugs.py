"""Tests of the tests: the core's suite notices every planted bug, and nothing where none is planted.

Each run is a process of its own that imports the core from a copy; two run at a time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
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

RUN = """
import sys
import pytest
import vivavoce.conversation.machine as machine
if not machine.__file__.startswith(sys.argv[1]):
    sys.exit(f"the suite would test {machine.__file__}")
sys.exit(pytest.main(sys.argv[2:]))
"""

Verdicts = dict[PlantedBug | None, Future["subprocess.CompletedProcess[str]"]]


def plant(bug: PlantedBug | None, source: Path) -> None:
    """Copy what the core needs to `source`, and put the bug into the copy."""
    shutil.copytree(PACKAGE / "conversation", source / "vivavoce" / "conversation", ignore=lambda *_: ["__pycache__"])
    shutil.copy(PACKAGE / "__init__.py", source / "vivavoce")
    if bug is not None:
        path = source / "vivavoce" / "conversation" / bug.file
        text = path.read_text()
        assert text.count(bug.sound) == 1, (
            f"{bug.file} holds the sound line of '{bug.name}' {text.count(bug.sound)} times"
        )
        path.write_text(text.replace(bug.sound, bug.broken))


def run_suite(bug: PlantedBug | None, folder: Path) -> subprocess.CompletedProcess[str]:
    plant(bug, folder / "source")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    files = sorted(SUITE.glob("test_*.py"), key=lambda path: (path.name == LAST, path.name))
    tests = [str(path) for path in files if path.name != Path(__file__).name]
    options = ["-x", "-q", "--tb=line", "--noconftest", "-p", "no:cacheprovider", "-c", str(folder / "pytest.ini")]
    return subprocess.run(
        [sys.executable, "-c", RUN, str(folder), *options, *tests],
        env={
            **os.environ,
            "PYTHONPATH": str(folder / "source"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            BRIEF_VARIABLE: "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder.parent / "hypothesis"),  # its tables of characters take a second
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdicts]:
    """The runs that the chosen tests want, under way."""
    ids = {
        item.callspec.id
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and "bug" in item.fixturenames
    }
    chosen = [bug for bug in (None, *PLANTED_BUGS) if (bug.name if bug is not None else SOUND) in ids]
    with ThreadPoolExecutor(RUNS_AT_ONCE, "planted") as pool:
        yield {bug: pool.submit(run_suite, bug, tmp_path_factory.mktemp("planted")) for bug in chosen}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("bug", [pytest.param(None, id=SOUND)])
def test_the_suite_has_nothing_to_say_where_no_bug_is_planted(bug: None, verdicts: Verdicts) -> None:
    run = verdicts[bug].result()
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.name) for bug in PLANTED_BUGS])
def test_the_suite_notices_that(bug: PlantedBug, verdicts: Verdicts) -> None:
    run = verdicts[bug].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, f"nothing noticed it:\n{run.stdout}{run.stderr}"


def test_every_planted_bug_has_a_name_of_its_own() -> None:
    names = [bug.name for bug in PLANTED_BUGS]
    assert len(set(names)) == len(names) >= 16
