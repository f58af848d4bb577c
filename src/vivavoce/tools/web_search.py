"""`web_search`: the model looks something up on the web, through the search engine that the operator has set up.

Fields of a declaration as in xAI's guide to speech to speech, "Tools": `allowed_domains` or `excluded_domains`, and
`location` (also `user_location`). One factory a process, owned by the composition root with its HTTP client; a source
belongs to a call and holds nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.tools.declaration_checks import policy_of
from vivavoce.tools.declared import CallContext, Declaration
from vivavoce.tools.not_set_up import NotSetUpSource
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.search_words import QUERY_SCHEMA, query_of
from vivavoce.tools.web_search_port import (
    DOMAINS_MAXIMUM,
    Location,
    WebQuestion,
    WebResult,
    WebSearchProvider,
    domain_of,
    host_of,
    wanted,
)

NAME = "web_search"
RESULTS = 3
OUTPUT_CHARACTERS = 1_000
"""Some 250 tokens: a small model on two cores reads them in about three seconds."""
TITLE_CHARACTERS = 80
URL_CHARACTERS = 120
SNIPPET_CHARACTERS = 240
SNIPPET_CHARACTERS_MINIMUM = 60

NOTHING_FOUND = "The search found nothing. Say so; do not guess."
NOT_SET_UP = (
    "Web search is not set up on this server. Tell the caller that you cannot look things up on the web, and do not "
    "make up results."
)
TO_SET_UP = "set VIVAVOCE_WEB_SEARCH to searxng, brave, tavily or exa (see the how-to on searching the web)"

_DESCRIPTION = "Search the web for current facts: news, weather, prices, opening hours, anything recent."
_POLICY = ToolPolicy(on_interruption=OnInterruption.CANCEL)
"""A search changes nothing: a caller who speaks up need not hear what was found."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WebSearchWish:
    """What one declaration asks for."""

    allowed_domains: tuple[str, ...] = ()
    excluded_domains: tuple[str, ...] = ()
    location: Location | None = None
    policy: ToolPolicy = _POLICY


class WebSearchFactory:
    """Makes the sources of `web_search`; a `SourceFactory`. `provider` None: none is set up."""

    def __init__(self, provider: WebSearchProvider | None) -> None:
        self._provider = provider
        self._has_warned = False

    def __call__(self, declaration: Declaration, context: CallContext, key: ToolSourceKey) -> ToolSource:  # noqa: ARG002
        if self._provider is not None:
            return WebSearchSource(key, self._provider, wish_of(declaration))
        if not self._has_warned:
            self._has_warned = True
            _log.warning("an agent has the tool web_search, but no search engine is set up: %s", TO_SET_UP)
        return NotSetUpSource(key, NOT_SET_UP)


class WebSearchSource:
    """A `ToolSource` of one tool."""

    def __init__(self, key: ToolSourceKey, provider: WebSearchProvider, wish: WebSearchWish) -> None:
        self._key = key
        self._provider = provider
        self._wish = wish

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    @property
    def label(self) -> str:
        return ""

    async def open(self) -> tuple[Tool, ...]:
        schema = json.dumps(QUERY_SCHEMA)
        return (Tool(NAME, _DESCRIPTION, schema, ToolKind.WEB_SEARCH, self._wish.policy, self._key),)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        if invocation.name != NAME:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, f"there is no tool {invocation.name!r} here")
        wish = self._wish
        query = query_of(invocation.arguments)
        question = WebQuestion(query, RESULTS, wish.allowed_domains, wish.excluded_domains, wish.location)
        found = await self._provider.search(question, invocation.timeout_seconds)
        return ToolResult(written(wanted(found, question)))

    def search_ahead(self, words: str) -> None:
        """Nothing is searched ahead: each search costs the operator money or somebody else's patience."""

    async def close(self) -> None:
        """Holds nothing."""


def wish_of(declaration: Declaration) -> WebSearchWish:
    """Raises `ToolError` for a declaration that contradicts itself."""
    allowed = _domains(declaration.get("allowed_domains"), "allowed_domains")
    excluded = _domains(declaration.get("excluded_domains"), "excluded_domains")
    if allowed and excluded:
        raise _unusable("allowed_domains and excluded_domains cannot be given together")
    place = declaration.get("location") or declaration.get("user_location")
    return WebSearchWish(allowed, excluded, _location(place), policy_of(declaration, _POLICY))


def written(results: Sequence[WebResult]) -> str:
    """The results as the model reads them: JSON of at most `OUTPUT_CHARACTERS`. The longer snippets give way first."""
    if not results:
        return json.dumps({"results": [], "note": NOTHING_FOUND})
    kept = list(results)
    room = SNIPPET_CHARACTERS
    while True:
        output = json.dumps({"results": [_shown(each, room) for each in kept]}, ensure_ascii=False)
        if len(output) <= OUTPUT_CHARACTERS:
            return output
        if room > SNIPPET_CHARACTERS_MINIMUM:
            room -= 20
        else:
            kept.pop()


def _shown(result: WebResult, room: int) -> dict[str, str]:
    shown = {"title": _cut(result.title, TITLE_CHARACTERS), "url": _short(result.url)}
    shown["snippet"] = _cut(result.snippet, room)
    return shown if result.published is None else shown | {"published": result.published}


def _cut(text: str, characters: int) -> str:
    """Cut between words."""
    if len(text) <= characters:
        return text
    head = text[: characters - 1]
    return f"{head.rpartition(' ')[0] or head}…"


def _short(url: str) -> str:
    """A long address without its query, or else that of its site: shorter, but still one that leads there."""
    if len(url) <= URL_CHARACTERS:
        return url
    parts = urlsplit(url)
    page = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return page if len(page) <= URL_CHARACTERS else f"{parts.scheme}://{host_of(url)}/"


def _domains(given: Any, field: str) -> tuple[str, ...]:
    domains = tuple(given or ()) if isinstance(given, list | tuple | None) else (given,)
    read = [domain_of(each) for each in domains]
    if len(read) > DOMAINS_MAXIMUM or not all(read):
        raise _unusable(f"{field} must be at most {DOMAINS_MAXIMUM} domains such as example.com")
    return tuple(each for each in read if each)


def _location(given: Any) -> Location | None:
    if not isinstance(given, Mapping):
        return None
    place = {name: given.get(name) for name in ("country", "city", "region", "timezone")}
    told = {name: value.strip() for name, value in place.items() if isinstance(value, str) and value.strip()}
    return Location(**told) if told else None


def _unusable(message: str) -> ToolError:
    return ToolError(ToolFailure.NOT_CONFIGURED, f"web_search is declared wrongly: {message}.")
