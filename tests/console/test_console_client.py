"""The types of the console's client are those of the API as it is now."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_client", ROOT / "console" / "make_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_client_was_made_from_the_document_as_it_is() -> None:
    """Fails after a change of the API: run `make console-client`."""
    maker = _maker()
    first = (ROOT / "console" / "src" / "api" / "schema.d.ts").read_text().partition("\n")[0]
    written = re.fullmatch(r"// document sha256:([0-9a-f]{64})", first)
    assert written is not None
    assert written[1] == maker.fingerprint(maker.document())


def test_the_fingerprint_follows_the_document() -> None:
    maker = _maker()
    shown = maker.document()
    assert maker.fingerprint(shown) == maker.fingerprint(dict(shown))
    assert maker.fingerprint({**shown, "paths": {}}) != maker.fingerprint(shown)
