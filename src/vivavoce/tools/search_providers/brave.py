"""Brave Search.

Source: Brave Search API, "Web Search: API reference" (`GET /res/v1/web/search`: `q`, `count`, `country`,
`result_filter`, `text_decorations`; header `X-Subscription-Token` and the `X-Loc-…` headers; in the answer
`web.results[]` with `title`, `url`, `description`, `page_age`) and "Search operators" (`site:`, `-`, `OR`): domains are
words of the query. Its other means for domains, Goggles, only re-ranks what the query has found. An unknown
subscription token is answered with 422.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from vivavoce.tools.search_providers.asking import SearchRequest, SearchService, answer_of, unusable
from vivavoce.tools.search_providers.site_words import with_site_words
from vivavoce.tools.web_search_port import Location, WebQuestion, WebResult, result_of

URL = "https://api.search.brave.com"
RESULTS_MAXIMUM = 20

_SERVICE = SearchService(
    "Brave Search",
    explained={422: "The web search refuses the request or this server's key: the server's operator has to look."},
)
_COUNTRIES = frozenset(
    "AR AT AU BE BR CA CH CL CN DE DK ES FI FR GB GR HK ID IN IT JP KR MX MY NL NO NZ PH PL PT RU SA SE TR TW US "
    "ZA".split()
)
"""What `country` may be there; another country is told by the header alone."""


class BraveSearch:
    """Brave with the key of an account. `url`: another place that speaks its API."""

    name = "brave"

    def __init__(self, http: httpx.AsyncClient, api_key: str, url: str = URL) -> None:
        self._http = http
        self._api_key = api_key
        self._url = url

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        headers = {"x-subscription-token": self._api_key, **_place(question.location)}
        request = SearchRequest("GET", f"{self._url}/res/v1/web/search", headers, _query(question))
        answer = await answer_of(self._http, _SERVICE, request, timeout_seconds)
        # Without a single result of the web the answer has no such part at all.
        found = (answer.get("web") or {"results": []}).get("results") if _has_shape(answer) else None
        if not isinstance(found, list):
            raise unusable(_SERVICE)
        return [
            result_of(each.get("title"), each.get("url"), each.get("description"), each.get("page_age"))
            for each in found
            if isinstance(each, dict)
        ]


def _has_shape(answer: Mapping[str, Any]) -> bool:
    return answer.get("type") == "search" and isinstance(answer.get("web"), Mapping | None)


def _query(question: WebQuestion) -> dict[str, str]:
    narrowed = bool(question.allowed_domains or question.excluded_domains)
    query = {
        "q": with_site_words(question),
        "count": str(RESULTS_MAXIMUM if narrowed else min(question.limit, RESULTS_MAXIMUM)),
        "result_filter": "web",
        "text_decorations": "false",
    }
    country = (question.location.country or "").upper() if question.location else ""
    if country in _COUNTRIES:
        query["country"] = country
    return query


def _place(location: Location | None) -> dict[str, str]:
    if location is None:
        return {}
    told = {
        "x-loc-country": (location.country or "").upper(),
        "x-loc-city": location.city,
        "x-loc-state-name": location.region,
        "x-loc-timezone": location.timezone,
    }
    # Headers are ASCII; a place that is not is told to those who ask in JSON alone.
    return {name: value for name, value in told.items() if value and value.isascii()}
