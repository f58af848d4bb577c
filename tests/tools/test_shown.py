"""Declarations as they are shown, and what becomes of their secrets when they come back."""

from __future__ import annotations

from typing import Any

import pytest

from vivavoce.tools.shown import refilled, restored, without_secrets

SHOP: dict[str, Any] = {
    "type": "mcp",
    "server_label": "shop",
    "server_url": "https://a.example",
    "authorization": "secret",
    "headers": {"X": "secret"},
}
HOOK: dict[str, Any] = {
    "type": "webhook",
    "name": "book",
    "description": "Books.",
    "request": {"url": "https://a.example", "headers": {"X": "secret"}},
}
SHOWN_SHOP = {"type": "mcp", "server_label": "shop", "server_url": "https://a.example"}
SHOWN_HOOK = {**HOOK, "request": {"url": "https://a.example"}}


@pytest.mark.parametrize(("declared", "shown"), [(SHOP, SHOWN_SHOP), (HOOK, SHOWN_HOOK)], ids=["a server", "a webhook"])
def test_secrets_are_not_shown(declared: dict[str, Any], shown: dict[str, Any]) -> None:
    assert without_secrets(declared) == shown
    assert "secret" in str(declared), "what is kept is left as it is"


CHANGES = [
    pytest.param(SHOWN_SHOP, SHOP, SHOP, id="a server as it was shown"),
    pytest.param(SHOWN_HOOK, HOOK, HOOK, id="a webhook as it was shown"),
    pytest.param(
        {**SHOWN_SHOP, "allowed_tools": ["a"]},
        {**SHOWN_SHOP, "allowed_tools": ["a"]},
        {**SHOP, "allowed_tools": ["a"]},
        id="a server with other tools is its owner's alone",
    ),
    pytest.param(
        {**SHOWN_HOOK, "description": "Books a table."},
        {**SHOWN_HOOK, "description": "Books a table."},
        {**HOOK, "description": "Books a table."},
        id="a webhook in other words is its owner's alone",
    ),
    pytest.param(
        {**SHOWN_SHOP, "server_url": "https://thief.example"},
        {**SHOWN_SHOP, "server_url": "https://thief.example"},
        {**SHOWN_SHOP, "server_url": "https://thief.example"},
        id="another place gets no secrets",
    ),
    pytest.param(
        {**SHOWN_SHOP, "authorization": "new"},
        {**SHOWN_SHOP, "authorization": "new"},
        {**SHOP, "authorization": "new"},
        id="a new secret takes the place of the former",
    ),
]


@pytest.mark.parametrize(("given", "to_a_client", "to_its_owner"), CHANGES)
def test_what_comes_back_gets_its_secrets_again_where_it_may(
    given: dict[str, Any], to_a_client: dict[str, Any], to_its_owner: dict[str, Any]
) -> None:
    assert restored([given], [HOOK, SHOP]) == [to_a_client]
    assert refilled([given], [HOOK, SHOP]) == (to_its_owner,)
