"""Makes a conversation fit the context of a local model: the oldest turns go first. Pure functions.

Whoever drops one message a turn changes the prompt's beginning every turn and so empties the prompt cache every turn.
So when a prompt is too long, it is cut well below the limit, and the cut stays where it is until the limit is met
again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from vivavoce.engines.ports import ChatMessage, EngineError

KEPT_SHARE = 0.6
"""How much of the budget is filled after a cut: a few more turns fit before the next."""

MESSAGE_OVERHEAD_CHARACTERS = 16
"""What the marks around a message cost, as characters."""


class PromptTooLongError(EngineError):
    """A prompt does not fit, and nothing of it may be left out."""

    def __init__(self, tokens: int, budget: int) -> None:
        super().__init__(
            f"the conversation has {tokens} tokens and the language model can read {budget}; truncation is 'disabled', "
            "so nothing was left out: delete items, allow truncation, or give the model a larger context"
        )


def opening_length(messages: Sequence[ChatMessage]) -> int:
    """How many system messages begin the prompt; they are never dropped."""
    return next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))


def without_oldest(messages: Sequence[ChatMessage], dropped: int) -> list[ChatMessage]:
    """The prompt without the first `dropped` messages after its opening. The newest message always stays."""
    start = opening_length(messages)
    first = min(start + dropped, max(start, len(messages) - 1))
    return [*messages[:start], *messages[first:]]


def dropped_to_fit(messages: Sequence[ChatMessage], dropped: int, *, tokens: int, budget: int) -> int:
    """How many messages to drop, now that `without_oldest(messages, dropped)` measured `tokens` against `budget`.

    The answer is `dropped` when nothing is left to drop. The next kept message is a caller's where there is one, so
    that no tool's answer stands without its call.
    """
    start = opening_length(messages)
    kept = without_oldest(messages, dropped)
    tokens_per_character = tokens / max(1, sum(map(_characters, kept)))
    surplus = tokens - budget * KEPT_SHARE
    last = max(dropped, len(messages) - start - 1)
    wanted = dropped
    while wanted < last and (surplus > 0 or messages[start + wanted].role != "user"):
        surplus -= _characters(messages[start + wanted]) * tokens_per_character
        wanted += 1
    return wanted


def shortened(messages: Sequence[ChatMessage], share: float) -> list[ChatMessage]:
    """The prompt with its longest message cut to `share` of all characters less the rest: head and tail stay."""
    longest = max(range(len(messages)), key=lambda index: len(messages[index].text))
    text = messages[longest].text
    total = sum(map(_characters, messages))
    keep = max(32, len(text) - round(total * (1 - share)))
    head = keep * 2 // 3
    cut = dataclasses.replace(messages[longest], text=f"{text[:head]} … {text[len(text) - (keep - head) :]}")
    return [*messages[:longest], cut, *messages[longest + 1 :]]


def _characters(message: ChatMessage) -> int:
    arguments = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return len(message.text) + arguments + MESSAGE_OVERHEAD_CHARACTERS
