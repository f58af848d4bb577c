"""The scripted language model: says what its script says, one word a token.

Owned by the composition root or the test that made it; holds nothing that must be given back.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Literal

from vivavoce.engines.ports import (
    AffinityKey,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)

Reply = str | ToolCall | Sequence[str | ToolCall]
"""What one generation says: words, a call, or several of both in order."""

REMEMBERED_REQUESTS = 1000
"""How many of the newest requests are kept for inspection."""

_TOKEN = re.compile(r"\S+\s*|\s+")


class ScriptedLanguageModel:
    """Answers from a script instead of weights.

    `replies` is one of
    - a sequence: the n-th generation says `replies[n % len(replies)]`;
    - a table of regular expressions: the first that is found in the caller's last words (ignoring case) decides;
    - a function of the request;
    - None: the caller's last words are said back.

    A token is a word with the space behind it. `tool_choice='none'` leaves calls out, as a real model would.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Mapping[str, Reply] | Callable[[GenerationRequest], Reply] | None = None,
        *,
        first_token_delay_seconds: float = 0.0,
        token_delay_seconds: float = 0.0,
        prefill_delay_seconds: float = 0.0,
    ) -> None:
        self._decide = _decider(replies)
        self._first_token_delay_seconds = first_token_delay_seconds
        self._token_delay_seconds = token_delay_seconds
        self._prefill_delay_seconds = prefill_delay_seconds
        self._requests: deque[GenerationRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self._prefills: deque[GenerationRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self._released: deque[AffinityKey] = deque(maxlen=REMEMBERED_REQUESTS)
        self._prompts: dict[AffinityKey, list[str]] = {}
        self.active = 0
        self.closed = False

    @property
    def requests(self) -> list[GenerationRequest]:
        """What was asked of `generate`, oldest first, as it was when asked."""
        return list(self._requests)

    @property
    def prefills(self) -> list[GenerationRequest]:
        """What was asked of `prefill`, oldest first."""
        return list(self._prefills)

    @property
    def released(self) -> list[AffinityKey]:
        """The conversations that were released, oldest first."""
        return list(self._released)

    @property
    def warm(self) -> frozenset[AffinityKey]:
        """The conversations whose prompt is remembered."""
        return frozenset(self._prompts)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        request = dataclasses.replace(request, messages=tuple(request.messages))
        self._requests.append(request)
        script = self._decide(request)
        parts = [script] if isinstance(script, str | ToolCall) else list(script)
        if request.tool_choice == "none":
            parts = [part for part in parts if isinstance(part, str)]
        if not request.parallel_tool_calls:
            first = next((part for part in parts if isinstance(part, ToolCall)), None)
            parts = [part for part in parts if isinstance(part, str) or part is first]
        self.active += 1
        try:
            cached = self._remember(request)
            reason: Literal["stop", "length", "tool_calls"] = "stop"
            output_tokens = 0
            for token in _tokens(parts):
                if request.maximum_output_tokens is not None and output_tokens >= request.maximum_output_tokens:
                    reason = "length"
                    break
                await asyncio.sleep(self._token_delay_seconds if output_tokens else self._first_token_delay_seconds)
                output_tokens += 1
                if isinstance(token, ToolCall):
                    reason = "tool_calls"
                    yield ToolCallGenerated(token)
                else:
                    yield TextGenerated(token)
            input_tokens = len(_prompt_tokens(request))
            yield GenerationEnded(reason, GenerationUsage(input_tokens, cached, output_tokens))
        finally:
            self.active -= 1

    async def prefill(self, request: GenerationRequest) -> None:
        self._prefills.append(dataclasses.replace(request, messages=tuple(request.messages)))
        self.active += 1
        try:
            await asyncio.sleep(self._prefill_delay_seconds)
            self._remember(request)
        finally:
            self.active -= 1

    def release(self, affinity: AffinityKey) -> None:
        self._released.append(affinity)
        self._prompts.pop(affinity, None)

    async def close(self) -> None:
        self.closed = True
        self._prompts.clear()

    def _remember(self, request: GenerationRequest) -> int:
        """Keep the prompt of this conversation; how many of its tokens were known before."""
        prompt = _prompt_tokens(request)
        known = self._prompts.get(request.affinity, [])
        self._prompts[request.affinity] = prompt
        common = 0
        for old, new in zip(known, prompt, strict=False):
            if old != new:
                break
            common += 1
        return common


def _decider(
    replies: Sequence[Reply] | Mapping[str, Reply] | Callable[[GenerationRequest], Reply] | None,
) -> Callable[[GenerationRequest], Reply]:
    if replies is None:
        return _say_back
    if callable(replies):
        return replies
    if isinstance(replies, Mapping):
        return _pattern_decider(replies)
    if not replies:
        raise ValueError("a script needs at least one reply")
    script = [replies] if isinstance(replies, str) else list(replies)
    turn = iter(range(2**62))
    return lambda _: script[next(turn) % len(script)]


def _pattern_decider(table: Mapping[str, Reply]) -> Callable[[GenerationRequest], Reply]:
    patterns = [(re.compile(pattern, re.IGNORECASE), reply) for pattern, reply in table.items()]

    def decide(request: GenerationRequest) -> Reply:
        said = _last_words(request)
        for pattern, reply in patterns:
            if pattern.search(said):
                return reply
        return _say_back(request)

    return decide


def _say_back(request: GenerationRequest) -> Reply:
    if request.tools and request.tool_choice not in {"auto", "none"}:
        name = request.tools[0].name if request.tool_choice == "required" else request.tool_choice
        return ToolCall(call_id=f"call_{len(request.messages)}", name=name, arguments="{}")
    said = _last_words(request)
    return f"You said: {said}" if said else "Hello! How can I help you today?"


def _last_words(request: GenerationRequest) -> str:
    return next((message.text for message in reversed(request.messages) if message.role == "user"), "")


def _tokens(parts: Sequence[str | ToolCall]) -> list[str | ToolCall]:
    tokens: list[str | ToolCall] = []
    for part in parts:
        if isinstance(part, str):
            tokens.extend(_TOKEN.findall(part))
        else:
            tokens.append(part)
    return tokens


def _prompt_tokens(request: GenerationRequest) -> list[str]:
    return [token for message in request.messages for token in (f"<{message.role}>", *message.text.split())]
