"""One request inside the native engine, with an engine that is played: warming, fitting, giving up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from vivavoce.engines.llm.llama_run import LlamaRun, opening_key, parked_key
from vivavoce.engines.llm.llama_server import Chunk, ChunkChoice, ChunkDelta, ChunkError, ChunkUsage, PromptProgress
from vivavoce.engines.llm.prompt_fitting import PromptTooLongError
from vivavoce.engines.llm.prompt_snapshots import PromptSnapshots
from vivavoce.engines.llm.slots import Known, Placement
from vivavoce.engines.ports import AffinityKey, ChatMessage, EngineError, FunctionTool, GenerationRequest

SYSTEM = ChatMessage("system", "You are a patient assistant on the phone. " * 10)
TALK = [SYSTEM, ChatMessage("user", "Hello?"), ChatMessage("assistant", "Hi."), ChatMessage("user", "Hm.")]
CONTEXT_TOKENS = 400


class Engine:
    """Counts four characters a token, refuses what does not fit `context_tokens`, and remembers what it was asked.

    It is the disk of the snapshots as well: a slot holds the prompt that was evaluated on it last.
    """

    def __init__(self, *, told_by: str = "progress") -> None:
        self.told_by = told_by
        self.bodies: list[Mapping[str, Any]] = []
        self.slots: dict[int, str] = {}
        self.files: dict[str, str] = {}
        self.restored: list[str] = []
        self.while_answering: Callable[[], None] = lambda: None

    def chat(self, body: Mapping[str, Any], hear: Callable[[Chunk], bool]) -> None:
        self.bodies.append(body)
        prompt = "".join(line["content"] for line in body["messages"])
        tokens = len(prompt) // 4
        if tokens >= CONTEXT_TOKENS and self.told_by == "error":
            hear(Chunk(error=ChunkError("too long", "exceed_context_size_error", tokens, CONTEXT_TOKENS)))
            return
        self.while_answering()
        if hear(Chunk(prompt_progress=PromptProgress(total=tokens))):
            return
        self.slots[body["id_slot"]] = prompt
        for text in ("Hello", " there", ""):
            if hear(Chunk(choices=[ChunkChoice(ChunkDelta(text or None), None if text else "stop")])):
                return
        hear(Chunk(usage=ChunkUsage(tokens, 2)))

    def save_slot(self, slot: int, name: str) -> int:
        self.files[name] = self.slots.get(slot, "")
        return 1

    def restore_slot(self, slot: int, name: str) -> bool:
        self.slots[slot] = self.files[name]
        self.restored.append(self.files[name])
        return True

    def forget_file(self, name: str) -> None:
        del self.files[name]


def _run(
    messages: Sequence[ChatMessage] = TALK,
    *,
    known: Known = "conversation",
    evicted: str | None = None,
    output_tokens: int = 20,
    dropped: int = 0,
    tools: tuple[FunctionTool, ...] = (),
    keeps_all: bool = False,
) -> LlamaRun:
    request = GenerationRequest(messages, AffinityKey("a"), tools, keeps_all_messages=keeps_all)
    placement = Placement(1, known, AffinityKey(evicted) if evicted else None)
    return LlamaRun(
        request,
        placement,
        output_tokens=output_tokens,
        context_tokens=CONTEXT_TOKENS,
        dropped_messages=dropped,
    )


async def _perform(run: LlamaRun, engine: Engine, snapshots: PromptSnapshots | None = None) -> list[str]:
    await asyncio.to_thread(run.perform, engine, snapshots or PromptSnapshots(engine))
    await asyncio.sleep(0)
    pieces = []
    while not run.pieces.empty():
        pieces.append(run.pieces.get_nowait() or "")
    return pieces


def _lengths(engine: Engine) -> list[int]:
    return [len(body["messages"]) for body in engine.bodies]


async def test_what_the_engine_writes_reaches_the_loop() -> None:
    engine, run = Engine(), _run()
    assert await _perform(run, engine) == ["Hello", " there"]
    assert (run.told.finish_reason, run.told.usage.completion_tokens, run.dropped_messages) == ("stop", 2, 0)
    assert (engine.bodies[0]["id_slot"], engine.bodies[0]["max_tokens"]) == (1, 20)


async def test_a_run_given_up_before_it_began_asks_nothing() -> None:
    engine, run = Engine(), _run()
    run.give_up()
    assert await _perform(run, engine) == []
    assert engine.bodies == []


async def test_a_run_given_up_while_the_prompt_is_evaluated_says_nothing() -> None:
    engine, run = Engine(), _run()
    engine.while_answering = run.give_up
    assert await _perform(run, engine) == []


async def test_a_new_opening_is_evaluated_once_and_kept_for_other_slots() -> None:
    engine = Engine()
    snapshots = PromptSnapshots(engine)
    await _perform(_run(known="nothing"), engine, snapshots)
    assert _lengths(engine) == [1, 4]
    assert engine.bodies[0]["max_tokens"] == 0
    await _perform(_run(known="nothing"), engine, snapshots)
    assert _lengths(engine) == [1, 4, 4]
    assert engine.restored == [SYSTEM.text]


@pytest.mark.parametrize(
    ("messages", "known"),
    [
        pytest.param(TALK, "conversation", id="its own slot"),
        pytest.param(TALK, "opening", id="a slot that knows the opening"),
        pytest.param([ChatMessage("system", "Be kind."), *TALK[1:]], "nothing", id="an opening too short to matter"),
        pytest.param(TALK[1:], "nothing", id="no opening at all"),
    ],
)
async def test_nothing_is_warmed_for(messages: list[ChatMessage], known: Known) -> None:
    engine = Engine()
    await _perform(_run(messages, known=known), engine)
    assert _lengths(engine) == [len(messages)]
    assert engine.files == {}


async def test_a_run_given_up_while_the_opening_is_warmed_goes_no_further() -> None:
    engine, run = Engine(), _run(known="nothing")
    engine.while_answering = run.give_up
    await _perform(run, engine)
    assert _lengths(engine) == [1]
    assert engine.files == {}


@pytest.mark.parametrize("trouble", ["the template refuses it", "it is too long"])
async def test_an_opening_that_cannot_be_evaluated_alone_is_not_kept(trouble: str) -> None:
    class Refusing(Engine):
        def chat(self, body: Mapping[str, Any], hear: Callable[[Chunk], bool]) -> None:
            if len(body["messages"]) > 1:
                super().chat(body, hear)
            elif trouble == "it is too long":
                hear(Chunk(error=ChunkError("too long", "exceed_context_size_error", 999, CONTEXT_TOKENS)))
            else:
                raise EngineError("roles must alternate")

    engine = Refusing()
    assert await _perform(_run(known="nothing"), engine) == ["Hello", " there"]
    assert engine.files == {}


async def test_a_conversation_that_loses_its_slot_is_parked_and_comes_back() -> None:
    engine = Engine()
    snapshots = PromptSnapshots(engine)
    engine.slots[1] = "what b said"
    await _perform(_run(known="opening", evicted="b"), engine, snapshots)
    assert parked_key(AffinityKey("b")) in snapshots
    engine.slots[1] = "what a said"
    snapshots.save(parked_key(AffinityKey("a")), 1)
    await _perform(_run(known="nothing"), engine, snapshots)
    assert engine.restored == ["what a said"]
    assert parked_key(AffinityKey("a")) not in snapshots


LONG = [SYSTEM, *(ChatMessage("assistant" if n % 2 else "user", f"{n} ".ljust(200, ".")) for n in range(11))]


@pytest.mark.parametrize("told_by", ["progress", "error"])
async def test_a_long_conversation_loses_its_oldest_turns(told_by: str) -> None:
    engine, run = Engine(told_by=told_by), _run(LONG)
    assert await _perform(run, engine) == ["Hello", " there"]
    assert run.dropped_messages > 0
    sent = engine.bodies[-1]["messages"]
    assert sent[0]["content"] == SYSTEM.text
    assert sent[1]["role"] == "user"
    assert sent[-1]["content"] == LONG[-1].text
    assert sum(len(line["content"]) for line in sent) // 4 <= CONTEXT_TOKENS - 20


async def test_a_cut_of_an_earlier_turn_is_kept() -> None:
    engine, run = Engine(), _run(LONG, dropped=8)
    await _perform(run, engine)
    assert _lengths(engine) == [4]
    assert run.dropped_messages == 8


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([SYSTEM, ChatMessage("user", "x" * 9000)], id="one endless sentence"),
        pytest.param([ChatMessage("system", "y" * 9000), ChatMessage("user", "Hm?")], id="an endless system prompt"),
    ],
)
async def test_a_message_that_cannot_fit_loses_its_middle(messages: list[ChatMessage]) -> None:
    engine, run = Engine(), _run(messages)
    assert await _perform(run, engine) == ["Hello", " there"]
    assert len(engine.bodies[-1]["messages"]) == 2


@pytest.mark.parametrize("told_by", ["progress", "error"])
async def test_a_conversation_that_must_stay_whole_fails_when_it_is_too_long(told_by: str) -> None:
    engine, run = Engine(told_by=told_by), _run(LONG, keeps_all=True)
    with pytest.raises(PromptTooLongError, match="truncation is 'disabled'"):
        await _perform(run, engine)
    assert _lengths(engine) == [len(LONG)]
    assert run.dropped_messages == 0


async def test_a_conversation_that_must_stay_whole_forgets_earlier_cuts() -> None:
    engine, run = Engine(), _run(TALK, dropped=2, keeps_all=True)
    assert await _perform(run, engine) == ["Hello", " there"]
    assert _lengths(engine) == [len(TALK)]
    assert run.dropped_messages == 0


async def test_a_prompt_that_cannot_be_made_to_fit_says_what_to_do() -> None:
    tool = FunctionTool("weather", "x" * 9000, {})
    with pytest.raises(EngineError, match="larger context or a shorter prompt"):
        await _perform(_run(tools=(tool,)), Engine())


async def test_warming_a_prompt_writes_nothing_and_asks_for_no_form() -> None:
    engine = Engine()
    await _perform(_run(output_tokens=0, tools=(FunctionTool("weather", "", {}),)), engine)
    assert engine.bodies[0]["max_tokens"] == 0
    assert "grammar" not in engine.bodies[0]


def test_openings_are_told_apart_by_system_messages_and_tools() -> None:
    tool = FunctionTool("weather", "", {})

    def key(messages: Sequence[ChatMessage], *tools: FunctionTool) -> str:
        return opening_key(GenerationRequest(messages, AffinityKey("a"), tools))

    assert key(TALK) == key(TALK[:2])
    assert len({key(TALK), key(TALK[1:]), key(TALK, tool)}) == 3
