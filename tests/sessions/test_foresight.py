"""Searches that the server makes in the model's place: when, and what the model sees of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vivavoce.conversation.history import PromptCall, PromptMessage
from vivavoce.conversation.identifiers import CallId, ReplyId
from vivavoce.conversation.orders import StartReply
from vivavoce.conversation.settings import Modality, Tool
from vivavoce.conversation.tool_policy import ToolKind, ToolSourceKey
from vivavoce.sessions.foresight import FOUND, PATIENCE_SECONDS, ForeseenCall, Foresight

KEY = ToolSourceKey("file_search:1")
SEARCH = Tool("file_search", "Look it up.", "{}", ToolKind.FILE_SEARCH, source=KEY)
HANG_UP = Tool("end_call", "Hang up.", "{}", ToolKind.SYSTEM, source=ToolSourceKey("system:1"))
ORDER = Tool("lookup_order", "Look an order up.", "{}")
ASKED = PromptMessage("user", "How warm is the pool?")


class Pools:
    """A source that knows that pools are meant; `hangs`: it never says so."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.hangs = hangs
        self.alone: list[bool] = []

    async def foreseen(self, words: str, *, alone: bool) -> str | None:
        self.alone.append(alone)
        if self.hangs:
            await asyncio.Event().wait()
        return '{"query": "pool"}' if "pool" in words else None


def foresight(source: object) -> Foresight:
    """Of a call whose search this is, if it is open."""
    return Foresight(lambda key: source if key == KEY else None)


def order(prompt: Sequence[PromptMessage], tools: Sequence[Tool] = (SEARCH,), choice: str = "auto") -> StartReply:
    return StartReply(
        ReplyId("resp_1"), tuple(prompt), Modality.AUDIO, "eve", 1.0, tuple(tools), choice, None, None, None, ()
    )


@pytest.mark.parametrize(
    ("asked", "foreseen"),
    [
        pytest.param(order([ASKED]), True, id="the caller's words ask for it"),
        pytest.param(order([ASKED], [ORDER, SEARCH]), True, id="they do so beside other tools"),
        pytest.param(order([PromptMessage("user", "Hello!")]), False, id="other words are the model's"),
        pytest.param(
            order([ASKED, PromptMessage("tool", "33", call_id=CallId("1"))]), False, id="a result is answered"
        ),
        pytest.param(order([ASKED], choice="none"), False, id="no tool may be called"),
        pytest.param(order([ASKED], [ORDER]), False, id="there is no search"),
        pytest.param(order([]), False, id="nothing was said"),
    ],
)
async def test_a_search_is_foreseen(asked: StartReply, foreseen: bool) -> None:
    call = await foresight(Pools()).call_for(asked)
    assert call == (ForeseenCall("file_search", '{"query": "pool"}') if foreseen else None)


async def test_a_search_that_is_not_open_is_not_foreseen() -> None:
    assert await foresight(None).call_for(order([ASKED])) is None


@pytest.mark.parametrize(
    ("tools", "alone"),
    [
        pytest.param([SEARCH], True, id="with nothing else"),
        pytest.param([SEARCH, HANG_UP], True, id="with tools of the call itself"),
        pytest.param([SEARCH, ORDER], False, id="with a function"),
    ],
)
async def test_the_source_is_told_whether_something_else_may_be_meant(tools: list[Tool], alone: bool) -> None:
    pools = Pools()
    await foresight(pools).call_for(order([ASKED], tools))
    assert pools.alone == [alone]


SEARCHED = (
    ASKED,
    PromptMessage("assistant", "", (PromptCall(CallId("1"), "file_search", '{"query": "pool"}'),)),
    PromptMessage("tool", "33 degrees", call_id=CallId("1")),
)


def test_the_model_sees_what_was_found_and_nothing_of_the_search_that_the_server_makes() -> None:
    prompt, tools = foresight(Pools()).told(SEARCHED, [SEARCH, HANG_UP])
    assert prompt == (ASKED, PromptMessage("user", FOUND.format(found="33 degrees", asked=ASKED.text)))
    assert tools == (HANG_UP,)


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        pytest.param((SEARCH, ORDER), "auto", id="beside a function"),
        pytest.param((SEARCH,), "required", id="where it has to call something"),
    ],
)
def test_the_model_sees_the_search_where_it_decides(tools: tuple[Tool, ...], choice: str) -> None:
    assert foresight(Pools()).told(SEARCHED, tools, choice) == (SEARCHED, tools)


@pytest.mark.looptime
async def test_a_source_that_hangs_leaves_it_to_the_model() -> None:
    assert await foresight(Pools(hangs=True)).call_for(order([ASKED])) is None
    assert asyncio.get_running_loop().time() == pytest.approx(PATIENCE_SECONDS)
