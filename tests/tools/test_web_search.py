"""The tool `web_search`: its declaration, what the model reads, and what it is told where nothing is set up."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure, ToolKind, ToolSourceKey
from vivavoce.tools.declared import CallContext
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolSource
from vivavoce.tools.web_search import OUTPUT_CHARACTERS, RESULTS, WebSearchFactory, wish_of, written
from vivavoce.tools.web_search_port import (
    Location,
    WebQuestion,
    WebResult,
    date_of,
    domain_of,
    host_of,
    is_within,
    plain,
)

KEY = ToolSourceKey("web_search:0123")
CONTEXT = CallContext("sess_1", "org_1")
TIDES = WebResult("Tides", "https://harbour.example/tides", "High tide is at six.", "2026-11-20")


@dataclass
class MadeUpSearch:
    """A search engine that finds what it is given, and remembers what it was asked."""

    found: Sequence[WebResult] = (TIDES,)
    asked: list[tuple[WebQuestion, float]] = field(default_factory=list)
    name: str = "made up"

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        self.asked.append((question, timeout_seconds))
        return self.found


def invocation(arguments: str = '{"query": "high tide"}', name: str = "web_search") -> ToolInvocation:
    return ToolInvocation("sess_1", "call_1", name, arguments, 7.5, "key_1")


def source(search: MadeUpSearch | None, **declared: Any) -> ToolSource:
    return WebSearchFactory(search)({"type": "web_search", **declared}, CONTEXT, KEY)


async def test_the_tool_is_offered_with_one_argument() -> None:
    (tool,) = await source(MadeUpSearch()).open()
    assert (tool.name, tool.kind, tool.source) == ("web_search", ToolKind.WEB_SEARCH, KEY)
    assert json.loads(tool.parameters)["required"] == ["query"]
    assert tool.policy.on_interruption is OnInterruption.CANCEL


async def test_the_declaration_narrows_what_is_asked() -> None:
    search = MadeUpSearch()
    declared = {
        "allowed_domains": ["Harbour.Example"],
        "user_location": {"country": "IT", "city": " Rome ", "region": ""},
    }
    opened = source(search, **declared)
    result = await opened.invoke(invocation('{"query": " high \\n tide "}'))
    ((question, timeout_seconds),) = search.asked
    assert question == WebQuestion("high tide", RESULTS, ("harbour.example",), (), Location("IT", "Rome"))
    assert timeout_seconds == 7.5
    assert json.loads(result.output) == {
        "results": [
            {
                "title": "Tides",
                "url": "https://harbour.example/tides",
                "snippet": "High tide is at six.",
                "published": "2026-11-20",
            }
        ]
    }
    opened.search_ahead("high tide")
    await opened.close()
    assert len(search.asked) == 1


async def test_results_of_other_domains_are_left_out_even_if_the_provider_gives_them() -> None:
    opened = source(MadeUpSearch(), excluded_domains=["harbour.example"])
    result = await opened.invoke(invocation())
    assert json.loads(result.output)["results"] == []


async def test_the_policy_of_the_declaration_counts() -> None:
    (tool,) = await source(MadeUpSearch(), policy={"timeout_ms": 3000, "filler": "Let me look."}).open()
    assert (tool.policy.timeout_ms, tool.policy.filler) == (3000, "Let me look.")


async def test_nothing_found_is_said_and_not_made_up() -> None:
    result = await source(MadeUpSearch(found=())).invoke(invocation())
    told = json.loads(result.output)
    assert told["results"] == []
    assert "found nothing" in told["note"]


NO_QUERY = {
    "no arguments at all": "",
    "another argument": '{"q": "tide"}',
    "a query of blanks": '{"query": "  "}',
    "a query that is no text": '{"query": 7}',
    "a list": "[1]",
    "no JSON": "{",
    "JSON as deep as a well": "[" * 100_000,
}


@pytest.mark.parametrize("arguments", NO_QUERY.values(), ids=NO_QUERY.keys())
async def test_a_search_without_words_is_refused(arguments: str) -> None:
    search = MadeUpSearch()
    with pytest.raises(ToolError) as failed:
        await source(search).invoke(invocation(arguments))
    assert failed.value.failure is ToolFailure.INVALID_ARGUMENTS
    assert not search.asked


async def test_a_tool_of_another_name_is_not_known() -> None:
    with pytest.raises(ToolError) as failed:
        await source(MadeUpSearch()).invoke(invocation(name="x_search"))
    assert failed.value.failure is ToolFailure.UNKNOWN_TOOL


async def test_without_a_search_engine_the_model_is_told_and_the_operator_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    factory = WebSearchFactory(None)
    with caplog.at_level(logging.WARNING):
        sources = [factory({"type": "web_search"}, CONTEXT, KEY) for _ in range(2)]
    assert caplog.text.count("VIVAVOCE_WEB_SEARCH") == 1
    for each in sources:
        assert (each.key, each.label) == (KEY, "")
        for attempt in (each.open(), each.invoke(invocation())):
            with pytest.raises(ToolError, match=r"not set up on this server\. Tell the caller") as failed:
                await attempt
            assert failed.value.failure is ToolFailure.NOT_CONFIGURED
        each.search_ahead("high tide")
        await each.close()


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "both lists": {"allowed_domains": ["a.example"], "excluded_domains": ["b.example"]},
    "six domains": {"allowed_domains": [f"{letter}.example" for letter in "abcdef"]},
    "an address instead of a domain": {"allowed_domains": ["https://a.example/"]},
    "one domain without a list": {"excluded_domains": "a.example,b.example"},
    "a number": {"allowed_domains": [7]},
}


@pytest.mark.parametrize("declared", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_declaration_that_cannot_be_kept_is_no_source(declared: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="web_search is declared wrongly"):
        wish_of({"type": "web_search", **declared})


DOMAINS = {
    "a host itself": ("harbour.example", True),
    "a subdomain": ("www.harbour.example", True),
    "another domain with the same end": ("notharbour.example", False),
    "a domain that begins with it": ("harbour.example.org", False),
}


@pytest.mark.parametrize(("host", "within"), DOMAINS.values(), ids=DOMAINS.keys())
def test_subdomains_belong_to_their_domain_and_nothing_else_does(host: str, within: bool) -> None:
    assert is_within(host, ("harbour.example",)) is within


@given(st.text(max_size=60))
def test_any_text_is_a_domain_or_none_and_never_an_error(text: str) -> None:
    domain = domain_of(text)
    assert domain is None or host_of(f"https://{domain}/") == domain


HOSTS = {
    "a page": ("https://A.example:8080/x", "a.example"),
    "a page of an absolute name": ("https://a.example./x", "a.example"),
    "a script": ("javascript:alert(1)", None),
    "a file": ("file:///etc/passwd", None),
    "half an address": ("https://[", None),
    "no host": ("https:///x", None),
}


@pytest.mark.parametrize(("url", "host"), HOSTS.values(), ids=HOSTS.keys())
def test_only_web_pages_have_a_host(url: str, host: str | None) -> None:
    assert host_of(url) == host


@given(st.text(max_size=300))
def test_any_text_becomes_one_plain_line(text: str) -> None:
    line = plain(text)
    assert line == " ".join(line.split())


DATES = {
    "a day": ("2026-11-20", "2026-11-20"),
    "an ISO time": ("2026-11-20T08:30:00.000Z", "2026-11-20"),
    "a time of mail": ("Fri, 20 Nov 2026 08:30:00 GMT", "2026-11-20"),
    "words": ("three days ago", None),
    "nothing": ("", None),
    "a number": (7, None),
}


@pytest.mark.parametrize(("given_date", "day"), DATES.values(), ids=DATES.keys())
def test_a_time_becomes_a_day_or_nothing(given_date: Any, day: str | None) -> None:
    assert date_of(given_date) == day


RESULT = st.builds(
    WebResult,
    st.text(max_size=400),
    st.one_of(
        st.just("https://harbour.example/" + "long/" * 60),
        st.just("https://harbour.example/tides?session=" + "x" * 300),
        st.just(f"https://{'h' * 200}.example/{'x' * 200}"),
        st.just("https://harbour.example/tides"),
    ),
    st.text(max_size=1_000),
    st.one_of(st.none(), st.just("2026-11-20")),
)


@given(st.lists(RESULT, min_size=1, max_size=RESULTS))
def test_what_the_model_reads_is_short_and_keeps_addresses_that_lead_somewhere(results: list[WebResult]) -> None:
    output = written(results)
    assert len(output) <= OUTPUT_CHARACTERS
    shown = json.loads(output)["results"]
    assert 1 <= len(shown) <= len(results)
    for result, told in zip(results, shown, strict=False):
        assert host_of(told["url"]) == host_of(result.url)
        assert result.url.startswith(told["url"].rstrip("/"))
