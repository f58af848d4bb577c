"""One contract for every search engine of the web, against services on loopback that speak each one's shapes."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from tests.search_provider_counterpart import KEY, Page, SearchServices, search_services, whole

from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError
from vivavoce.tools.search_providers.asking import ANSWER_BYTES_MAXIMUM
from vivavoce.tools.search_providers.chosen import WebSearchChoice, WebSearchSettings, provider_of
from vivavoce.tools.web_search_port import Location, WebQuestion, WebSearchProvider, wanted

PATIENCE_SECONDS = 60.0
QUESTION = WebQuestion("high tide today", 5)
ROME = Location(country="it", city="Rome", region="Lazio", timezone="Europe/Rome")

Provider = Callable[..., WebSearchProvider]


@dataclass
class Asking:
    """One provider in front of its service."""

    provider: WebSearchProvider
    services: SearchServices
    http: httpx.AsyncClient

    async def urls(self, question: WebQuestion) -> list[str]:
        found = await self.provider.search(question, PATIENCE_SECONDS)
        return [each.url for each in wanted(found, question)]

    async def failure(self) -> ToolError:
        with pytest.raises(ToolError) as failed:
            await self.provider.search(QUESTION, PATIENCE_SECONDS)
        return failed.value


def _provider(choice: WebSearchChoice, http: httpx.AsyncClient, url: str, key: str | None = KEY) -> WebSearchProvider:
    return provider_of(WebSearchSettings(choice, key, f"{url}/"), http)


@pytest.fixture
async def services() -> AsyncIterator[SearchServices]:
    async with search_services() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture(params=list(WebSearchChoice), ids=[each.value for each in WebSearchChoice])
def choice(request: pytest.FixtureRequest) -> WebSearchChoice:
    chosen: WebSearchChoice = request.param
    return chosen


@pytest.fixture
def asking(choice: WebSearchChoice, services: SearchServices, http: httpx.AsyncClient) -> Asking:
    return Asking(_provider(choice, http, services.url), services, http)


async def test_pages_are_found_in_plain_text_with_their_dates(asking: Asking) -> None:
    found = await asking.provider.search(QUESTION, PATIENCE_SECONDS)
    first = found[0]
    assert (first.title, first.url) == ("Tide tables & times", "https://harbour.example/tides")
    assert first.snippet == "High tide is at six today."
    assert first.published == "2026-11-20"


async def test_what_is_no_web_page_is_not_a_result(asking: Asking) -> None:
    assert await asking.urls(QUESTION) == [page.url for page in asking.services.pages[:4]]


async def test_no_more_results_are_told_than_were_asked_for(asking: Asking) -> None:
    assert len(await asking.urls(replace(QUESTION, limit=2))) == 2


async def test_only_allowed_domains_and_their_subdomains_are_told(asking: Asking) -> None:
    question = replace(QUESTION, allowed_domains=("harbour.example",))
    assert await asking.urls(question) == ["https://harbour.example/tides", "https://news.harbour.example/today"]


async def test_excluded_domains_and_their_subdomains_are_not_told(asking: Asking) -> None:
    question = replace(QUESTION, excluded_domains=("harbour.example", "example.org"))
    assert await asking.urls(question) == ["https://notharbour.example/tides"]


async def test_nothing_found_is_an_empty_answer(asking: Asking) -> None:
    asking.services.pages = ()
    assert await asking.urls(QUESTION) == []


async def test_a_packed_answer_is_read_although_none_was_asked_for(asking: Asking) -> None:
    asking.services.packs = True
    assert await asking.urls(replace(QUESTION, limit=1)) == ["https://harbour.example/tides"]
    assert asking.services.last.headers["accept-encoding"] == "identity"


# --- what each is asked -----------------------------------------------------------------------------------------------


NARROWED: dict[WebSearchChoice, tuple[dict[str, Any], dict[str, Any]]] = {
    WebSearchChoice.SEARXNG: (
        {"q": "high tide today site:a.example OR site:b.example"},
        {"q": "high tide today -site:a.example"},
    ),
    WebSearchChoice.BRAVE: (
        {"q": "high tide today site:a.example OR site:b.example"},
        {"q": "high tide today -site:a.example"},
    ),
    WebSearchChoice.TAVILY: ({"include_domains": ["a.example", "b.example"]}, {"exclude_domains": ["a.example"]}),
    WebSearchChoice.EXA: ({"includeDomains": ["a.example", "b.example"]}, {"excludeDomains": ["a.example"]}),
}


async def test_domains_are_told_in_the_providers_own_words(asking: Asking, choice: WebSearchChoice) -> None:
    allowed, excluded = NARROWED[choice]
    for question, expected in (
        (replace(QUESTION, allowed_domains=("a.example", "b.example")), allowed),
        (replace(QUESTION, excluded_domains=("a.example",)), excluded),
    ):
        await asking.provider.search(question, PATIENCE_SECONDS)
        asked = asking.services.last
        assert expected.items() <= (asked.query or asked.body).items()


PLACES: dict[WebSearchChoice, Callable[[SearchServices], Any]] = {
    WebSearchChoice.SEARXNG: lambda services: services.last.query == {"q": "high tide today", "format": "json"},
    WebSearchChoice.BRAVE: lambda services: (
        services.last.query["country"] == "IT"
        and {name: value for name, value in services.last.headers.items() if name.startswith("x-loc")}
        == {
            "x-loc-country": "IT",
            "x-loc-city": "Rome",
            "x-loc-state-name": "Lazio",
            "x-loc-timezone": "Europe/Rome",
        }
    ),
    WebSearchChoice.TAVILY: lambda services: services.last.body["country"] == "italy",
    WebSearchChoice.EXA: lambda services: services.last.body["userLocation"] == "IT",
}


async def test_the_place_is_told_to_those_who_take_it(asking: Asking, choice: WebSearchChoice) -> None:
    await asking.provider.search(replace(QUESTION, location=ROME), PATIENCE_SECONDS)
    assert PLACES[choice](asking.services)


async def test_a_place_that_a_provider_cannot_take_costs_nothing(asking: Asking) -> None:
    nowhere = Location(country="zz", city="Zürich\r\nx-evil: 1")
    assert await asking.urls(replace(QUESTION, location=nowhere, limit=1)) == ["https://harbour.example/tides"]
    assert "x-evil" not in asking.services.last.headers


# --- what goes wrong --------------------------------------------------------------------------------------------------

FAILURES: dict[str, tuple[bytes, ToolFailure, str]] = {
    "a refused key is told, and whose task it is": (whole(401, b"{}"), ToolFailure.REFUSED, "key"),
    "a plan without credit is told as used up": (whole(402, b"{}"), ToolFailure.REFUSED, "quota is used up"),
    "too many requests are told": (whole(429, b"{}"), ToolFailure.REFUSED, "rate limit or quota is used up"),
    "the limit of a plan is told as used up": (whole(432, b"{}"), ToolFailure.REFUSED, "quota is used up"),
    "a broken service is told with its status": (whole(503, b"<html>"), ToolFailure.REFUSED, "HTTP 503"),
    "a service that moved is not followed": (
        whole(302, b"", "location: http://169.254.169.254/\r\n"),
        ToolFailure.REFUSED,
        "HTTP 302",
    ),
    "a page instead of JSON cannot be read": (
        whole(200, b"<html>hello"),
        ToolFailure.UNUSABLE_RESULT,
        "cannot be read",
    ),
    "JSON that is no object cannot be read": (whole(200, b"[1]"), ToolFailure.UNUSABLE_RESULT, "cannot be read"),
    "an object of another shape cannot be read": (
        whole(200, b'{"results": 7, "web": 7}'),
        ToolFailure.UNUSABLE_RESULT,
        "cannot be read",
    ),
    "JSON as deep as a well cannot be read": (
        whole(200, b"[" * 100_000),
        ToolFailure.UNUSABLE_RESULT,
        "cannot be read",
    ),
    "ten megabytes are not read": (whole(200, b" " * 10_485_760), ToolFailure.UNUSABLE_RESULT, "more than can be read"),
    "ten megabytes in a small packet are not unpacked": (
        whole(200, zlib.compress(b" " * 10_485_760), "content-encoding: deflate\r\n"),
        ToolFailure.UNUSABLE_RESULT,
        "more than can be read",
    ),
    "what says that it is packed and is not cannot be read": (
        whole(200, b"{}", "content-encoding: gzip\r\n"),
        ToolFailure.UNUSABLE_RESULT,
        "cannot be read",
    ),
    "a connection that breaks off is told as out of reach": (
        b"HTTP/1.1 200 X\r\ncontent-length: 100000\r\n\r\n{",
        ToolFailure.UNREACHABLE,
        "cannot be reached",
    ),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
async def test_a_failure_is_told_truthfully_and_without_the_key(
    asking: Asking, case: tuple[bytes, ToolFailure, str], caplog: pytest.LogCaptureFixture
) -> None:
    asking.services.answer, kind, words = case
    if kind is ToolFailure.UNREACHABLE:
        asking.services.closes = True
    failed = await asking.failure()
    assert (failed.failure, words in failed.message) == (kind, True)
    told = failed.message + caplog.text
    assert KEY not in told
    assert "tide" not in told
    assert "127.0.0.1" not in told


async def test_a_service_that_never_answers_is_given_up(asking: Asking) -> None:
    asking.services.hangs = True
    with pytest.raises(ToolError) as failed:
        await asking.provider.search(QUESTION, 0.0)
    assert failed.value.failure is ToolFailure.TIMED_OUT


async def test_giving_a_search_up_ends_it_at_once(asking: Asking) -> None:
    asking.services.hangs = True
    search = asyncio.ensure_future(asking.provider.search(QUESTION, PATIENCE_SECONDS))
    await asking.services.came.wait()
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search


async def test_a_service_that_is_not_there_is_told_as_out_of_reach(
    choice: WebSearchChoice, services: SearchServices, http: httpx.AsyncClient
) -> None:
    async with search_services() as gone:
        url = gone.url
    with pytest.raises(ToolError) as failed:
        await _provider(choice, http, url).search(QUESTION, PATIENCE_SECONDS)
    assert failed.value.failure is ToolFailure.UNREACHABLE
    assert not services.asked


@pytest.mark.parametrize("choice", [WebSearchChoice.BRAVE, WebSearchChoice.TAVILY, WebSearchChoice.EXA], indirect=True)
async def test_a_wrong_key_is_told_as_the_operators_task(
    choice: WebSearchChoice, services: SearchServices, http: httpx.AsyncClient
) -> None:
    with pytest.raises(ToolError) as failed:
        await _provider(choice, http, services.url, "another-key").search(QUESTION, PATIENCE_SECONDS)
    assert failed.value.failure is ToolFailure.REFUSED
    assert "operator" in failed.value.message


async def test_a_searxng_without_answers_in_json_is_told_with_the_remedy(
    services: SearchServices, http: httpx.AsyncClient
) -> None:
    services.answer = whole(403, b"forbidden")
    with pytest.raises(ToolError, match="add json to the formats"):
        await _provider(WebSearchChoice.SEARXNG, http, services.url, None).search(QUESTION, PATIENCE_SECONDS)


async def test_a_long_answer_within_the_bound_is_read(asking: Asking) -> None:
    asking.services.pages = tuple(
        Page(f"Page {number}", f"https://{number}.example/", "word " * 2_000) for number in range(80)
    )
    assert len(await asking.urls(replace(QUESTION, limit=5))) == 5
    assert len(json.dumps([page.text for page in asking.services.pages])) < ANSWER_BYTES_MAXIMUM


UNUSABLE: dict[str, tuple[WebSearchChoice, str | None, str | None]] = {
    "searxng without an address is refused": (WebSearchChoice.SEARXNG, None, None),
    "brave without a key is refused": (WebSearchChoice.BRAVE, None, None),
    "an address that is none is refused": (WebSearchChoice.SEARXNG, None, "localhost:8888"),
    "a key with a line end in it is refused": (WebSearchChoice.EXA, "key\n", None),
}


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_settings_that_cannot_work_are_refused_without_showing_the_key(
    case: tuple[WebSearchChoice, str | None, str | None],
) -> None:
    provider, key, url = case
    with pytest.raises(ValueError, match=r"key|address") as refused:
        WebSearchSettings(provider, key, url)
    assert "key\n" not in str(refused.value)


def test_settings_do_not_show_the_key() -> None:
    assert KEY not in repr(WebSearchSettings(WebSearchChoice.EXA, KEY))
