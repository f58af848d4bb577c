"""One reply of the local engine, written in as many runs as it was stopped for others and gone on with.

Stopping costs nothing: the slot's cache holds what was written, and the engine goes on behind it as an answer that has
begun. Owned by the adapter's `generate`; dies with the reply.
"""

from __future__ import annotations

from collections.abc import Iterator

from vivavoce.engines.llm.llama_run import NOTHING, LlamaRun, Written
from vivavoce.engines.llm.tool_prompting import ReplyReader
from vivavoce.engines.ports import (
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)

SECONDS_A_TOKEN = 0.1
"""How fast a reply is wanted whose caller does not say."""


class ReplyInRuns:
    """At most `limit` tokens (1 or more) are written. `run`, set by the adapter, writes it now or wrote its end."""

    def __init__(self, request: GenerationRequest, limit: int, asked_at: float) -> None:
        self.request = request
        self.due_at = asked_at if request.due_at is None else request.due_at
        self.written = NOTHING
        self.run: LlamaRun | None = None
        self.has_begun = False
        self._limit = limit
        self._stopped = False
        self._reader = ReplyReader(request)
        self._text: list[str] = []
        self._usage: GenerationUsage | None = None

    @property
    def tokens_left(self) -> int:
        return self._limit - self.written.tokens

    def wanted_at(self) -> float:
        """Loop seconds by which its next words are wanted."""
        if self.request.wanted_at is not None:
            return self.request.wanted_at()
        return self.due_at + SECONDS_A_TOKEN * len(self._text)

    def pause(self) -> bool:
        """Stop writing for now. False for what cannot be gone on with: a form that a grammar holds it to."""
        if self.run is None or not self._can_be_paused:
            return False
        self._stopped = True
        self.run.give_up()
        return True

    def read(self, piece: str) -> str:
        """The words in this piece that can be said now."""
        self._text.append(piece)
        return self._reader.feed(piece)

    def goes_on(self) -> bool:
        """Whether the run that has ended was only paused. Raises the `EngineError` that ended it."""
        run = self.run
        assert run is not None, "a reply is written in at least one run"
        if run.failure is not None:
            raise run.failure
        self._count(run)
        self.has_begun = True
        stopped, self._stopped = self._stopped, False
        if not stopped or run.told.finish_reason or self.tokens_left <= 0:
            return False
        if not self._reader.is_speaking:
            # Nothing of it was told yet, so it begins again, held to its form from the first character on.
            self._reader, self.written = ReplyReader(self.request), NOTHING
            self._text.clear()
        self.run = None
        return True

    def rest(self) -> Iterator[GenerationPart]:
        """What was held back, and the end."""
        assert self.run is not None, "the last run has ended"
        assert self._usage is not None, "it was counted"
        held = self._reader.finish()
        reason = self.run.told.finish_reason
        cut = reason == "length" or (self.tokens_left <= 0 and not reason)
        if isinstance(held, ToolCall):
            yield ToolCallGenerated(held)
            yield GenerationEnded("tool_calls", self._usage)
            return
        if held and (not cut or self.request.json_schema is not None):
            yield TextGenerated(held)
        yield GenerationEnded("length" if cut else "stop", self._usage)

    def give_up(self) -> None:
        if self.run is not None:
            self.run.give_up()

    @property
    def _can_be_paused(self) -> bool:
        if self.request.json_schema is not None:
            return False
        return self._reader.is_speaking or not self._text

    def _count(self, run: LlamaRun) -> None:
        """The engine counts a run only when it ends by itself; else each piece is taken for a token."""
        usage, progress = run.told.usage, run.told.prompt
        tokens = self.written.tokens + (usage.completion_tokens or run.told.pieces)
        self.written = Written("".join(self._text), tokens)
        if self._usage is None:
            prompt, cached = usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens
            self._usage = GenerationUsage(prompt or progress.total, cached if prompt else progress.cache, tokens)
        self._usage = GenerationUsage(self._usage.input_tokens, self._usage.cached_input_tokens, tokens)
