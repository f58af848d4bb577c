"""The search engine that the operator has chosen. Values, and the one place that knows every provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from vivavoce.tools.search_providers import brave, exa, tavily
from vivavoce.tools.search_providers.brave import BraveSearch
from vivavoce.tools.search_providers.exa import ExaSearch
from vivavoce.tools.search_providers.searxng import SearxngSearch
from vivavoce.tools.search_providers.tavily import TavilySearch
from vivavoce.tools.web_search_port import WebSearchProvider, host_of


class WebSearchChoice(StrEnum):
    """Which search engine a server asks."""

    SEARXNG = "searxng"
    BRAVE = "brave"
    TAVILY = "tavily"
    EXA = "exa"


@dataclass(frozen=True, slots=True)
class WebSearchSettings:
    """A provider with its key and, where it is not the provider's own, its address.

    Raises ValueError for what cannot work: SearXNG needs an address, the others a key.
    """

    provider: WebSearchChoice
    api_key: str | None = field(default=None, repr=False)
    url: str | None = None

    def __post_init__(self) -> None:
        # A key with a stray character breaks deep in the HTTP client, in an error that quotes the whole key.
        if self.api_key is not None and not all("!" <= character <= "~" for character in self.api_key):
            raise ValueError("the key has spaces or other characters that no key has")
        if self.url is not None and host_of(self.url) is None:
            raise ValueError("the address must begin with http:// or https://")
        if self.provider is WebSearchChoice.SEARXNG and not self.url:
            raise ValueError("searxng needs its address, such as http://127.0.0.1:8888")
        if self.provider is not WebSearchChoice.SEARXNG and not self.api_key:
            raise ValueError(f"{self.provider} needs a key")


def provider_of(settings: WebSearchSettings, http: httpx.AsyncClient) -> WebSearchProvider:
    """The provider that the settings ask for; `http` stays the caller's."""
    url = None if settings.url is None else settings.url.rstrip("/")
    if settings.provider is WebSearchChoice.SEARXNG:
        return SearxngSearch(http, url or "", settings.api_key)
    makers: Mapping[WebSearchChoice, tuple[Callable[[httpx.AsyncClient, str, str], WebSearchProvider], str]] = {
        WebSearchChoice.BRAVE: (BraveSearch, brave.URL),
        WebSearchChoice.TAVILY: (TavilySearch, tavily.URL),
        WebSearchChoice.EXA: (ExaSearch, exa.URL),
    }
    make, own_url = makers[settings.provider]
    return make(http, settings.api_key or "", url or own_url)
