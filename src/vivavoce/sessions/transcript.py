"""What was said in a call, message by message, made of what its client is told. Pure.

Owned by whoever keeps transcripts; lives as long as one call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind

INTERRUPTIONS = frozenset({EndReason.TURN_DETECTED, EndReason.CLIENT_CANCELLED})
"""A reply that failed broke off too, but nobody interrupted it."""

TranscriptRole = Literal["user", "assistant", "system", "tool"]
AskedBy = Literal["agent", "client", "server"]


@dataclass(frozen=True, slots=True)
class TranscriptToolCall:
    """A call of a tool; of an output, the call that it answers ('' for what is not known of it).

    `label`: its MCP server's. `failure` and `duration_ms` are known of the output of a call that the server ran, None
    for all else. `asked_by`: the agent, the server in its place, or the client that put the call into the conversation.
    """

    call_id: CallId
    name: str
    arguments: str
    kind: ToolKind = ToolKind.FUNCTION
    label: str = ""
    failure: ToolFailure | None = None
    duration_ms: int | None = None
    asked_by: AskedBy = "agent"


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One message. `content` is what was said; of the agent's words, what was heard.

    `generated_text`: what was written of it, where not all of that was heard; None where it was.
    `audio_…_ms`: where a spoken turn lies in the caller's audio; None for all else and for turns marked by the client.
    `tool_call`: an assistant's call has no content; a tool's content is the output.
    """

    item_id: ItemId
    role: TranscriptRole
    content: str
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None
    interrupted: bool = False
    tool_call: TranscriptToolCall | None = None
    generated_text: str | None = None


class TranscriptBuilder:
    """Give it every notice of a call, in order."""

    def __init__(self) -> None:
        self._turns: dict[ItemId, tuple[int | None, int | None]] = {}
        self._spoken: set[ItemId] = set()
        self._closed: dict[ReplyId, tuple[Message, str]] = {}
        self._replies: dict[ItemId, TranscriptEntry] = {}
        self._generated: dict[ItemId, str] = {}
        self._calls: dict[CallId, TranscriptToolCall] = {}

    def note(self, notice: Notice) -> TranscriptEntry | None:
        """The message that this notice settles, or corrects: then the entry comes again with the same `item_id`.

        A correction can leave nothing of a message: its content is then ''. What a client deletes was said all the
        same.
        """
        match notice:
            case notices.CallerSpeechStarted(item_id=item_id, audio_start_ms=start_ms):
                self._turns[item_id] = start_ms, None
            case notices.CallerSpeechStopped(item_id=item_id, audio_end_ms=end_ms):
                self._turns[item_id] = self._turns.get(item_id, (None, None))[0], end_ms
            case notices.AudioCommitted(item_id=item_id):
                self._spoken.add(item_id)
            case notices.AudioCleared():
                self._turns = {item_id: ms for item_id, ms in self._turns.items() if item_id in self._spoken}
            case notices.TranscriptCompleted(item_id=item_id, text=text) if item_id in self._spoken:
                return self._said_by_caller(item_id, text)
            case notices.ItemDone(item=item) if item.item_id not in self._spoken:
                return self._typed(item)
            case notices.ReplyCalledFunction(item=item, in_conversation=True):
                return self._called(item, "agent")
            case notices.ReplyCalledTool(item=item, in_conversation=True):
                return self._hosted_called(item)
            case notices.ToolCallEnded(item=item, duration_ms=duration_ms, in_conversation=True):
                return self._hosted_ended(item, duration_ms)
            case notices.ReplyMessageDone(reply_id=reply_id, item=item, in_conversation=True, generated_text=generated):
                self._closed[reply_id] = item, generated
            case notices.ReplyDone(reply=reply):
                return self._replied(reply)
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                return self._truncated(item_id, kept)
            case _:
                pass
        return None

    def _said_by_caller(self, item_id: ItemId, text: str) -> TranscriptEntry | None:
        start_ms, end_ms = self._turns.pop(item_id, (None, None))
        return TranscriptEntry(item_id, "user", text, start_ms, end_ms) if text else None

    def _typed(self, item: Item) -> TranscriptEntry | None:
        match item:
            case Message(item_id=item_id, role=role):
                return TranscriptEntry(item_id, role.value, item.text) if item.text else None
            case FunctionCall():
                return self._called(item, "client")
            case FunctionCallOutput(item_id=item_id, call_id=call_id, output=output):
                call = self._calls.get(call_id, TranscriptToolCall(call_id, "", ""))
                return TranscriptEntry(item_id, "tool", output, tool_call=call)
            case ServerCall():
                return None  # the agent's replies alone make them

    def _called(self, item: FunctionCall, asked_by: AskedBy) -> TranscriptEntry:
        call = TranscriptToolCall(item.call_id, item.name, item.arguments, asked_by=asked_by)
        self._calls[item.call_id] = call
        return TranscriptEntry(item.item_id, "assistant", "", tool_call=call)

    def _hosted_called(self, item: ServerCall) -> TranscriptEntry:
        call = TranscriptToolCall(item.call_id, item.name, item.arguments, item.kind, item.label, asked_by=_asker(item))
        return TranscriptEntry(item.item_id, "assistant", "", tool_call=call)

    def _hosted_ended(self, item: ServerCall, duration_ms: int) -> TranscriptEntry:
        call = TranscriptToolCall(
            item.call_id, item.name, item.arguments, item.kind, item.label, item.failure, duration_ms, _asker(item)
        )
        return TranscriptEntry(ItemId(f"{item.item_id}_output"), "tool", item.output or "", tool_call=call)

    def _replied(self, reply: ReplySnapshot) -> TranscriptEntry | None:
        if reply.reply_id not in self._closed:
            return None
        message, generated = self._closed.pop(reply.reply_id)
        self._generated[message.item_id] = generated
        entry = TranscriptEntry(
            message.item_id,
            "assistant",
            message.text,
            interrupted=reply.ended in INTERRUPTIONS,
            generated_text=_beyond(message.text, generated),
        )
        self._replies[entry.item_id] = entry
        return entry if entry.content else None

    def _truncated(self, item_id: ItemId, kept: str) -> TranscriptEntry | None:
        settled = self._replies.get(item_id)
        if settled is None or settled.content == kept:
            return None
        beyond = _beyond(kept, self._generated[item_id])
        corrected = self._replies[item_id] = replace(settled, content=kept, interrupted=True, generated_text=beyond)
        return corrected


def _beyond(heard: str, generated: str) -> str | None:
    """What was generated, unless it was heard: pieces are joined by spaces of their own, so these do not count."""
    return None if "".join(heard.split()) == "".join(generated.split()) else generated


def _asker(item: ServerCall) -> AskedBy:
    return "server" if item.by_server else "agent"
