"""What a call's arguments may be taken from: who looks whether they were made up is given this. Pure.

The caller's words count, what tools brought, what the agent was instructed; and what the agent has proposed itself, if
the caller's next words are a plain yes: "shall I book 3 pm?", "yes".
"""

from __future__ import annotations

from collections.abc import Iterator

from vivavoce.conversation.call import Call
from vivavoce.conversation.items import FunctionCallOutput, Message, Role, ServerCall
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.tool_approvals import agrees

SAID_CHARACTERS = 32_000
"""So much of what was said is given to a call, the latest, beside the instructions."""


def said_before(call: Call, options: ReplyOptions) -> tuple[str, ...]:
    """The instructions of such a reply, then what was said: the latest of it, in its order."""
    instructions = options.instructions if options.instructions is not None else call.settings.instructions
    kept: list[str] = []
    room = SAID_CHARACTERS
    for text in reversed(list(_said(call, options))):
        room -= len(text)
        if room >= 0:
            kept.append(text)
    return tuple(text for text in (instructions[:SAID_CHARACTERS], *reversed(kept)) if text)


def _said(call: Call, options: ReplyOptions) -> Iterator[str]:
    proposed = ""
    for item in (*call.history.past, *call.history.items, *(options.input or ())):
        match item:
            case Message(role=Role.ASSISTANT, text=text):
                proposed = text or proposed
            case Message(role=Role.USER, text=text) if text:
                if agrees(text, call.settings.language):
                    yield proposed
                yield text
                proposed = ""
            case Message(role=Role.SYSTEM, text=text):
                yield text
            case FunctionCallOutput(output=text):
                yield text
            case ServerCall(output=str(text), failure=None):
                yield text
            case _:
                pass
