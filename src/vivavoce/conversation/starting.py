"""How a reply comes to be: what its options and the session's settings together ask for. Owned by nobody: pure."""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.history import History, PromptMessage
from vivavoce.conversation.orders import StartReply
from vivavoce.conversation.replies import Reply, ReplyOptions
from vivavoce.conversation.settings import Tool, TruncationKind


def reply_for(call: Call, options: ReplyOptions, items: History) -> Reply:
    """A reply that is queued; its items will go to `items`."""
    settings = call.settings
    return Reply(
        call.ids.next_reply(),
        options,
        options.modality or settings.modality,
        options.voice or settings.voice,
        options.maximum_output_tokens or settings.maximum_output_tokens,
        items,
    )


def start_order(call: Call, reply: Reply, prompt: tuple[PromptMessage, ...]) -> StartReply:
    """The order that starts it, with the settings as they are now."""
    settings, options = call.settings, reply.options
    tools = offered(call, options)
    parallel = options.parallel_tool_calls
    return StartReply(
        reply.reply_id,
        prompt,
        reply.modality,
        reply.voice,
        settings.speed,
        tools,
        _choice(options.tool_choice or settings.tool_choice, tools),
        reply.maximum_output_tokens,
        reply.script,
        options.temperature if options.temperature is not None else settings.temperature,
        settings.pronunciations,
        beside=not options.in_conversation,
        parallel_tool_calls=settings.parallel_tool_calls if parallel is None else parallel,
        keeps_all_messages=settings.truncation.kind is TruncationKind.DISABLED,
    )


def awaits_tools(call: Call, reply: Reply) -> bool:
    """Whether the model is to be asked with tools that are still being opened."""
    return reply.script is None and reply.options.tools is None and call.sources.opening


def offered(call: Call, options: ReplyOptions) -> tuple[Tool, ...]:
    """What the model may call in such a reply."""
    return options.tools if options.tools is not None else call.tools


def _choice(wanted: str, tools: tuple[Tool, ...]) -> str:
    """A tool that is not there cannot be chosen: its source may not have opened."""
    return wanted if wanted in CHOICES or any(tool.name == wanted for tool in tools) else "auto"


CHOICES = ("auto", "none", "required")
"""Everything else that a choice can be is the name of a tool."""
