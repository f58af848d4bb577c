"""A process that has pytest and Hypothesis loaded, and forks one run of the core's suite after the other.

Started by `test_planted_bugs`, ends with its input. A line in is one run, `{"folder": …, "modules": […]}`; a line out
is how it ended. What the run prints goes to `folder/output`, and it imports the core from `folder/source`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path

import hypothesis.stateful
import pytest

LONGEST_RUN_SECONDS = 240

OPTIONS = ["-x", "-q", "--tb=line", "--noconftest", "-p", "no:cacheprovider"]


def run_suite(folder: Path, modules: list[str]) -> int:
    """Run the modules against the core in `folder/source`: pytest's exit code."""
    with (
        (folder / "output").open("w") as output,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        os.chdir(folder)
        sys.path.insert(0, str(folder / "source"))
        machine = importlib.import_module("vivavoce.conversation.machine")
        if not str(machine.__file__).startswith(str(folder)):
            print(f"the suite would test {machine.__file__}", file=sys.stderr)  # noqa: T201
            return 1 << 6
        return int(pytest.main([*OPTIONS, "-c", str(folder / "pytest.ini"), *modules]))


def run_apart(folder: Path, modules: list[str]) -> int:
    """Run the modules in a process of their own: pytest's exit code, or the signal that ended it, below zero."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_RUN_SECONDS)
        code = 1 << 7
        try:
            code = run_suite(folder, modules)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@hypothesis.given(hypothesis.strategies.text())
@hypothesis.settings(max_examples=1, database=None)
def warm_up(text: str) -> None:
    """Its tables of characters take a second."""


if __name__ == "__main__":
    warm_up()
    for line in sys.stdin:
        run = json.loads(line)
        code = run_apart(Path(run["folder"]), run["modules"])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
