"""What `vivavoce serve` makes of the variables for searches."""

from __future__ import annotations

import pytest
import typer

from vivavoce.cli.serve_search import search_of
from vivavoce.config import SearchSettings
from vivavoce.tools.search_providers.chosen import WebSearchChoice, WebSearchSettings

KEY = "search-key-0123456789"

UNDERSTOOD: dict[str, tuple[dict[str, str], SearchSettings]] = {
    "without variables nothing is set up": ({}, SearchSettings()),
    "empty variables are none": ({"VIVAVOCE_WEB_SEARCH": " ", "VIVAVOCE_WEB_SEARCH_URL": ""}, SearchSettings()),
    "searxng needs an address alone": (
        {"VIVAVOCE_WEB_SEARCH": "searxng", "VIVAVOCE_WEB_SEARCH_URL": "http://127.0.0.1:8888"},
        SearchSettings(WebSearchSettings(WebSearchChoice.SEARXNG, None, "http://127.0.0.1:8888")),
    ),
    "the others need a key alone": (
        {"VIVAVOCE_WEB_SEARCH": "brave", "VIVAVOCE_WEB_SEARCH_API_KEY": f" {KEY}\n"},
        SearchSettings(WebSearchSettings(WebSearchChoice.BRAVE, KEY)),
    ),
    "the model that searches X can be chosen": (
        {"VIVAVOCE_X_SEARCH_MODEL": "grok-next"},
        SearchSettings(None, "grok-next"),
    ),
}


@pytest.mark.parametrize(("environment", "settings"), UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_the_variables_become_settings(environment: dict[str, str], settings: SearchSettings) -> None:
    assert search_of(environment) == settings


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a key without a provider says what is missing": (
        {"VIVAVOCE_WEB_SEARCH_API_KEY": KEY},
        "set VIVAVOCE_WEB_SEARCH too",
    ),
    "an unknown provider says which there are": ({"VIVAVOCE_WEB_SEARCH": "askjeeves"}, "searxng, brave, tavily, exa"),
    "searxng without an address says so": ({"VIVAVOCE_WEB_SEARCH": "searxng"}, "needs its address"),
    "exa without a key says so": ({"VIVAVOCE_WEB_SEARCH": "exa"}, "needs a key"),
    "a key with blanks is not shown": (
        {"VIVAVOCE_WEB_SEARCH": "exa", "VIVAVOCE_WEB_SEARCH_API_KEY": f"{KEY} {KEY}"},
        "no key has",
    ),
}


@pytest.mark.parametrize(("environment", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused_before_the_server_starts(environment: dict[str, str], words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words) as refused:
        search_of(environment)
    assert KEY not in str(refused.value)
