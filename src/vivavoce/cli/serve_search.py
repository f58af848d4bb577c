"""What agents of `vivavoce serve` may search with, as the environment says it. Pure but for the environment given.

There are no options for it: a key must not be one, because other users of a machine can see a process's arguments, and
the rest belongs to the key.
"""

from __future__ import annotations

from collections.abc import Mapping

import typer

from vivavoce.config import SearchSettings
from vivavoce.tools.search_providers.chosen import WebSearchChoice, WebSearchSettings
from vivavoce.tools.x_search import DEFAULT_MODEL

PROVIDER_VARIABLE = "VIVAVOCE_WEB_SEARCH"
KEY_VARIABLE = "VIVAVOCE_WEB_SEARCH_API_KEY"
URL_VARIABLE = "VIVAVOCE_WEB_SEARCH_URL"
X_MODEL_VARIABLE = "VIVAVOCE_X_SEARCH_MODEL"


def search_of(environment: Mapping[str, str]) -> SearchSettings:
    """Raises `BadParameter` for what cannot be used; the message never has the key in it."""
    provider, api_key, url, x_model = (
        environment.get(name, "").strip() for name in (PROVIDER_VARIABLE, KEY_VARIABLE, URL_VARIABLE, X_MODEL_VARIABLE)
    )
    return SearchSettings(_web_of(provider, api_key, url), x_model or DEFAULT_MODEL)


def _web_of(provider: str, api_key: str, url: str) -> WebSearchSettings | None:
    choices = [each.value for each in WebSearchChoice]
    if not provider:
        if api_key or url:
            raise typer.BadParameter(f"set {PROVIDER_VARIABLE} too, to one of {', '.join(choices)}")
        return None
    if provider not in choices:
        raise typer.BadParameter(f"{PROVIDER_VARIABLE} must be one of {', '.join(choices)}, not {provider!r}")
    try:
        return WebSearchSettings(WebSearchChoice(provider), api_key or None, url or None)
    except ValueError as error:
        needed = f"{KEY_VARIABLE} and {URL_VARIABLE}"
        raise typer.BadParameter(f"{PROVIDER_VARIABLE}={provider}: {error} (see {needed})") from error
