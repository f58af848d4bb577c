"""Which items a session's truncation policy leaves out of a prompt. Pure.

The policy lives here because it is the session's; a model that can read less than the policy keeps fits the prompt
once more on its own side (`engines/llm/prompt_fitting.py`), as only the engine knows its context and its tokens. The
tokens here are estimated. Whoever drops one message a turn empties the model's prompt cache every turn, so when a
prompt is too long it is cut well below the limit, and the cut stays where it is until the limit is met again.
"""

from __future__ import annotations

from collections.abc import Sequence

from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.settings import Truncation, TruncationKind

CHARACTERS_PER_TOKEN = 4
"""About what English text costs."""

TOKENS_PER_MESSAGE = 4
"""The marks around a message."""


def estimated_tokens(message: PromptMessage) -> int:
    characters = len(message.text) + sum(len(call.name) + len(call.arguments) for call in message.calls)
    return TOKENS_PER_MESSAGE + characters // CHARACTERS_PER_TOKEN


def truncated(prompt: Sequence[PromptMessage], truncation: Truncation) -> tuple[PromptMessage, ...]:
    """The prompt without its oldest messages, if it outgrew the policy's limit.

    The system messages at its beginning are the instructions: they stay, as does the newest message. The first kept
    message is never a tool's answer, whose call would be missing. The cut follows from the messages alone: the same
    messages with more behind them are cut at the same place, or further on.
    """
    limit = truncation.post_instructions_tokens
    if truncation.kind is not TruncationKind.RETENTION_RATIO or limit is None:
        return tuple(prompt)
    opening = next((index for index, message in enumerate(prompt) if message.role != "system"), len(prompt))
    first, tokens = opening, 0
    for index in range(opening, len(prompt)):
        tokens += estimated_tokens(prompt[index])
        if tokens <= limit:
            continue
        while first < index and (tokens > limit * truncation.retention_ratio or prompt[first].role == "tool"):
            tokens -= estimated_tokens(prompt[first])
            first += 1
    return (*prompt[:opening], *prompt[first:])
