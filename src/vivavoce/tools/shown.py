"""Declarations as they are shown: what lets the server in elsewhere stays with the server. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SECRET_FIELDS = frozenset({"authorization", "headers"})


def without_secrets(declaration: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in declaration.items() if key not in SECRET_FIELDS}


def restored(declarations: Iterable[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The declarations with those whole that come back as a known one was shown."""
    shown = [without_secrets(each) for each in known]
    found: list[dict[str, Any]] = []
    for declaration in declarations:
        given = dict(declaration)
        found.append(dict(known[shown.index(given)]) if given in shown else given)
    return found
