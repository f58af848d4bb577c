"""One reply of the agent: queued, generating, speaking, ended.

`TRANSITIONS` says what may follow what. A reply is queued while the words it answers are still being transcribed;
it is generating until its first audio goes out (text replies stay generating); it ends exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vivavoce.conversation.heard import HeardLedger
from vivavoce.conversation.history import History
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import (
    Item,
    ItemReference,
    ItemStatus,
    Message,
    Part,
    PartKind,
    Role,
)
from vivavoce.conversation.settings import Modality, Tool
from vivavoce.conversation.turns import TurnMarks


class ReplyState(StrEnum):
    QUEUED = "queued"
    GENERATING = "generating"
    SPEAKING = "speaking"
    ENDED = "ended"


class ReplyStep(StrEnum):
    START = "start"
    SPEAK = "speak"
    END = "end"


TRANSITIONS: dict[tuple[ReplyState, ReplyStep], ReplyState] = {
    (ReplyState.QUEUED, ReplyStep.START): ReplyState.GENERATING,
    (ReplyState.QUEUED, ReplyStep.END): ReplyState.ENDED,
    (ReplyState.GENERATING, ReplyStep.SPEAK): ReplyState.SPEAKING,
    (ReplyState.GENERATING, ReplyStep.END): ReplyState.ENDED,
    (ReplyState.SPEAKING, ReplyStep.END): ReplyState.ENDED,
}


class EndReason(StrEnum):
    """Why a reply ended."""

    COMPLETED = "completed"
    TURN_DETECTED = "turn_detected"
    CLIENT_CANCELLED = "client_cancelled"
    MAX_OUTPUT_TOKENS = "max_output_tokens"
    FAILED = "failed"


CUT_SHORT = frozenset({EndReason.TURN_DETECTED, EndReason.CLIENT_CANCELLED, EndReason.FAILED})
"""The voice is stopped, so only what was heard of the reply stays."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one generation, all of them text: this platform's model reads and writes words, never sound."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """What a `response.create` may say about this one reply; None means: as the session has it.

    `in_conversation` False is OpenAI's `conversation: "none"`: the reply runs beside whatever has the floor and leaves
    nothing behind. `input` None: the model sees the conversation; otherwise nothing but these items.
    """

    instructions: str | None = None
    modality: Modality | None = None
    voice: str | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: str | None = None
    maximum_output_tokens: int | None = None
    metadata: tuple[tuple[str, str], ...] | None = None
    temperature: float | None = None
    parallel_tool_calls: bool | None = None
    in_conversation: bool = True
    input: tuple[Item | ItemReference, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReplySnapshot:
    """A reply as the client is told of it. `ended` None means in progress. `audio_ms`: sound that was sent."""

    reply_id: ReplyId
    modality: Modality
    voice: str
    maximum_output_tokens: int | None
    metadata: tuple[tuple[str, str], ...] | None
    output: tuple[Item, ...] = ()
    ended: EndReason | None = None
    error: str | None = None
    usage: Usage = Usage()
    in_conversation: bool = True
    audio_ms: int = 0


@dataclass(slots=True)
class ReplyMarks:
    """When things happened to a reply, in loop seconds; and the turn that it answers.

    `followed_at`: when it began to follow up what tools brought; None for the first answer to its turn.
    """

    turn: TurnMarks | None = None
    turn_item_id: ItemId | None = None
    first_token_at: float | None = None
    first_sentence_at: float | None = None
    first_speech_at: float | None = None
    first_audio_at: float | None = None
    first_played_at: float | None = None
    interrupted_at: float | None = None
    speculated: bool = False
    wasted_tokens: int = 0
    filled: bool = False
    followed_at: float | None = None

    def later(self, other: ReplyMarks) -> ReplyMarks:
        """Of two, those that answer the later turn."""
        if self.turn is None or (other.turn is not None and other.turn.spoken_until > self.turn.spoken_until):
            return other
        return self


@dataclass(slots=True)
class Reply:
    """Owned by the conversation; its message's ledger outlives it, for truncation.

    `items`: where its items go, the call's history or, out of the conversation, one of its own. `message_id` may be
    wished for with `wanted_message_id`. `output`: the items that clients see. `functions`, `hosted`: how many calls
    it made that its client runs, and that the server runs; `round` is the number of these. `follows_tools`: begun for
    what tools brought. `filled`: words for the wait were said because of its calls. `wait_words`: those that were to be
    said before its own, which are `text`.
    """

    reply_id: ReplyId
    options: ReplyOptions
    modality: Modality
    voice: str
    maximum_output_tokens: int | None
    items: History
    script: str | None = None
    interruptible: bool = True
    is_filler: bool = False
    follows_tools: bool = False
    wanted_message_id: ItemId | None = None
    state: ReplyState = ReplyState.QUEUED
    message_id: ItemId | None = None
    output: list[ItemId] = field(default_factory=list)
    functions: int = 0
    hosted: int = 0
    round: int = 0
    filled: bool = False
    ledger: HeardLedger = field(default_factory=HeardLedger)
    generated: Generated | None = None
    text: str = ""
    wait_words: str = ""
    played_ms: int = 0
    spoken_ms: int | None = None
    marks: ReplyMarks = field(default_factory=ReplyMarks)
    ended: EndReason | None = None

    def step(self, step: ReplyStep) -> None:
        self.state = TRANSITIONS[self.state, step]

    @property
    def called_functions(self) -> bool:
        """Those that its client runs."""
        return self.functions > 0

    @property
    def called_tools(self) -> bool:
        """Whoever runs them."""
        return self.functions + self.hosted > 0

    @property
    def goes_on_with_tools(self) -> bool:
        """Functions were called, and only words for the wait are being spoken: the client may ask for the rest."""
        return self.is_filler or (self.generated is not None and self.called_tools)

    @property
    def generated_text(self) -> str:
        """All that was written to be said, heard or not. Words for the wait are in it once they are being said."""
        wait, own = self.wait_words.strip(), self.text.strip()
        if wait and self.ledger.text.startswith(wait) and not own.startswith(wait):
            return f"{wait} {own}".strip()
        return own

    @property
    def part_kind(self) -> PartKind:
        return PartKind.OUTPUT_AUDIO if self.modality is Modality.AUDIO else PartKind.OUTPUT_TEXT

    def message(self, item_id: ItemId, text: str, status: ItemStatus) -> Message:
        return Message(item_id, Role.ASSISTANT, (Part(self.part_kind, text),), status)

    def snapshot(
        self, output: tuple[Item, ...] = (), ended: EndReason | None = None, error: str | None = None
    ) -> ReplySnapshot:
        usage = self.generated.usage if self.generated is not None else Usage()
        return ReplySnapshot(
            self.reply_id,
            self.modality,
            self.voice,
            self.maximum_output_tokens,
            self.options.metadata,
            output,
            ended,
            error,
            usage,
            self.options.in_conversation,
            self.spoken_ms if self.spoken_ms is not None else self.played_ms,
        )


@dataclass(frozen=True, slots=True)
class Generated:
    """The language model has finished this reply."""

    cut_at_limit: bool
    usage: Usage
