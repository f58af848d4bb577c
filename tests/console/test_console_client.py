"""The types of the console's client are those of the API as it is now."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_client", ROOT / "console" / "make_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of the API as it is; it takes seconds to make."""
    made: dict[str, Any] = _maker().document()
    return made


def test_the_client_was_made_from_the_document_as_it_is(document: dict[str, Any]) -> None:
    """Fails after a change of the API: run `make console-client`."""
    first = (ROOT / "console" / "src" / "api" / "schema.d.ts").read_text().partition("\n")[0]
    written = re.fullmatch(r"// document sha256:([0-9a-f]{64})", first)
    assert written is not None
    assert written[1] == _maker().fingerprint(document)


def test_the_fingerprint_follows_the_document(document: dict[str, Any]) -> None:
    maker = _maker()
    assert maker.fingerprint(document) == maker.fingerprint(dict(document))
    assert maker.fingerprint({**document, "paths": {}}) != maker.fingerprint(document)
