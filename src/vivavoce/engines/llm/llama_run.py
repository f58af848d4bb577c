"""One request inside the native engine: warms the slot, fits the prompt, passes on what is written.

Owned by the adapter that started it. `perform` runs on a worker thread from beginning to end; everything else belongs
to the event loop. Dies when `perform` has returned and its `ended` event was set.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from vivavoce.engines.llm.llama_server import Chunk, ChunkUsage
from vivavoce.engines.llm.prompt_fitting import (
    PromptTooLongError,
    dropped_to_fit,
    opening_length,
    shortened,
    without_oldest,
)
from vivavoce.engines.llm.prompt_snapshots import PromptSnapshots
from vivavoce.engines.llm.slots import Placement
from vivavoce.engines.llm.tool_prompting import output_constraint, written_messages
from vivavoce.engines.ports import AffinityKey, ChatMessage, EngineError, GenerationRequest

SHARED_OPENING_CHARACTERS = 200
"""An opening shorter than this (about 50 tokens) is evaluated faster than it is worth keeping."""

_FITTING_ATTEMPTS = 8


class ChatServer(Protocol):
    """The engine that answers; see `LlamaServer.chat`."""

    def chat(self, body: Mapping[str, Any], hear: Callable[[Chunk], bool]) -> None: ...


def opening_key(request: GenerationRequest) -> str:
    """Names the opening of the prompt: equal for all conversations with the same system messages and tools."""
    opening = written_messages(request.messages[: opening_length(request.messages)], request.tools)
    return hashlib.sha256(json.dumps(opening).encode()).hexdigest()


def parked_key(affinity: AffinityKey) -> str:
    """Names the snapshot of a conversation that lost its slot."""
    return f"conversation {affinity}"


class LlamaRun:
    """A reply being written (`output_tokens` > 0) or a prompt being warmed (0)."""

    def __init__(
        self,
        request: GenerationRequest,
        placement: Placement,
        *,
        output_tokens: int,
        context_tokens: int,
        dropped_messages: int,
    ) -> None:
        self.request = request
        self.placement = placement
        self.ended = asyncio.Event()
        self.interrupted = False
        self.failure: EngineError | None = None
        self.finish_reason = ""
        self.usage = ChunkUsage()
        self.dropped_messages = 0 if request.keeps_all_messages else dropped_messages
        # The engine tells at most one piece a token, so putting without waiting never fails.
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue(maxsize=2 * output_tokens + 16)
        self._output_tokens = output_tokens
        # Room for the reply stays, but never more than half of the context.
        self._prompt_budget = context_tokens - min(output_tokens, context_tokens // 2)
        self._loop = asyncio.get_running_loop()
        self._given_up = threading.Event()
        self._overflowing_tokens = 0

    def give_up(self) -> None:
        """Stop at the next step. Returns at once; `ended` tells when the slot is really free."""
        self._given_up.set()

    def perform(self, server: ChatServer, snapshots: PromptSnapshots) -> None:
        """Do the work. Blocks; for worker threads. Raises `EngineError`."""
        if self._given_up.is_set():
            return
        self._warm(server, snapshots)
        messages: Sequence[ChatMessage] = self.request.messages
        for _ in range(_FITTING_ATTEMPTS):
            if self._given_up.is_set():
                return
            kept = without_oldest(messages, self.dropped_messages)
            self._overflowing_tokens = 0
            server.chat(self._body(kept), self._hear)
            tokens = self._overflowing_tokens
            if not tokens:
                return
            if self.request.keeps_all_messages:
                raise PromptTooLongError(tokens, self._prompt_budget)
            cut = dropped_to_fit(messages, self.dropped_messages, tokens=tokens, budget=self._prompt_budget)
            if cut == self.dropped_messages:
                messages = shortened(kept, 0.9 * self._prompt_budget / tokens)
            self.dropped_messages = cut
        raise EngineError("the prompt does not fit the language model; give it a larger context or a shorter prompt")

    def _warm(self, server: ChatServer, snapshots: PromptSnapshots) -> None:
        """Give the slot what is already known of this prompt, and keep what another conversation leaves behind."""
        slot = self.placement.slot
        if self.placement.evicted is not None:
            snapshots.save(parked_key(self.placement.evicted), slot)
        if self.placement.known == "conversation":
            return
        parked = parked_key(self.request.affinity)
        if snapshots.restore(parked, slot):
            snapshots.forget(parked)
            return
        opening = self.request.messages[: opening_length(self.request.messages)]
        written = written_messages(opening, self.request.tools)
        if (
            self.placement.known == "opening"
            or sum(len(line["content"]) for line in written) < SHARED_OPENING_CHARACTERS
        ):
            return
        key = opening_key(self.request)
        if key in snapshots:
            snapshots.restore(key, slot)
        elif self._evaluated(server, written):
            snapshots.save(key, slot)

    def _evaluated(self, server: ChatServer, opening: list[dict[str, str]]) -> bool:
        """Evaluate the opening alone; False when that could not be done, which only costs time."""
        failed = False

        def hear(chunk: Chunk) -> bool:
            nonlocal failed
            failed = failed or chunk.error is not None
            return self._given_up.is_set()

        # Some chat templates want a caller's message; then the opening is evaluated with the first one.
        with contextlib.suppress(EngineError):
            server.chat({**self._frame(opening), "max_tokens": 0}, hear)
            return not failed and not self._given_up.is_set()
        return False

    def _body(self, messages: Sequence[ChatMessage]) -> dict[str, Any]:
        body = {
            **self._frame(written_messages(messages, self.request.tools)),
            "max_tokens": self._output_tokens,
            "temperature": self.request.temperature,
            "stream_options": {"include_usage": True},
        }
        return body | output_constraint(self.request) if self._output_tokens else body

    def _frame(self, written: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "messages": written,
            "id_slot": self.placement.slot,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,
        }

    def _hear(self, chunk: Chunk) -> bool:
        if chunk.error is not None:
            self._overflowing_tokens = chunk.error.n_prompt_tokens
            return True
        if chunk.prompt_progress is not None and chunk.prompt_progress.total > self._prompt_budget:
            self._overflowing_tokens = chunk.prompt_progress.total
            return True
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices:
            if choice.delta.content:
                self._tell(choice.delta.content)
            self.finish_reason = choice.finish_reason or self.finish_reason
        return self._given_up.is_set()

    def _tell(self, piece: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:
            # The loop is closed: nobody listens any more.
            self._given_up.set()
