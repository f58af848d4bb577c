"""Items of a conversation: messages, function calls and their answers. Frozen; `history.py` keeps their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ItemStatus(StrEnum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


class PartKind(StrEnum):
    """The wire's content types."""

    INPUT_TEXT = "input_text"
    INPUT_AUDIO = "input_audio"
    OUTPUT_TEXT = "output_text"
    OUTPUT_AUDIO = "output_audio"


@dataclass(frozen=True, slots=True)
class Part:
    """One content part. `text` is the transcript for audio kinds; None means: not transcribed (yet)."""

    kind: PartKind
    text: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said."""

    item_id: ItemId
    role: Role
    parts: tuple[Part, ...]
    status: ItemStatus = ItemStatus.COMPLETED

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if part.text)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """What the model asked the client to do. `arguments` is JSON text as the model wrote it."""

    item_id: ItemId
    call_id: CallId
    name: str
    arguments: str
    status: ItemStatus = ItemStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class FunctionCallOutput:
    """What came of a function call."""

    item_id: ItemId
    call_id: CallId
    output: str
    status: ItemStatus = ItemStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class ServerCall:
    """A call that the server runs, and what came of it: `output` None until it has ended, `failure` None if it worked.

    `told`: whether clients see it among the items (calls of MCP servers); of all others they are told by events of
    this platform's own, if they asked for them. `in_background`: nobody waits for it. `round`: calls of one number were
    made together, by one reply. `by_server`: no model asked for it, the server saw from the caller's words that it is
    wanted.
    """

    item_id: ItemId
    call_id: CallId
    name: str
    arguments: str
    kind: ToolKind
    label: str
    output: str | None = None
    failure: ToolFailure | None = None
    approval_item_id: ItemId | None = None
    status: ItemStatus = ItemStatus.IN_PROGRESS
    in_background: bool = False
    round: int = 0
    by_server: bool = False

    @property
    def told(self) -> bool:
        return self.kind is ToolKind.MCP


Item = Message | FunctionCall | FunctionCallOutput | ServerCall


@dataclass(frozen=True, slots=True)
class ItemReference:
    """An item of the conversation, named in the input of a reply."""

    item_id: ItemId
