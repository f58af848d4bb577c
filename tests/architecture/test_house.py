"""The rules of the house that a linter does not know: sizes, names, module docstrings."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "vivavoce"
CHECKED = sorted([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])

FILE_LINES_MAXIMUM = 600
FUNCTION_LINES_MAXIMUM = 60
CLASS_METHODS_MAXIMUM = 20
CLASS_ATTRIBUTES_MAXIMUM = 15
FORBIDDEN_MODULE_WORDS = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "base",
    "misc",
    "manager",
    "handler",
    "processor",
}
BROAD_EXCEPTION_BOUNDARIES = {"sessions/runner.py", "api/errors.py"}


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _self_attributes(cls: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(cls):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                names.add(target.attr)
    return names


def _oversizes(path: Path) -> list[str]:
    text = path.read_text()
    tree = ast.parse(text)
    where = path.relative_to(ROOT)
    found: list[str] = []
    lines = text.count("\n")
    if lines > FILE_LINES_MAXIMUM:
        found.append(f"{where}: {lines} lines (at most {FILE_LINES_MAXIMUM})")
    for function in _functions(tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES_MAXIMUM:
            found.append(
                f"{where}:{function.lineno} {function.name}: {length} lines (at most {FUNCTION_LINES_MAXIMUM})"
            )
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        methods = [node for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        if len(methods) > CLASS_METHODS_MAXIMUM and SOURCE in path.parents:
            found.append(f"{where}:{cls.lineno} {cls.name}: {len(methods)} methods (at most {CLASS_METHODS_MAXIMUM})")
        attributes = _self_attributes(cls)
        if len(attributes) > CLASS_ATTRIBUTES_MAXIMUM:
            found.append(
                f"{where}:{cls.lineno} {cls.name}: {len(attributes)} attributes (at most {CLASS_ATTRIBUTES_MAXIMUM})"
            )
    return found


def test_no_file_function_or_class_outgrows_the_house() -> None:
    found = [line for path in CHECKED for line in _oversizes(path)]
    assert not found, "\n".join(["too large:", *found])


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in CHECKED
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert not silent, f"modules without a docstring: {silent}"


def test_no_module_is_named_after_nothing() -> None:
    named = [
        str(path.relative_to(ROOT))
        for path in CHECKED
        if FORBIDDEN_MODULE_WORDS & set(path.stem.lower().split("_")) or path.parent.name in FORBIDDEN_MODULE_WORDS
    ]
    assert not named, f"a name that says nothing: {named}"


def test_broad_excepts_stand_only_at_the_two_boundaries() -> None:
    broad: list[str] = []
    for path in SOURCE.rglob("*.py"):
        if str(path.relative_to(SOURCE)) in BROAD_EXCEPTION_BOUNDARIES:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                if caught in {"", "Exception", "BaseException"}:
                    broad.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not broad, f"broad except outside the two boundaries: {broad}"


def test_imports_inside_functions_are_only_the_heavy_ones_of_engine_adapters() -> None:
    inside: list[str] = []
    for path in SOURCE.rglob("*.py"):
        if "engines" in path.parts:
            continue
        for function in _functions(ast.parse(path.read_text())):
            inside += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(function)
                if isinstance(node, ast.Import | ast.ImportFrom)
            ]
    assert not inside, f"imports inside functions: {inside}"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"], id="imports"
        ),
        pytest.param([sys.executable, "-m", "ruff", "check", "."], id="ruff"),
        pytest.param([sys.executable, "-m", "ruff", "format", "--check", "."], id="format"),
        pytest.param([sys.executable, "-m", "mypy"], id="mypy"),
    ],
)
def test_the_linters_have_nothing_to_say(command: list[str]) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
