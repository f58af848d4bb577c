"""Orders: everything that a conversation can want done. Imperative, frozen; the only way out.

Performing an order never waits: it starts or stops work, or hands something on, and returns.
"""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Modality, Settings, Tool
from vivavoce.conversation.tool_policy import ToolSourceKey


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the client."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """Make the ears and the voice follow new settings."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Listen to a turn that began at `audio_start_ms` of the caller's audio, with the audio just before it."""

    item_id: ItemId
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class TakeBuffer:
    """Make everything in the input buffer the turn `item_id` (turns marked by the client)."""

    item_id: ItemId


@dataclass(frozen=True, slots=True)
class TakeRecording:
    """Make the sound that came with an item, under this number, the turn `item_id`."""

    item_id: ItemId
    recording: int


@dataclass(frozen=True, slots=True)
class AssessTurn:
    """Ask the turn detector; answered by `TurnAssessed`."""

    item_id: ItemId
    pause: int


@dataclass(frozen=True, slots=True)
class TranscribeTurn:
    """Transcribe the turn as it stands; answered by `TurnTranscribed` or `TranscriptionFailed`."""

    item_id: ItemId
    pause: int


@dataclass(frozen=True, slots=True)
class CloseTurn:
    """The turn is over: the next speech begins another. A transcription under way goes on."""

    item_id: ItemId


@dataclass(frozen=True, slots=True)
class DiscardTurn:
    """Forget this turn: it was none. The next speech begins another."""

    item_id: ItemId


@dataclass(frozen=True, slots=True)
class ClearInput:
    """Throw away what the input buffer holds and any turn that has not ended."""


@dataclass(frozen=True, slots=True)
class WarmPrompt:
    """Prepare the language model for this prefix of the next prompt."""

    prompt: tuple[PromptMessage, ...]
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class StartReply:
    """Generate a reply and, for audio, speak it. With `script` the words are given and no model is asked.

    A reply `beside` the conversation does not stop, and is not stopped by, the one that has the floor. One that is
    `gated` is made ready and told of as usual, but sends no audio before `OpenGate`. Without `parallel_tool_calls` it
    calls one function at most. A prompt that `keeps_all_messages` fails if the model cannot read it whole.
    """

    reply_id: ReplyId
    prompt: tuple[PromptMessage, ...]
    modality: Modality
    voice: str
    speed: float
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    maximum_output_tokens: int | None = None
    script: str | None = None
    temperature: float | None = None
    pronunciations: tuple[tuple[str, str], ...] = ()
    beside: bool = False
    gated: bool = False
    parallel_tool_calls: bool = True
    keeps_all_messages: bool = False


@dataclass(frozen=True, slots=True)
class OpenGate:
    """The turn that this reply answers is over: its audio may go out."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class DuckReply:
    """Speak this reply softly: the caller may have begun to speak."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class HoldReply:
    """Send no more of this reply's audio for now, and lose none of it."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class ResumeReply:
    """Go on with this reply at full loudness, at the sample that comes next."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class SpeakFiller:
    """Say these words before the reply's own, as part of it, if it has not begun to speak."""

    reply_id: ReplyId
    text: str


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop generating and speaking this reply at once; unsent audio is dropped."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class OpenTools:
    """Open these sources of tools, and close all others; answered by `ToolsOpened` or `ToolsFailed` for each."""

    sources: tuple[ToolSourceKey, ...]


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run this call; answered by `ToolFinished`, exactly once, also when it fails or takes too long.

    `said`: what the caller, and the tools, have said so far, to see whether the arguments were made up.
    """

    call_id: CallId
    source: ToolSourceKey
    name: str
    arguments: str
    timeout_ms: int
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelTool:
    """Give this call up; nothing more is wanted of it."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class SearchAhead:
    """The caller's turn may be over with these words: searches that they call for may begin."""

    words: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """End the call: nothing follows."""

    reason: str


HearingOrder = (
    OpenTurn | TakeBuffer | TakeRecording | AssessTurn | TranscribeTurn | CloseTurn | DiscardTurn | ClearInput
)
SpeakingOrder = WarmPrompt | StartReply | OpenGate | DuckReply | HoldReply | ResumeReply | SpeakFiller | CancelReply
ToolOrder = OpenTools | RunTool | CancelTool | SearchAhead
Order = Tell | ApplySettings | HearingOrder | SpeakingOrder | ToolOrder | EndCall
