"""The language model that runs in this process: any GGUF file, through llama.cpp (package xllamacpp).

Owned by the composition root, shared by every call, closed when the process ends. Each running reply holds one slot and
one worker thread; a slot is free again when the native engine has really let go of it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

from vivavoce.engines.llm.llama_run import NOTHING, LlamaRun, opening_key, parked_key
from vivavoce.engines.llm.llama_server import LlamaServer, usable_cores
from vivavoce.engines.llm.prompt_snapshots import PromptSnapshots
from vivavoce.engines.llm.prompt_turns import PromptTurns
from vivavoce.engines.llm.reply_in_runs import ReplyInRuns
from vivavoce.engines.llm.slots import Placement, SlotLine
from vivavoce.engines.llm.tool_prompting import speech_instead
from vivavoce.engines.llm.writing_turns import WritingTurn, WritingTurns
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    EngineError,
    GenerationPart,
    GenerationRequest,
    TextGenerated,
)
from vivavoce.telemetry.load import WaitLog

DEFAULT_OUTPUT_TOKENS = 1024
"""Where a reply without a limit of its own is cut."""

CORES_A_REPLY = 2
"""Replies are written side by side where each has so many cores; below that, one slows the other down by as much as it
gains."""

WARMING_PATIENCE_SECONDS = 2.0
"""A prompt is warmed while no reply's words are wanted within this time."""

_REMEMBERED_CUTS = 4096


class LlamaCppLanguageModel:
    """A GGUF model with `slots` replies at a time, each with a context of `context_tokens` (prompt and reply).

    The constructor loads the weights, which takes a second or two: call it on a thread. `threads` None means every core
    that the process may use. With more conversations than slots, a conversation that comes back to a slot which another
    one took finds its prompt on disk. Raises `EngineError` when the model cannot be loaded.

    A cancelled reply stops at the next token (30 ms for a 1.5B model on two cores), a cancelled prompt at the next 64
    tokens of it (0.75 s); nobody but the next reply on that slot waits for it.
    """

    def __init__(
        self,
        model: Path,
        *,
        slots: int = 4,
        context_tokens: int = 4096,
        threads: int | None = None,
        waits: WaitLog | None = None,
    ) -> None:
        self._server = LlamaServer(model, slots=slots, context_tokens=context_tokens, threads=threads)
        self._context_tokens = context_tokens
        self._snapshots = PromptSnapshots(self._server)
        self._line = SlotLine(slots)
        self._pool = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="engine-language-model")
        self._runs: set[LlamaRun] = set()
        self._prefills: dict[AffinityKey, LlamaRun] = {}
        self._warming_requests: dict[AffinityKey, GenerationRequest] = {}
        self._turns = PromptTurns(self._interrupt_warming)
        self._writing = WritingTurns(max(1, (threads or usable_cores()) // CORES_A_REPLY))
        self._writers: dict[LlamaRun, WritingTurn] = {}
        self._waits = waits
        self._cuts: OrderedDict[AffinityKey, int] = OrderedDict()
        self._closed = False

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        self._check(request)
        self._warming_requests.pop(request.affinity, None)
        if (warming := self._prefills.get(request.affinity)) is not None:
            warming.give_up()
        async with aclosing(self._reply(request)) as parts:
            async for part in parts:
                instead = speech_instead(part, request)
                if instead is not None:
                    break
                yield part
            else:
                return
        async with aclosing(self._reply(instead)) as parts:
            async for part in parts:
                yield part

    async def prefill(self, request: GenerationRequest) -> None:
        """Evaluate the prompt if a slot is free for it; a reply of the same conversation takes over at once.

        The newest prompt of a conversation counts: a prefill under way is given up for it. A reply of any conversation
        interrupts it until that reply has its first sentence; what was evaluated by then is kept.
        """
        self._check(request)
        request = _opened(request)
        self._warming_requests[request.affinity] = request
        while (former := self._prefills.get(request.affinity)) is not None:
            former.give_up()
            await former.ended.wait()
        try:
            async with self._turns.warming():
                while not await self._warmed(request):
                    pass
        finally:
            if self._warming_requests.get(request.affinity) is request:
                del self._warming_requests[request.affinity]

    async def _warmed(self, request: GenerationRequest) -> bool:
        """Whether there is nothing more to do; False when a reply came first."""
        await self._turns.quiet()
        clock = asyncio.get_running_loop()
        run: LlamaRun | None = None

        def interrupt() -> bool:
            if run is not None:
                run.interrupted = True
                run.give_up()
            return run is not None

        turn = WritingTurn(lambda: clock.time() + WARMING_PATIENCE_SECONDS, interrupt)
        await self._writing.take(turn)
        try:
            if self._closed or self._warming_requests.get(request.affinity) is not request:
                return True
            placement = self._line.try_take(request.affinity, opening_key(request))
            if placement is None:
                return True
            run = self._start(request, placement, output_tokens=0)
            self._prefills[request.affinity] = run
            await run.ended.wait()
            if run.failure is not None:
                raise run.failure
        finally:
            if run is not None:
                run.give_up()
            self._writing.give_back(turn)
        return not run.interrupted

    def _interrupt_warming(self) -> None:
        for run in self._prefills.values():
            run.interrupted = True
            run.give_up()

    def release(self, affinity: AffinityKey) -> None:
        self._cuts.pop(affinity, None)
        self._warming_requests.pop(affinity, None)
        self._snapshots.forget(parked_key(affinity))
        self._line.release(affinity)

    async def close(self) -> None:
        """Give up what runs, refuse what waits, and free the weights once the native engine stands still."""
        self._closed = True
        self._line.refuse_all(EngineError("the language model was closed; start the server again"))
        for run in self._runs:
            run.give_up()
        await asyncio.to_thread(self._free)

    async def _reply(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        asked = DEFAULT_OUTPUT_TOKENS if request.maximum_output_tokens is None else request.maximum_output_tokens
        reply = ReplyInRuns(request, max(1, min(asked, self._context_tokens)), asyncio.get_running_loop().time())
        turn = WritingTurn(reply.wanted_at, reply.pause)
        try:
            await self._writing.take(turn)
            with self._turns.reply() as young:
                while True:
                    run = self._begin(reply, turn, await self._slot_for(reply))
                    while (piece := await run.pieces.get()) is not None:
                        young.wrote()
                        if words := reply.read(piece):
                            yield TextGenerated(words)
                    if not reply.goes_on():
                        break
                    if reply.written.text:
                        young.grow_up()
                    await self._writing.take(turn)
            for part in reply.rest():
                yield part
        finally:
            reply.give_up()
            self._writing.give_back(turn)

    def _begin(self, reply: ReplyInRuns, turn: WritingTurn, placement: Placement) -> LlamaRun:
        """Let the engine write the reply, or the rest of it."""
        run = self._start(reply.request, placement, output_tokens=reply.tokens_left, reply=reply)
        self._writers[run] = turn
        return run

    async def _slot_for(self, reply: ReplyInRuns) -> Placement:
        request = reply.request
        warming = self._prefills.get(request.affinity)
        if warming is not None:
            # What it has evaluated stays in the slot's cache, so nothing is lost.
            warming.give_up()
        waits_for_itself = any(run.request.affinity == request.affinity for run in self._runs)
        placement = await self._line.take(request.affinity, opening_key(request), reply.due_at)
        # What a conversation waits for its own last step, such as that of a warmed prompt, tells nothing of the load.
        if self._waits is not None and not waits_for_itself and not reply.has_begun:
            self._waits.began("language model", asyncio.get_running_loop().time() - reply.due_at)
        return placement

    def _free(self) -> None:
        self._pool.shutdown(wait=True)
        self._server.close()

    def _check(self, request: GenerationRequest) -> None:
        if self._closed:
            raise EngineError("the language model is closed; start the server again")
        if request.tool_choice not in {"auto", "none", "required", *(tool.name for tool in request.tools)}:
            raise EngineError(f"tool_choice names {request.tool_choice!r}; give a tool of that name or another choice")

    def _start(
        self, request: GenerationRequest, placement: Placement, *, output_tokens: int, reply: ReplyInRuns | None = None
    ) -> LlamaRun:
        if self._closed:
            self._line.give_back(placement.slot)
            raise EngineError("the language model is closed; start the server again")
        cut = self._cuts.get(request.affinity, 0)
        run = LlamaRun(
            request,
            placement,
            output_tokens=output_tokens,
            context_tokens=self._context_tokens,
            dropped_messages=cut,
            written=reply.written if reply is not None else NOTHING,
            on_piece=self._writing.reconsider,
        )
        if reply is not None:
            reply.run = run
        self._runs.add(run)
        loop = asyncio.get_running_loop()
        future = self._pool.submit(run.perform, self._server, self._snapshots)

        def on_done(done: Future[None]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, run, done)

        future.add_done_callback(on_done)
        return run

    def _finish(self, run: LlamaRun, done: Future[None]) -> None:
        """The native engine has let go: free the slot, then tell whoever listens."""
        error = done.exception()
        if error is not None:
            run.failure = error if isinstance(error, EngineError) else EngineError(f"the language model broke: {error}")
        affinity = run.request.affinity
        if run.dropped_messages:
            self._cuts[affinity] = run.dropped_messages
            self._cuts.move_to_end(affinity)
            if len(self._cuts) > _REMEMBERED_CUTS:
                self._cuts.popitem(last=False)
        if self._prefills.get(affinity) is run:
            del self._prefills[affinity]
        self._runs.discard(run)
        if (turn := self._writers.pop(run, None)) is not None:
            self._writing.give_back(turn)
        self._line.give_back(run.placement.slot)
        run.pieces.put_nowait(None)
        run.ended.set()


def _opened(request: GenerationRequest) -> GenerationRequest:
    """With the beginning of the caller's next message: the marks before its words need not be evaluated later."""
    if not request.messages or request.messages[-1].role == "user":
        return request
    return dataclasses.replace(request, messages=(*request.messages, ChatMessage("user", "I")))
