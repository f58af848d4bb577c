"""`x_search`: what is said on X, through xAI's API with the operator's key.

Source: xAI's documentation, "X Search" (a tool of the Responses API, `POST /v1/responses`: `allowed_x_handles` or
`excluded_x_handles`, `from_date`, `to_date`, `enable_image_understanding`, `enable_video_understanding`) and
"Citations" (`citations`, and `url_citation` annotations of the text). A model of xAI's searches and sums up; what it
tells comes with the addresses of the posts, and without a single one it is not told as found.

One factory a process, owned by the composition root with its HTTP client; a source belongs to a call and holds nothing.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.tools.declaration_checks import policy_of
from vivavoce.tools.declared import CallContext, Declaration
from vivavoce.tools.not_set_up import NotSetUpSource
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.search_providers.asking import SearchRequest, SearchService, answer_of, unusable
from vivavoce.tools.search_words import QUERY_SCHEMA, query_of
from vivavoce.tools.web_search_port import host_of

NAME = "x_search"
DEFAULT_MODEL = "grok-4.7"
HANDLES_MAXIMUM = 20
ANSWER_CHARACTERS = 700
CITATIONS = 3

NOTHING_FOUND = "The search on X found nothing. Say so; do not guess."
NOT_SET_UP = (
    "Searching X is not set up on this server. Tell the caller that you cannot look at posts on X, and do not make up "
    "posts."
)
TO_SET_UP = "set XAI_UPSTREAM_API_KEY to a key of xAI's API"

_DESCRIPTION = "Search posts on X (formerly Twitter) for what people say about something right now."
_INSTRUCTIONS = (
    "Search X for what follows. Answer in at most three short sentences of plain text from the posts that you found, "
    "with who said it. If you found no posts about it, answer with the one word NOTHING."
)
_POLICY = ToolPolicy(timeout_ms=30_000, on_interruption=OnInterruption.CANCEL)
"""Another model searches and writes, which takes it ten seconds and more."""

_SERVICE = SearchService("xAI (x_search)", "The search on X")
_FLAGS = ("enable_image_understanding", "enable_video_understanding")
_INLINE_CITATION = re.compile(r"\s*\[\[\d+\]\]\([^)\s]*\)")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class XSearchSettings:
    """`root`: xAI's API up to and with `/v1`. `model`: the model of xAI's that searches."""

    api_key: str = field(repr=False)
    root: str
    model: str = DEFAULT_MODEL


class XSearchFactory:
    """Makes the sources of `x_search`; a `SourceFactory`. `settings` None: there is no key."""

    def __init__(self, settings: XSearchSettings | None, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._has_warned = False

    def __call__(self, declaration: Declaration, context: CallContext, key: ToolSourceKey) -> ToolSource:  # noqa: ARG002
        if self._settings is not None:
            return XSearchSource(key, self._settings, self._http, declaration)
        if not self._has_warned:
            self._has_warned = True
            _log.warning("an agent has the tool x_search, but there is no key of xAI: %s", TO_SET_UP)
        return NotSetUpSource(key, NOT_SET_UP)


class XSearchSource:
    """A `ToolSource` of one tool. Raises `ToolError` for a declaration that contradicts itself."""

    def __init__(
        self, key: ToolSourceKey, settings: XSearchSettings, http: httpx.AsyncClient, declaration: Declaration
    ) -> None:
        self._key = key
        self._settings = settings
        self._http = http
        self._tool = upstream_tool(declaration)
        self._policy = policy_of(declaration, _POLICY)

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    @property
    def label(self) -> str:
        return ""

    async def open(self) -> tuple[Tool, ...]:
        return (Tool(NAME, _DESCRIPTION, json.dumps(QUERY_SCHEMA), ToolKind.X_SEARCH, self._policy, self._key),)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        if invocation.name != NAME:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, f"there is no tool {invocation.name!r} here")
        body = {
            "model": self._settings.model,
            "input": [
                {"role": "system", "content": _INSTRUCTIONS},
                {"role": "user", "content": query_of(invocation.arguments)},
            ],
            "tools": [dict(self._tool)],
            "store": False,
        }
        headers = {"authorization": f"Bearer {self._settings.api_key}"}
        request = SearchRequest("POST", f"{self._settings.root}/responses", headers, body=body)
        return ToolResult(written(await answer_of(self._http, _SERVICE, request, invocation.timeout_seconds)))

    def search_ahead(self, words: str) -> None:
        """Nothing is searched ahead: each search costs the operator money."""

    async def close(self) -> None:
        """Holds nothing."""


def upstream_tool(declaration: Declaration) -> Mapping[str, Any]:
    """The tool as xAI is told of it. Raises `ToolError`."""
    tool: dict[str, Any] = {"type": "x_search"}
    for name in ("allowed_x_handles", "excluded_x_handles"):
        if handles := _handles(declaration.get(name), name):
            tool[name] = handles
    if "allowed_x_handles" in tool and "excluded_x_handles" in tool:
        raise _unusable_declaration("allowed_x_handles and excluded_x_handles cannot be given together")
    for name in ("from_date", "to_date"):
        if declaration.get(name) is not None:
            tool[name] = _day(declaration[name], name)
    return tool | {name: True for name in _FLAGS if declaration.get(name) is True}


def written(answer: Mapping[str, Any]) -> str:
    """What the model reads: the summary with the addresses of its posts. Raises `ToolError`."""
    if not isinstance(answer.get("output"), list):
        raise unusable(_SERVICE)
    parts = list(_text_parts(answer["output"]))
    text = _INLINE_CITATION.sub("", " ".join(part["text"] for part in parts)).strip()
    sources = _sources(answer, parts)
    if not text and answer.get("status") in ("failed", "incomplete"):
        raise ToolError(ToolFailure.REFUSED, "The search on X has failed. It may work again in a moment.")
    if not text or not sources or text.strip(" .") == "NOTHING":
        return json.dumps({"results": [], "note": NOTHING_FOUND})
    if len(text) > ANSWER_CHARACTERS:
        text = f"{text[:ANSWER_CHARACTERS].rpartition(' ')[0]}…"
    return json.dumps({"found": text, "posts": sources[:CITATIONS]}, ensure_ascii=False)


def _text_parts(output: list[Any]) -> Iterator[Mapping[str, Any]]:
    for item in output:
        content = item.get("content") if isinstance(item, Mapping) and item.get("type") == "message" else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, Mapping) and part.get("type") == "output_text" and isinstance(part.get("text"), str):
                yield part


def _sources(answer: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> list[str]:
    """The addresses that the text cites, then those that were looked at; each once."""
    noted = [each for part in parts for each in part.get("annotations") or () if isinstance(each, Mapping)]
    cited = [each.get("url") for each in noted if each.get("type") == "url_citation"]
    looked_at = answer.get("citations")
    found = [*cited, *(looked_at if isinstance(looked_at, list) else ())]
    return list(dict.fromkeys(url for url in found if isinstance(url, str) and host_of(url)))


def _handles(given: Any, field_name: str) -> list[str]:
    handles = list(given or ()) if isinstance(given, list | tuple | None) else [given]
    read = [each.strip().removeprefix("@") if isinstance(each, str) else "" for each in handles]
    if len(read) > HANDLES_MAXIMUM or not all(read):
        raise _unusable_declaration(f"{field_name} must be at most {HANDLES_MAXIMUM} names of accounts")
    return read


def _day(given: Any, field_name: str) -> str:
    try:
        return datetime.fromisoformat(given).date().isoformat()
    except (TypeError, ValueError):
        raise _unusable_declaration(f"{field_name} must be a date such as 2026-01-31") from None


def _unusable_declaration(message: str) -> ToolError:
    return ToolError(ToolFailure.NOT_CONFIGURED, f"x_search is declared wrongly: {message}.")
