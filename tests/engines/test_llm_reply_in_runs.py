"""A reply that is stopped for others and gone on with: nothing of it is lost, and its form is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from vivavoce.engines.llm.llama_run import LlamaRun
from vivavoce.engines.llm.llama_server import CachedTokens, Chunk, ChunkChoice, ChunkDelta, ChunkUsage, PromptProgress
from vivavoce.engines.llm.prompt_snapshots import PromptSnapshots
from vivavoce.engines.llm.reply_in_runs import SECONDS_A_TOKEN, ReplyInRuns
from vivavoce.engines.llm.slots import Placement
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    EngineError,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCallGenerated,
)

TALK = (ChatMessage("system", "Be brief."), ChatMessage("user", "When are you open?"))
ANSWER = ("We", " are", " open", " from", " nine", " to", " five", ".")
WEATHER = FunctionTool("weather", "Tells the weather.", {"type": "object", "properties": {}})
CALL = ('{"tool"', ': "weather"', ', "arguments"', ": {}}")
PROMPT_TOKENS = 30


class Engine:
    """Writes `answer` behind what of it the prompt ends with; `after[n]` is called at the nth piece of the reply."""

    def __init__(self, answer: Sequence[str] = ANSWER) -> None:
        self.answer = answer
        self.bodies: list[Mapping[str, Any]] = []
        self.after: dict[int, Callable[[], object]] = {}

    def chat(self, body: Mapping[str, Any], hear: Callable[[Chunk], bool]) -> None:
        self.bodies.append(body)
        last = body["messages"][-1]
        begun = last["content"] if last["role"] == "assistant" else ""
        written = max(n for n in range(len(self.answer) + 1) if begun.endswith("".join(self.answer[:n])))
        self.after.pop(written, lambda: None)()
        if hear(Chunk(prompt_progress=PromptProgress(total=PROMPT_TOKENS + written, cache=20 + written))):
            return
        left = self.answer[written : written + body["max_tokens"]]
        for number, piece in enumerate(left, written + 1):
            self.after.pop(number, lambda: None)()
            if hear(Chunk(choices=[ChunkChoice(ChunkDelta(piece))])):
                return
        reason = "stop" if written + len(left) == len(self.answer) else "length"
        hear(Chunk(choices=[ChunkChoice(ChunkDelta(), reason)]))
        hear(Chunk(usage=ChunkUsage(PROMPT_TOKENS + written, len(left), CachedTokens(20 + written))))

    def save_slot(self, slot: int, name: str) -> int:
        return 0

    def restore_slot(self, slot: int, name: str) -> bool:
        return False

    def forget_file(self, name: str) -> None:
        pass


def _request(
    messages: Sequence[ChatMessage] = TALK,
    *,
    tools: tuple[FunctionTool, ...] = (),
    schema: Mapping[str, Any] | None = None,
    wanted_at: Callable[[], float] | None = None,
) -> GenerationRequest:
    return GenerationRequest(messages, AffinityKey("a"), tools, json_schema=schema, wanted_at=wanted_at)


def _reply(request: GenerationRequest | None = None, limit: int = 20) -> ReplyInRuns:
    return ReplyInRuns(request or _request(), limit, 100.0)


async def _written(reply: ReplyInRuns, engine: Engine) -> list[GenerationPart]:
    """Run after run, as the adapter does it."""
    parts: list[GenerationPart] = []
    while True:
        run = reply.run = LlamaRun(
            reply.request,
            Placement(0, "conversation"),
            output_tokens=reply.tokens_left,
            context_tokens=400,
            dropped_messages=0,
            written=reply.written,
        )
        await asyncio.to_thread(run.perform, engine, PromptSnapshots(engine))
        await asyncio.sleep(0)
        while not run.pieces.empty():
            piece = run.pieces.get_nowait()
            assert piece is not None
            parts += [TextGenerated(words)] if (words := reply.read(piece)) else []
        if not reply.goes_on():
            return [*parts, *reply.rest()]


def _words(parts: list[GenerationPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextGenerated))


@pytest.mark.parametrize(
    "stops",
    [
        pytest.param([], id="never stopped"),
        pytest.param([0], id="stopped before its first word"),
        pytest.param([3], id="stopped once"),
        pytest.param([1, 2, 6], id="stopped three times"),
        pytest.param([8], id="stopped at its last word"),
    ],
)
async def test_all_words_are_told_once_and_counted_once(stops: list[int]) -> None:
    reply, engine = _reply(), Engine()
    for stop in stops:
        engine.after[stop] = reply.pause
    parts = await _written(reply, engine)
    assert _words(parts) == "".join(ANSWER)
    assert parts[-1] == GenerationEnded("stop", GenerationUsage(PROMPT_TOKENS, 20, len(ANSWER)))
    assert len(engine.bodies) == len(stops) + 1


async def test_it_goes_on_as_an_answer_that_has_begun_with_the_tokens_that_are_left() -> None:
    reply, engine = _reply(limit=6), Engine()
    engine.after[2] = reply.pause
    parts = await _written(reply, engine)
    assert engine.bodies[1]["messages"][-1] == {"role": "assistant", "content": "We are"}
    assert engine.bodies[1]["max_tokens"] == 4
    assert parts[-1] == GenerationEnded("length", GenerationUsage(PROMPT_TOKENS, 20, 6))


async def test_a_reply_that_is_stopped_at_its_limit_ends_there() -> None:
    reply, engine = _reply(limit=3), Engine()
    engine.after[3] = reply.pause
    parts = await _written(reply, engine)
    assert _words(parts) == "We are open"
    assert isinstance(end := parts[-1], GenerationEnded)
    assert end.reason == "length"
    assert len(engine.bodies) == 1


async def test_behind_a_message_of_the_assistant_it_goes_on_in_that_message() -> None:
    reply, engine = _reply(_request((*TALK, ChatMessage("assistant", "Well. ")))), Engine()
    engine.after[2] = reply.pause
    await _written(reply, engine)
    assert [line["role"] for line in engine.bodies[1]["messages"]] == ["system", "user", "assistant"]
    assert engine.bodies[1]["messages"][-1]["content"] == "Well. We are"


async def test_words_beside_tools_are_gone_on_with_as_words() -> None:
    reply, engine = _reply(_request(tools=(WEATHER,))), Engine()
    engine.after[2] = lambda: asyncio.run_coroutine_threadsafe(_pause(reply), loop).result()
    loop = asyncio.get_running_loop()

    async def _pause(one: ReplyInRuns) -> None:
        # what has come so far is read first, as the adapter does
        assert one.run is not None
        read.extend(one.read(piece) for piece in [one.run.pieces.get_nowait()] if piece)
        one.pause()

    read: list[str] = []
    parts = await _written(reply, engine)
    assert "".join(read) + _words(parts) == "".join(ANSWER)
    assert "grammar" in engine.bodies[0]
    assert "grammar" not in engine.bodies[1]


async def test_a_call_that_was_stopped_before_it_was_known_begins_again_in_its_form() -> None:
    reply, engine = _reply(_request(tools=(WEATHER,))), Engine(CALL)
    engine.after[1] = reply.pause
    parts = await _written(reply, engine)
    assert [body["messages"][-1]["role"] for body in engine.bodies] == ["user", "user"]
    assert all("grammar" in body for body in engine.bodies)
    assert isinstance(parts[0], ToolCallGenerated)
    assert parts[0].call.name == "weather"


async def test_a_call_under_way_is_not_stopped() -> None:
    reply = _reply(_request(tools=(WEATHER,)))
    reply.read('{"tool"')
    reply.run = LlamaRun(
        reply.request, Placement(0, "conversation"), output_tokens=9, context_tokens=99, dropped_messages=0
    )
    assert not reply.pause()


async def test_an_answer_in_json_is_not_stopped() -> None:
    reply = _reply(_request(schema={"type": "object"}))
    reply.run = LlamaRun(
        reply.request, Placement(0, "conversation"), output_tokens=9, context_tokens=99, dropped_messages=0
    )
    assert not reply.pause()


def test_what_is_not_being_written_is_not_stopped() -> None:
    assert not _reply().pause()


async def test_a_failure_ends_it_though_it_was_to_be_stopped() -> None:
    reply = _reply()
    run = reply.run = LlamaRun(
        reply.request, Placement(0, "conversation"), output_tokens=9, context_tokens=99, dropped_messages=0
    )
    assert reply.pause()
    run.failure = EngineError("broken")
    with pytest.raises(EngineError, match="broken"):
        reply.goes_on()


def test_when_its_words_are_wanted() -> None:
    reply = _reply()
    assert reply.wanted_at() == 100.0
    reply.read("We")
    assert reply.wanted_at() == 100.0 + SECONDS_A_TOKEN
    assert _reply(_request(wanted_at=lambda: 7.0)).wanted_at() == 7.0
