"""The factories of the searches outside: the web through the operator's search engine, X through xAI's API.

Called once by the composition root; the HTTP client that it makes is closed with what the server owns.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx

from vivavoce.config import ServerSettings
from vivavoce.tools.declared import SourceFactory
from vivavoce.tools.search_providers.chosen import provider_of
from vivavoce.tools.web_search import WebSearchFactory
from vivavoce.tools.web_search_port import host_of
from vivavoce.tools.x_search import XSearchFactory, XSearchSettings

CONNECTIONS_MAXIMUM = 50
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


def search_factories(settings: ServerSettings, closing: AsyncExitStack) -> Mapping[str, SourceFactory]:
    """`web_search` and `x_search`; what is not set up says so when it is opened."""
    http = _client(settings, closing)
    web = settings.search.web
    upstream = settings.platform.upstream_xai
    x_search = None if upstream is None else XSearchSettings(upstream.api_key, upstream.root, settings.search.x_model)
    return {
        "web_search": WebSearchFactory(None if web is None else provider_of(web, http)),
        "x_search": XSearchFactory(x_search, http),
    }


def _client(settings: ServerSettings, closing: AsyncExitStack) -> httpx.AsyncClient:
    """A proxy that the environment names for everything cannot reach a search engine on this very machine."""
    web = settings.search.web
    is_here = web is not None and web.url is not None and host_of(web.url) in _OWN_MACHINE
    http = httpx.AsyncClient(limits=httpx.Limits(max_connections=CONNECTIONS_MAXIMUM), trust_env=not is_here)
    closing.push_async_callback(http.aclose)
    return http
