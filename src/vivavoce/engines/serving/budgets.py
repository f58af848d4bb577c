"""What one session may ask of the shared language model, so that none can use it up for the others.

`BudgetedLanguageModel` stands before the model that all calls share; the composition root makes it, and it ends with
the model. The bounds are far beyond what a person can cause by talking: a voice speaks some 240 tokens a minute.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from vivavoce.engines.ports import (
    AffinityKey,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    LanguageModel,
)
from vivavoce.engines.serving.worker import EngineBusyError

WINDOW_SECONDS = 60.0
REPLIES_AT_ONCE = 16
"""Of one session: what the model writes and what waits for it."""

SESSIONS_MAXIMUM = 10_000
"""Sessions remembered; beyond that the one quiet longest starts afresh."""


class BudgetSpentError(EngineBusyError):
    """The session has asked for more than its share."""


@dataclass(slots=True)
class _Account:
    """What one session has had of late: (when, tokens) of each reply, and how many replies are under way."""

    spent: deque[tuple[float, int]] = field(default_factory=deque)
    running: int = 0

    def tokens(self, now: float) -> int:
        while self.spent and self.spent[0][0] <= now - WINDOW_SECONDS:
            self.spent.popleft()
        return sum(tokens for _, tokens in self.spent)


class BudgetedLanguageModel:
    """`LanguageModel` that lets each session have `tokens_per_minute` of output (0: any number).

    A reply that has begun is never cut: the next one is refused with `BudgetSpentError`. Sessions are told apart by
    what stands before the first blank of a request's affinity.
    """

    def __init__(self, model: LanguageModel, *, tokens_per_minute: int) -> None:
        self._model = model
        self._tokens_per_minute = tokens_per_minute
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        clock = asyncio.get_running_loop()
        account = self._account(request.affinity)
        self._check(account, clock.time())
        account.running += 1
        tokens = 0
        try:
            async with aclosing(self._model.generate(request)) as parts:
                async for part in parts:
                    tokens = part.usage.output_tokens if isinstance(part, GenerationEnded) else tokens + 1
                    yield part
        finally:
            account.running -= 1
            if tokens:
                account.spent.append((clock.time(), tokens))

    async def prefill(self, request: GenerationRequest) -> None:
        await self._model.prefill(request)

    def release(self, affinity: AffinityKey) -> None:
        self._model.release(affinity)

    async def close(self) -> None:
        await self._model.close()

    def _check(self, account: _Account, now: float) -> None:
        if account.running >= REPLIES_AT_ONCE:
            raise BudgetSpentError(f"{REPLIES_AT_ONCE} replies of this session are under way; wait until one has ended")
        if 0 < self._tokens_per_minute <= account.tokens(now):
            raise BudgetSpentError(
                f"this session has had its {self._tokens_per_minute} tokens of the last minute; ask again in a moment"
            )

    def _account(self, affinity: AffinityKey) -> _Account:
        session = affinity.partition(" ")[0]
        account = self._accounts.setdefault(session, _Account())
        self._accounts.move_to_end(session)
        if len(self._accounts) > SESSIONS_MAXIMUM:
            self._accounts.popitem(last=False)
        return account
