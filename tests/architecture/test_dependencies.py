"""Whatever the product imports is what an installation without its tests has."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-") for each in requirements}


def _imported() -> dict[str, str]:
    """The packages from elsewhere that the source imports, each with a file that does."""
    found: dict[str, str] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
                names = [node.module]
            else:
                continue
            found |= {name.partition(".")[0]: str(path.relative_to(ROOT)) for name in names}
    return {name: path for name, path in found.items() if name != "vivavoce" and name not in sys.stdlib_module_names}


def test_everything_that_is_imported_is_a_declared_dependency() -> None:
    extras = [each for several in PROJECT["optional-dependencies"].values() for each in several]
    declared = _names([*PROJECT["dependencies"], *extras])
    distributions = packages_distributions()
    imported = _imported()
    assert len(imported) > 20
    missing = {
        name: path
        for name, path in imported.items()
        if not declared & {each.lower().replace("_", "-") for each in distributions.get(name, [name])}
    }
    assert not missing, f"imported, but in neither the dependencies nor an extra of pyproject.toml: {missing}"
