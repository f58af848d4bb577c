"""The tool `x_search`: what xAI is asked, what the model reads, and what it is told where there is no key."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.search_provider_counterpart import KEY, Page, SearchServices, search_services, whole

from vivavoce.conversation.tool_policy import ToolFailure, ToolKind, ToolSourceKey
from vivavoce.tools.declared import CallContext
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.x_search import ANSWER_CHARACTERS, DEFAULT_MODEL, XSearchFactory, XSearchSettings

SOURCE = ToolSourceKey("x_search:0123")
CONTEXT = CallContext("sess_1", "org_1")
POSTS = (
    Page("1", "https://x.com/ferries/status/1", "The ferry is late, says @ferries."),
    Page("2", "https://x.com/harbour/status/2", "Nobody knows why."),
)


@dataclass
class Searching:
    """The tool in front of a made-up xAI."""

    services: SearchServices
    http: httpx.AsyncClient

    def source(self, key: str = KEY, **declared: Any) -> ToolSource:
        settings = XSearchSettings(key, f"{self.services.url}/v1")
        return XSearchFactory(settings, self.http)({"type": "x_search", **declared}, CONTEXT, SOURCE)

    async def ask(self, timeout_seconds: float = 60.0, key: str = KEY, **declared: Any) -> ToolResult:
        arguments = '{"query": "late ferries"}'
        invocation = ToolInvocation("sess_1", "call_1", "x_search", arguments, timeout_seconds, "key_1")
        return await self.source(key, **declared).invoke(invocation)


@pytest.fixture
async def searching() -> AsyncIterator[Searching]:
    async with search_services() as services, httpx.AsyncClient(trust_env=False) as http:
        services.pages = POSTS
        yield Searching(services, http)


async def test_the_tool_is_offered_with_one_argument(searching: Searching) -> None:
    (tool,) = await searching.source().open()
    assert (tool.name, tool.kind, tool.source) == ("x_search", ToolKind.X_SEARCH, SOURCE)
    assert tool.policy.timeout_ms == 30_000


async def test_what_was_found_is_told_with_its_posts(searching: Searching) -> None:
    told = json.loads((await searching.ask()).output)
    assert told == {
        "found": "The ferry is late, says @ferries. Nobody knows why.",
        "posts": ["https://x.com/ferries/status/1", "https://x.com/harbour/status/2", "https://x.com/i/status/1"],
    }


async def test_xai_is_asked_with_its_own_tool(searching: Searching) -> None:
    await searching.ask(
        allowed_x_handles=["@ferries", "harbour"],
        from_date="2026-11-01",
        to_date="2026-11-20T12:00:00Z",
        enable_image_understanding=True,
        enable_video_understanding=False,
        policy={"timeout_ms": 20_000},
    )
    body = searching.services.last.body
    assert body["tools"] == [
        {
            "type": "x_search",
            "allowed_x_handles": ["ferries", "harbour"],
            "from_date": "2026-11-01",
            "to_date": "2026-11-20",
            "enable_image_understanding": True,
        }
    ]
    assert body["model"] == DEFAULT_MODEL
    assert body["input"][-1] == {"role": "user", "content": "late ferries"}
    assert body["store"] is False


async def test_no_posts_are_told_as_nothing_found(searching: Searching) -> None:
    searching.services.pages = ()
    assert json.loads((await searching.ask()).output)["results"] == []


async def test_words_without_a_single_post_are_not_told(searching: Searching) -> None:
    part = {"type": "output_text", "text": "I believe that ferries are often late.", "annotations": []}
    answer = {"status": "completed", "output": [{"type": "message", "content": [part]}]}
    searching.services.answer = whole(200, json.dumps(answer).encode())
    assert "I believe" not in (await searching.ask()).output


async def test_a_long_summary_is_cut_between_words(searching: Searching) -> None:
    searching.services.pages = (Page("1", POSTS[0].url, "ferry " * 500),)
    told = json.loads((await searching.ask()).output)
    assert len(told["found"]) <= ANSWER_CHARACTERS + 1
    assert told["found"].endswith("ferry…")


FAILURES: dict[str, tuple[bytes, ToolFailure, str]] = {
    "a refused key": (whole(401, b"{}"), ToolFailure.REFUSED, "key"),
    "no credit": (whole(402, b"{}"), ToolFailure.REFUSED, "quota is used up"),
    "too many requests": (whole(429, b"{}"), ToolFailure.REFUSED, "rate limit or quota is used up"),
    "a broken service": (whole(500, b"{}"), ToolFailure.REFUSED, "HTTP 500"),
    "a page instead of JSON": (whole(200, b"<html>"), ToolFailure.UNUSABLE_RESULT, "cannot be read"),
    "an answer without output": (whole(200, b"{}"), ToolFailure.UNUSABLE_RESULT, "cannot be read"),
    "an answer that broke off": (whole(200, b'{"status": "incomplete", "output": []}'), ToolFailure.REFUSED, "failed"),
    "ten megabytes": (whole(200, b" " * 10_485_760), ToolFailure.UNUSABLE_RESULT, "more than can be read"),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
async def test_a_failure_is_told_truthfully_and_without_the_key(
    searching: Searching, case: tuple[bytes, ToolFailure, str], caplog: pytest.LogCaptureFixture
) -> None:
    searching.services.answer, kind, words = case
    with pytest.raises(ToolError) as failed:
        await searching.ask()
    assert (failed.value.failure, words in failed.value.message) == (kind, True)
    assert failed.value.message.startswith("The search on X")
    assert KEY not in failed.value.message + caplog.text


async def test_a_search_that_never_ends_is_given_up(searching: Searching) -> None:
    searching.services.hangs = True
    with pytest.raises(ToolError) as failed:
        await searching.ask(timeout_seconds=0.0)
    assert failed.value.failure is ToolFailure.TIMED_OUT


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "both lists": {"allowed_x_handles": ["a"], "excluded_x_handles": ["b"]},
    "more accounts than xAI takes": {"excluded_x_handles": [f"a{number}" for number in range(21)]},
    "an account without a name": {"allowed_x_handles": ["@"]},
    "a day that there is not": {"from_date": "2026-02-30"},
    "a number as a day": {"to_date": 7},
}


@pytest.mark.parametrize("declared", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
async def test_a_declaration_that_cannot_be_kept_is_no_source(searching: Searching, declared: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="x_search is declared wrongly"):
        searching.source(**declared)


async def test_without_a_key_the_model_is_told_and_the_operator_once(
    searching: Searching, caplog: pytest.LogCaptureFixture
) -> None:
    factory = XSearchFactory(None, searching.http)
    with caplog.at_level(logging.WARNING):
        sources = [factory({"type": "x_search"}, CONTEXT, SOURCE) for _ in range(2)]
    assert caplog.text.count("XAI_UPSTREAM_API_KEY") == 1
    for each in sources:
        with pytest.raises(ToolError, match=r"not set up on this server\. Tell the caller") as failed:
            await each.open()
        assert failed.value.failure is ToolFailure.NOT_CONFIGURED
    assert not searching.services.asked


async def test_a_tool_of_another_name_is_not_known(searching: Searching) -> None:
    with pytest.raises(ToolError) as failed:
        await searching.source().invoke(ToolInvocation("sess_1", "call_1", "web_search", "{}", 1.0, "key_1"))
    assert failed.value.failure is ToolFailure.UNKNOWN_TOOL


def test_settings_do_not_show_the_key() -> None:
    assert KEY not in repr(XSearchSettings(KEY, "https://api.x.ai/v1"))
