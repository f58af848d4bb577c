"""SearXNG: a search engine of one's own that asks many others.

Source: SearXNG's documentation, "Developer documentation: Search API" (`GET /search`; `q`, `format`; a format that the
settings do not list is answered with 403) and its result template (`title`, `url`, `content`,
`publishedDate`). It has no parameters for domains, places or the number of results: domains go into the query as
`site:` words, which most of the engines behind it know, and results are filtered afterwards like everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from vivavoce.tools.search_providers.asking import SearchRequest, SearchService, answer_of, unusable
from vivavoce.tools.search_providers.site_words import with_site_words
from vivavoce.tools.web_search_port import WebQuestion, WebResult, result_of

_SERVICE = SearchService(
    "SearXNG",
    explained={
        403: "The web search gives no answers in JSON: the server's operator has to add json to the formats in its "
        "settings."
    },
)


class SearxngSearch:
    """A SearXNG at `url`. `api_key`: for one behind a gate that asks for a bearer token."""

    name = "searxng"

    def __init__(self, http: httpx.AsyncClient, url: str, api_key: str | None = None) -> None:
        self._http = http
        self._url = url
        self._headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        query = {"q": with_site_words(question), "format": "json"}
        request = SearchRequest("GET", f"{self._url}/search", self._headers, query)
        answer = await answer_of(self._http, _SERVICE, request, timeout_seconds)
        found = answer.get("results")
        if not isinstance(found, list):
            raise unusable(_SERVICE)
        return [
            result_of(each.get("title"), each.get("url"), each.get("content"), each.get("publishedDate"))
            for each in found
            if isinstance(each, dict)
        ]
