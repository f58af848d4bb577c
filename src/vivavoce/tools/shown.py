"""Declarations as they are shown: what lets the server in elsewhere stays with the server. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SECRET_FIELDS = frozenset({"authorization", "headers"})
_NAMES = ("type", "name", "server_label", "server_url", "url")


def without_secrets(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a webhook's request are left out too."""
    shown = {key: value for key, value in declaration.items() if key not in SECRET_FIELDS}
    request = shown.get("request")
    if isinstance(request, Mapping):
        shown["request"] = {key: value for key, value in request.items() if key not in SECRET_FIELDS}
    return shown


def restored(declarations: Iterable[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The declarations with those whole that come back word for word as a known one was shown."""
    shown = [without_secrets(each) for each in known]
    found: list[dict[str, Any]] = []
    for declaration in declarations:
        given = dict(declaration)
        found.append(dict(known[shown.index(given)]) if given in shown else given)
    return found


def refilled(declarations: Iterable[Any], known: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """For whoever owns them: a declaration that goes to the same place as a known one keeps the secrets that it does
    not mention. What is no object is left as it is.
    """
    places = [(_place(each), each) for each in known]

    def filled(given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        former = next((each for place, each in places if place == _place(given)), None)
        return given if former is None else _with_secrets(given, former)

    return tuple(filled(each) for each in declarations)


def _with_secrets(given: Mapping[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in former.items() if key in SECRET_FIELDS}
    request, former_request = given.get("request"), former.get("request")
    inner: dict[str, Any] = {}
    if isinstance(request, Mapping) and isinstance(former_request, Mapping):
        inner = {"request": {**{k: v for k, v in former_request.items() if k in SECRET_FIELDS}, **request}}
    return {**kept, **given, **inner}


def _place(declaration: Mapping[str, Any]) -> tuple[Any, ...]:
    request = declaration.get("request")
    inner = request.get("url") if isinstance(request, Mapping) else None
    return (*(declaration.get(name) for name in _NAMES), inner)
