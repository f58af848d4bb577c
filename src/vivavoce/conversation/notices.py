"""Notices: what the client is told, in the conversation's words. A dialect turns each into its own wire events."""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.conversation.identifiers import EventId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, Item, Message, Part, ServerCall
from vivavoce.conversation.replies import ReplySnapshot
from vivavoce.conversation.settings import Settings, Tool
from vivavoce.conversation.tool_policy import Approval


@dataclass(frozen=True, slots=True)
class SessionOpened:
    settings: Settings


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    settings: Settings


@dataclass(frozen=True, slots=True)
class CallerSpeechStarted:
    item_id: ItemId
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class CallerSpeechStopped:
    item_id: ItemId
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class AudioCommitted:
    item_id: ItemId
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class AudioCleared:
    pass


@dataclass(frozen=True, slots=True)
class IdleTimeoutTriggered:
    """The caller has said nothing for `idle_timeout_ms`; that silence is committed as an item, and the agent speaks."""

    item_id: ItemId
    previous_item_id: ItemId | None
    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item of the caller's side is in the conversation."""

    item: Item
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class ItemDone:
    """An item of the caller's side is complete."""

    item: Item
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    item_id: ItemId


@dataclass(frozen=True, slots=True)
class ItemRetrieved:
    """`audio`: what the caller said, in the call's input format. The conversation knows no sound: the shell adds it."""

    item: Item
    audio: bytes | None = None


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    """`kept_text` is what the caller has heard."""

    item_id: ItemId
    content_index: int
    audio_end_ms: int
    kept_text: str


@dataclass(frozen=True, slots=True)
class TranscriptGrew:
    """More of what the caller said; pieces join without separators."""

    item_id: ItemId
    delta: str


@dataclass(frozen=True, slots=True)
class TranscriptCompleted:
    item_id: ItemId
    text: str
    audio_seconds: float
    content_index: int = 0


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    item_id: ItemId
    message: str
    content_index: int = 0


@dataclass(frozen=True, slots=True)
class ReplyCreated:
    reply: ReplySnapshot


@dataclass(frozen=True, slots=True)
class ReplyMessageAdded:
    """The reply's message has begun: its item (empty, in progress) and its one content part."""

    reply_id: ReplyId
    output_index: int
    item: Message
    part: Part
    previous_item_id: ItemId | None
    in_conversation: bool = True


@dataclass(frozen=True, slots=True)
class ReplyTextGrew:
    """More words of the reply's message: its text, or the transcript of its audio."""

    reply_id: ReplyId
    item_id: ItemId
    output_index: int
    part: Part
    delta: str


@dataclass(frozen=True, slots=True)
class ReplyMessageDone:
    """The reply's message is complete (or cut short: see its status).

    `item` holds what was heard, and so does the conversation. `generated_text` is all that was written until then, for
    whoever keeps transcripts: it says again what the facts said and decides nothing, so it is not compared.
    """

    reply_id: ReplyId
    output_index: int
    item: Message
    previous_item_id: ItemId | None
    in_conversation: bool = True
    generated_text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ReplyCalledFunction:
    """The reply calls a function; the client runs it."""

    reply_id: ReplyId
    output_index: int
    item: FunctionCall
    previous_item_id: ItemId | None
    in_conversation: bool = True


@dataclass(frozen=True, slots=True)
class ToolsListing:
    """An MCP server is being asked what it offers; the list will be item `item_id`."""

    item_id: ItemId
    label: str
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class ToolsListed:
    """What an MCP server offers, as far as the session allows it."""

    item_id: ItemId
    label: str
    tools: tuple[Tool, ...]
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class ToolsListFailed:
    item_id: ItemId
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class ReplyCalledTool:
    """The reply calls a tool that the server runs. `waits_for`: who has to agree before it does."""

    reply_id: ReplyId
    output_index: int
    item: ServerCall
    previous_item_id: ItemId | None
    waits_for: Approval = Approval.NOBODY
    in_conversation: bool = True


@dataclass(frozen=True, slots=True)
class ToolCallEnded:
    """What came of a call that the server ran, `duration_ms` after it was made."""

    reply_id: ReplyId
    output_index: int
    item: ServerCall
    previous_item_id: ItemId | None
    duration_ms: int
    in_conversation: bool = True


@dataclass(frozen=True, slots=True)
class ToolApprovalSettled:
    """The client's `mcp_approval_response` is an item of the conversation."""

    item_id: ItemId
    approval_item_id: ItemId
    approve: bool
    reason: str | None
    previous_item_id: ItemId | None


@dataclass(frozen=True, slots=True)
class ReplyDone:
    reply: ReplySnapshot


@dataclass(frozen=True, slots=True)
class TurnTimed:
    """How a turn came to be answered: milliseconds from the caller's last speech to each stage, on one clock.

    None where a stage did not happen. Told when the first audio goes out, and again, `complete`, when the reply ends.
    `audio_end_ms`: where that last speech ended in the caller's audio. `soft_end_ms`: when the silence was noticed;
    `endpoint_ms`: when the turn was judged over, for `endpoint_reason`; `first_speech_ms`: the voice's first samples;
    `first_audio_ms`: sent; `first_played_ms`: as the client acknowledged it; `interrupted_ms`: the caller stopped the
    reply, after `heard_ms` of it. `speculated`: the answer was begun before the turn was over; `wasted_tokens`: what
    was generated for this turn and thrown away; `filler`: its first audio is that of words for the wait.
    """

    reply_id: ReplyId
    item_id: ItemId
    audio_end_ms: int
    soft_end_ms: int | None
    endpoint_ms: int
    endpoint_reason: str
    transcript_ms: int | None
    first_token_ms: int | None
    first_sentence_ms: int | None
    first_speech_ms: int | None
    first_audio_ms: int | None
    first_played_ms: int | None = None
    interrupted_ms: int | None = None
    heard_ms: int | None = None
    speculated: bool = False
    wasted_tokens: int = 0
    filler: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class OverlapIgnored:
    """Sound of the caller over the agent's voice that did not stop it. `verdict`: `backchannel`, `echo`, `noise` …"""

    verdict: str
    words: str
    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A command of the client could not be followed; nothing changed."""

    code: str
    message: str
    param: str | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over and nothing follows. `reason`: `max_turns`, or the one given with `CallEndRequested`."""

    reason: str


Notice = (
    SessionOpened
    | SessionUpdated
    | CallerSpeechStarted
    | CallerSpeechStopped
    | AudioCommitted
    | AudioCleared
    | IdleTimeoutTriggered
    | ItemAdded
    | ItemDone
    | ItemDeleted
    | ItemRetrieved
    | ItemTruncated
    | TranscriptGrew
    | TranscriptCompleted
    | TranscriptFailed
    | ReplyCreated
    | ReplyMessageAdded
    | ReplyTextGrew
    | ReplyMessageDone
    | ReplyCalledFunction
    | ToolsListing
    | ToolsListed
    | ToolsListFailed
    | ReplyCalledTool
    | ToolCallEnded
    | ToolApprovalSettled
    | ReplyDone
    | TurnTimed
    | OverlapIgnored
    | CommandRefused
    | CallEnded
)
