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
from dataclasses import dataclass, field
from typing import Any, Protocol

from vivavoce.engines.llm.llama_server import Chunk, ChunkUsage, PromptProgress
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


@dataclass(frozen=True, slots=True)
class Written:
    """What earlier runs wrote of a reply that was paused."""

    text: str = ""
    tokens: int = 0


NOTHING = Written()


@dataclass(slots=True)
class Told:
    """What the engine has told of one run. `usage` stays empty if the run was stopped before its end."""

    finish_reason: str = ""
    usage: ChunkUsage = field(default_factory=ChunkUsage)
    prompt: PromptProgress = field(default_factory=PromptProgress)
    pieces: int = 0


class LlamaRun:
    """A reply to be written (`output_tokens` > 0) behind what was `written` of it so far; or a prompt being warmed (0).

    `on_piece` is called on the event loop after each piece was put.
    """

    def __init__(
        self,
        request: GenerationRequest,
        placement: Placement,
        *,
        output_tokens: int,
        context_tokens: int,
        dropped_messages: int,
        written: Written = NOTHING,
        on_piece: Callable[[], None] = lambda: None,
    ) -> None:
        self.request = request
        self.placement = placement
        self.ended = asyncio.Event()
        self.interrupted = False
        self.failure: EngineError | None = None
        self.told = Told()
        self.dropped_messages = 0 if request.keeps_all_messages else dropped_messages
        # The engine tells at most one piece a token, so putting without waiting never fails.
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue(maxsize=2 * output_tokens + 16)
        self._output_tokens = output_tokens
        self._written = written
        self._on_piece = on_piece
        # Room for the reply stays, but never more than half of the context.
        self._prompt_budget = context_tokens - min(output_tokens, context_tokens // 2) + written.tokens
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
        lines = written_messages(messages, self.request.tools)
        if self._written.text:
            lines = _continued(lines, self._written.text)
        body = {
            **self._frame(lines),
            "max_tokens": self._output_tokens,
            "temperature": self.request.temperature,
            "stream_options": {"include_usage": True},
        }
        # What is gone on with is speech: its form was decided by its first character.
        constrained = self._output_tokens > 0 and not self._written.text
        return body | output_constraint(self.request) if constrained else body

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
        if (progress := chunk.prompt_progress) is not None:
            self.told.prompt = progress
            if progress.total > self._prompt_budget:
                self._overflowing_tokens = progress.total
                return True
        if chunk.usage is not None:
            self.told.usage = chunk.usage
        for choice in chunk.choices:
            if choice.delta.content:
                self._tell(choice.delta.content)
            self.told.finish_reason = choice.finish_reason or self.told.finish_reason
        return self._given_up.is_set()

    def _tell(self, piece: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrive, piece)
        except RuntimeError:
            # The loop is closed: nobody listens any more.
            self._given_up.set()

    def _arrive(self, piece: str) -> None:
        self.told.pieces += 1
        self.pieces.put_nowait(piece)
        self._on_piece()


def _continued(lines: list[dict[str, str]], text: str) -> list[dict[str, str]]:
    """The prompt with the beginning of its answer, behind which the engine goes on; it takes one such message."""
    if lines and lines[-1]["role"] == "assistant":
        return [*lines[:-1], {"role": "assistant", "content": lines[-1]["content"] + text}]
    return [*lines, {"role": "assistant", "content": text}]
