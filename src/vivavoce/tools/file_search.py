"""`file_search`: the model looks something up in the agent's documents, and gets passages with where they are from.

Fields of a declaration as in xAI's guide to speech to speech, "Tools": `vector_store_ids` (also `collection_ids`) and
`max_num_results`. One factory a process; a source belongs to a call and holds at most one search that was begun ahead.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import replace

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.knowledge.citing import BUDGETS, cited
from vivavoce.knowledge.relevance import asks_for
from vivavoce.knowledge.search import (
    Passage,
    PassageQuery,
    PassageSearch,
    RetrievalMode,
    SearchFailedError,
    fused,
)
from vivavoce.tools.declaration_checks import policy_of
from vivavoce.tools.declared import CallContext, Declaration
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.search_words import QUERY_CHARACTERS_MAXIMUM, QUERY_SCHEMA, query_of

NAME = "file_search"
CANDIDATES = 12
AHEAD_WEIGHT = 0.6
"""What the caller's own words count for beside the model's query: they are often longer and less to the point."""

NO_COLLECTIONS = (
    "This agent has no documents to search. Tell the caller that you cannot look this up, and do not make anything up."
)
_DESCRIPTION = (
    "Look something up in the documents of the house: facts, prices, times, rules, names. Use it before you answer "
    "any question about them."
)
_POLICY = ToolPolicy(on_interruption=OnInterruption.CANCEL)
"""A search changes nothing: a caller who speaks up need not hear what was found."""

_log = logging.getLogger(__name__)


class FileSearchFactory:
    """Makes the sources of `file_search`; a `SourceFactory`."""

    def __init__(self, search: PassageSearch) -> None:
        self._search = search

    def __call__(self, declaration: Declaration, context: CallContext, key: ToolSourceKey) -> ToolSource:
        named = declaration.get("vector_store_ids") or declaration.get("collection_ids") or context.collection_ids
        results = declaration.get("max_num_results")
        limit = min(results, len(BUDGETS)) if isinstance(results, int) and results > 0 else len(BUDGETS)
        blank = PassageQuery(context.organisation_id, tuple(str(each) for each in named), "", CANDIDATES)
        return FileSearchSource(key, self._search, blank, limit, policy_of(declaration, _POLICY))


class FileSearchSource:
    """A `ToolSource` of one tool. `asked` is the query without its words; `results` how many passages are told."""

    def __init__(
        self, key: ToolSourceKey, search: PassageSearch, asked: PassageQuery, results: int, policy: ToolPolicy
    ) -> None:
        self._key = key
        self._search = search
        self._asked = asked
        self._results = results
        self._policy = policy
        self._ahead: asyncio.Task[Sequence[Passage]] | None = None
        self._foreseen: tuple[str, Sequence[Passage]] = ("", ())

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    @property
    def label(self) -> str:
        return ""

    async def open(self) -> tuple[Tool, ...]:
        schema = json.dumps(QUERY_SCHEMA)
        return (Tool(NAME, _DESCRIPTION, schema, ToolKind.FILE_SEARCH, self._policy, self._key),)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        if invocation.name != NAME:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, f"there is no tool {invocation.name!r} here")
        query = query_of(invocation.arguments)
        if not self._asked.collection_ids:
            return ToolResult(NO_COLLECTIONS, ToolFailure.NOT_CONFIGURED)
        if query == self._foreseen[0]:
            return ToolResult(cited(self._foreseen[1][: self._results], query))
        try:
            found = await self._search.search(replace(self._asked, text=query))
        except SearchFailedError as error:
            _log.warning("a call's documents could not be searched: %s", error)
            message = "The documents could not be searched just now. Say so; do not make anything up."
            raise ToolError(ToolFailure.UNREACHABLE, message) from error
        best = _together(found, await self._found_ahead())
        return ToolResult(cited(best[: self._results], query))

    async def foreseen(self, words: str, *, alone: bool) -> str | None:
        """A `Foreseeing`: what is found for the caller's own words tells whether they ask for it."""
        text = _one_line(words)
        if not text or not self._asked.collection_ids:
            return None
        try:
            found, nearest = await asyncio.gather(
                self._search.search(replace(self._asked, text=text)),
                self._search.search(replace(self._asked, text=text, limit=1, mode=RetrievalMode.SEMANTIC)),
            )
        except SearchFailedError:
            return None
        if not nearest or not asks_for(text, nearest[0].score, found, alone=alone):
            return None
        self._foreseen = text, found
        return json.dumps({"query": text}, ensure_ascii=False)

    def search_ahead(self, words: str) -> None:
        text = _one_line(words)
        if not text or not self._asked.collection_ids:
            return
        self._give_up_ahead()
        asked = replace(self._asked, text=text)
        self._ahead = asyncio.get_running_loop().create_task(self._searched(asked), name=f"search ahead {self._key}")

    async def close(self) -> None:
        ahead = self._ahead
        self._give_up_ahead()
        if ahead is not None:
            await asyncio.wait([ahead])

    async def _searched(self, asked: PassageQuery) -> Sequence[Passage]:
        """What nobody has asked for yet may fail in silence: the model's own search tells."""
        try:
            return await self._search.search(asked)
        except SearchFailedError:
            return []

    async def _found_ahead(self) -> Sequence[Passage]:
        """What was found for the caller's words; once."""
        ahead, self._ahead = self._ahead, None
        return [] if ahead is None else await ahead

    def _give_up_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()


def _one_line(words: str) -> str:
    return " ".join(words.split())[:QUERY_CHARACTERS_MAXIMUM]


def _together(found: Sequence[Passage], ahead: Sequence[Passage]) -> list[Passage]:
    """Both rankings as one; with nothing found ahead, the model's."""
    known = {each.chunk_id: each for each in (*ahead, *found)}
    rankings = [[each.chunk_id for each in found], [each.chunk_id for each in ahead]]
    return [known[chunk_id] for chunk_id, _ in fused(rankings, (1.0, AHEAD_WEIGHT))]
