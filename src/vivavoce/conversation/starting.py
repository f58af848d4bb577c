"""How a reply comes to be: what its options and the session's settings together ask for. Owned by nobody: pure."""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.history import History, PromptMessage
from vivavoce.conversation.orders import StartReply
from vivavoce.conversation.replies import Reply, ReplyOptions
from vivavoce.conversation.settings import TruncationKind


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
    parallel = options.parallel_tool_calls
    return StartReply(
        reply.reply_id,
        prompt,
        reply.modality,
        reply.voice,
        settings.speed,
        options.tools if options.tools is not None else settings.tools,
        options.tool_choice or settings.tool_choice,
        reply.maximum_output_tokens,
        reply.script,
        options.temperature if options.temperature is not None else settings.temperature,
        settings.pronunciations,
        beside=not options.in_conversation,
        parallel_tool_calls=settings.parallel_tool_calls if parallel is None else parallel,
        keeps_all_messages=settings.truncation.kind is TruncationKind.DISABLED,
    )
