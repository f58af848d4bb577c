"""`file_search`: what it asks, what it tells the model, and the search that is begun before it is called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from vivavoce.conversation.tool_policy import ToolFailure, ToolKind, ToolSourceKey
from vivavoce.knowledge.citing import BUDGETS, NOTHING_FOUND, citation, cited, cut_to
from vivavoce.knowledge.search import Passage, PassageQuery, SearchFailedError
from vivavoce.tools.declared import CallContext
from vivavoce.tools.file_search import NO_COLLECTIONS, FileSearchFactory
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolSource

CONTEXT = CallContext("sess_1", "org_1", None, ("col_a",))


def passage(number: int, content: str, page: int | None = 3) -> Passage:
    return Passage(number, "col_a", "file_1", "guide.pdf", "Guide > Fares", page, content, 0.5)


class Search:
    """Finds what it was given, by the words asked for; waits where it is told to."""

    def __init__(self, found: dict[str, list[Passage]] | None = None) -> None:
        self.found = found or {}
        self.asked: list[PassageQuery] = []
        self.gate: asyncio.Event | None = None
        self.cancelled = 0
        self.fails = False

    async def search(self, query: PassageQuery) -> Sequence[Passage]:
        self.asked.append(query)
        if self.fails:
            raise SearchFailedError("the disk is full")
        if self.gate is not None:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.found.get(query.text, [])


def source_of(search: Search, context: CallContext = CONTEXT, **declared: Any) -> ToolSource:
    return FileSearchFactory(search)({"type": "file_search", **declared}, context, ToolSourceKey("file_search:1"))


async def told(source: ToolSource, query: str) -> str:
    invocation = ToolInvocation("sess_1", "call_1", "file_search", json.dumps({"query": query}), 10, "once")
    return (await source.invoke(invocation)).output


async def test_the_tool_asks_for_one_query() -> None:
    (tool,) = await source_of(Search()).open()
    assert (tool.name, tool.kind) == ("file_search", ToolKind.FILE_SEARCH)


@pytest.mark.parametrize(
    ("declared", "collections"),
    [
        pytest.param({}, ("col_a",), id="without ids the agent's collections are searched"),
        pytest.param({"vector_store_ids": ["col_b"]}, ("col_b",), id="ids in the declaration come first"),
        pytest.param({"collection_ids": ["col_c"]}, ("col_c",), id="they may be called collections too"),
    ],
)
async def test_where_it_looks(declared: dict[str, Any], collections: tuple[str, ...]) -> None:
    search = Search()
    await told(source_of(search, **declared), "fares")
    assert [(each.organisation_id, each.collection_ids, each.text) for each in search.asked] == [
        ("org_1", collections, "fares")
    ]


async def test_passages_are_told_behind_where_they_are_from() -> None:
    search = Search({"fares": [passage(1, "A single costs ten pounds."), passage(2, "Dogs travel free.", None)]})
    assert await told(source_of(search), "fares") == (
        "[1] guide.pdf, Fares, page 3: A single costs ten pounds.\n[2] guide.pdf, Fares: Dogs travel free."
    )


async def test_no_more_passages_are_told_than_asked_for() -> None:
    search = Search({"fares": [passage(n, f"Fare {n}.") for n in range(9)]})
    assert (await told(source_of(search), "fares")).count("[") == 3
    assert (await told(source_of(search, max_num_results=1), "fares")).count("[") == 1


async def test_nothing_found_is_told_as_that() -> None:
    assert await told(source_of(Search()), "fares") == NOTHING_FOUND


async def test_an_agent_without_collections_is_told_so() -> None:
    search = Search()
    assert await told(source_of(search, CallContext("sess_1", "org_1")), "fares") == NO_COLLECTIONS
    assert search.asked == []


async def test_a_search_that_fails_is_a_failure_without_its_cause() -> None:
    search = Search()
    search.fails = True
    with pytest.raises(ToolError, match="could not be searched") as caught:
        await told(source_of(search), "fares")
    assert caught.value.failure is ToolFailure.UNREACHABLE
    assert "disk" not in caught.value.message


async def test_what_was_found_ahead_counts_but_less_than_what_the_model_asked() -> None:
    one, two, three = passage(1, "One."), passage(2, "Two."), passage(3, "Three.")
    search = Search({"what is the fare": [two, three], "fares": [one]})
    source = source_of(search)
    source.search_ahead("what is  the fare")
    output = await told(source, "fares")
    assert [line.rpartition(" ")[2] for line in output.splitlines()] == ["One.", "Two.", "Three."]
    assert [each.text for each in search.asked] in (["fares", "what is the fare"], ["what is the fare", "fares"])
    assert "Two." not in await told(source, "fares")


async def test_what_was_found_ahead_is_all_there_is_when_the_model_asked_badly() -> None:
    source = source_of(Search({"what is the fare": [passage(2, "Two.")]}))
    source.search_ahead("what is the fare")
    assert (await told(source, "nonsense")).endswith("Two.")


async def test_a_search_ahead_that_fails_disturbs_nobody() -> None:
    search = Search({"fares": [passage(1, "One.")]})
    source = source_of(search)
    search.fails = True
    source.search_ahead("what is the fare")
    await asyncio.sleep(0)
    search.fails = False
    assert (await told(source, "fares")).endswith("One.")


async def test_other_words_end_the_search_for_the_former_and_so_does_the_end_of_the_call() -> None:
    search = Search()
    search.gate = asyncio.Event()
    source = source_of(search)
    for words in ("what is", "what is the fare"):
        source.search_ahead(words)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert search.cancelled == 1
    await source.close()
    assert search.cancelled == 2


@pytest.mark.parametrize("words", ["", "   "], ids=["no words begin no search", "blanks begin no search"])
async def test_nothing_said_is_not_searched_for(words: str) -> None:
    search = Search()
    source = source_of(search)
    source.search_ahead(words)
    await asyncio.sleep(0)
    assert search.asked == []


# --- citing -----------------------------------------------------------------------------------------------------------

LONG = (
    "The harbour was built long ago by people from the hills. Its walls are made of grey stone from the quarry. "
    "A return ticket costs twenty-six pounds. Children pay half of it. The lighthouse is open on Sundays in summer."
)


def test_the_sentence_that_is_asked_for_survives_the_cut_with_the_one_behind_it() -> None:
    kept = cut_to(LONG, "what does a return ticket cost", 80)
    assert kept == "A return ticket costs twenty-six pounds. Children pay half of it."


def test_gaps_are_marked() -> None:
    kept = cut_to(LONG, "harbour lighthouse", 125)
    assert kept == (
        "The harbour was built long ago by people from the hills. … The lighthouse is open on Sundays in summer."
    )


def test_one_sentence_that_is_too_long_is_cut_between_words() -> None:
    assert cut_to("word " * 50, "word", 20) == "word word word…"


def test_all_that_is_told_stays_within_some_two_hundred_and_twenty_tokens() -> None:
    output = cited([passage(n, LONG * 5) for n in range(5)], "return ticket")
    assert len(output) <= sum(BUDGETS) + 3 * 40
    assert len(output) / 4.2 <= 230


@pytest.mark.parametrize(
    ("heading", "page", "expected"),
    [
        pytest.param("", None, "guide.pdf", id="a name alone"),
        pytest.param("A > B", None, "guide.pdf, B", id="the innermost heading"),
        pytest.param("A", 12, "guide.pdf, A, page 12", id="the page"),
    ],
)
def test_a_citation_names_the_place(heading: str, page: int | None, expected: str) -> None:
    assert citation(Passage(1, "c", "f", "guide.pdf", heading, page, "x", 1.0)) == expected
