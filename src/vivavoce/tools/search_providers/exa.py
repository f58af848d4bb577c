"""Exa.

Source: Exa's API reference, "Search" (`POST /search`: `query`, `numResults`, `type`, `includeDomains`,
`excludeDomains`, `userLocation` as a country of two letters, `contents.highlights`; header `x-api-key`; in the answer
`results[]` with `title`, `url`, `publishedDate`, `highlights[]`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from vivavoce.tools.search_providers.asking import SearchRequest, SearchService, answer_of, unusable
from vivavoce.tools.web_search_port import WebQuestion, WebResult, result_of

URL = "https://api.exa.ai"
HIGHLIGHT_CHARACTERS = 500

_SERVICE = SearchService("Exa")


class ExaSearch:
    """Exa with the key of an account. `url`: another place that speaks its API."""

    name = "exa"

    def __init__(self, http: httpx.AsyncClient, api_key: str, url: str = URL) -> None:
        self._http = http
        self._api_key = api_key
        self._url = url

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        request = SearchRequest("POST", f"{self._url}/search", {"x-api-key": self._api_key}, body=_body(question))
        answer = await answer_of(self._http, _SERVICE, request, timeout_seconds)
        found = answer.get("results")
        if not isinstance(found, list):
            raise unusable(_SERVICE)
        return [
            result_of(each.get("title"), each.get("url"), _highlight(each), each.get("publishedDate"))
            for each in found
            if isinstance(each, dict)
        ]


def _body(question: WebQuestion) -> dict[str, Any]:
    # "fast": a caller waits, and a second is long on the telephone.
    body: dict[str, Any] = {
        "query": question.query,
        "numResults": question.limit,
        "type": "fast",
        "contents": {"highlights": {"maxCharacters": HIGHLIGHT_CHARACTERS}},
    }
    if question.allowed_domains:
        body["includeDomains"] = list(question.allowed_domains)
    if question.excluded_domains:
        body["excludeDomains"] = list(question.excluded_domains)
    if question.location is not None and question.location.country:
        body["userLocation"] = question.location.country.upper()
    return body


def _highlight(result: dict[str, Any]) -> str:
    highlights = result.get("highlights")
    return " ".join(each for each in highlights if isinstance(each, str)) if isinstance(highlights, list) else ""
