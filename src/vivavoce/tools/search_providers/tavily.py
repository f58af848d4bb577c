"""Tavily.

Source: Tavily's API reference, "Tavily Search" (`POST /search`: `query`, `max_results`, `search_depth`, `topic`,
`include_domains`, `exclude_domains`, `country` as an English name in lower case; bearer token; in the answer
`results[]` with `title`, `url`, `content` and, for news, `published_date`; 432 and 433 for a plan that is used up).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from vivavoce.tools.search_providers.asking import SearchRequest, SearchService, answer_of, unusable
from vivavoce.tools.search_providers.country_names import COUNTRY_NAMES
from vivavoce.tools.web_search_port import WebQuestion, WebResult, result_of

URL = "https://api.tavily.com"

_SERVICE = SearchService("Tavily")


class TavilySearch:
    """Tavily with the key of an account. `url`: another place that speaks its API."""

    name = "tavily"

    def __init__(self, http: httpx.AsyncClient, api_key: str, url: str = URL) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._url = url

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        request = SearchRequest("POST", f"{self._url}/search", self._headers, body=_body(question))
        answer = await answer_of(self._http, _SERVICE, request, timeout_seconds)
        found = answer.get("results")
        if not isinstance(found, list):
            raise unusable(_SERVICE)
        return [
            result_of(each.get("title"), each.get("url"), each.get("content"), each.get("published_date"))
            for each in found
            if isinstance(each, dict)
        ]


def _body(question: WebQuestion) -> dict[str, Any]:
    body: dict[str, Any] = {
        "query": question.query,
        "max_results": question.limit,
        "search_depth": "basic",
        "topic": "general",
    }
    if question.allowed_domains:
        body["include_domains"] = list(question.allowed_domains)
    if question.excluded_domains:
        body["exclude_domains"] = list(question.excluded_domains)
    code = (question.location.country or "").upper() if question.location else ""
    if code in COUNTRY_NAMES:
        body["country"] = COUNTRY_NAMES[code]
    return body
