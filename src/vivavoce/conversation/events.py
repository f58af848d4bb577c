"""Facts: everything that can happen to a conversation. Past tense, frozen; the only way in.

Three sources: the ears (speech and transcripts), the voice and the model (what became of a reply), and the client's
commands, which are facts like any other ("the client asked for a response"). Positions in the caller's audio are
milliseconds since the call began (`audio_…_ms`); `spoken_until` is loop seconds, the same clock as `now`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import Item
from vivavoce.conversation.replies import ReplyOptions, Usage
from vivavoce.conversation.settings import Settings, Tool
from vivavoce.conversation.tool_policy import ToolDirective, ToolFailure, ToolSourceKey


@dataclass(frozen=True, slots=True)
class CallerJoined:
    """The call is open; the first event of every conversation, but for `HistoryRestored`."""


@dataclass(frozen=True, slots=True)
class HistoryRestored:
    """What was said in earlier calls: the model is to see it, the client is not told of it."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ConversationResumed:
    """The call goes on after its connection broke: these are its items, which the client knows. Before joining."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class CallEndRequested:
    """The call is to end now, whoever speaks: it has expired, was ended over the API, lost its agent or its caller."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """`next_deadline` has come. `heard_ms`: how much of the caller's audio had been heard by then."""

    heard_ms: int = 0


# --- the ears -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechSuspected:
    """The first sound that may be speech, over the agent's; `SpeechStarted` or `SuspicionCleared` follows."""


@dataclass(frozen=True, slots=True)
class SuspicionCleared:
    """It was none."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak at `audio_start_ms` (back-dated to the first speech)."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechMeasured:
    """The speech has lasted `spoken_ms` by now. Told window by window while it is not known what it means.

    `level_db`: how loud it is, against the caller's usual voice in this call; None while that is not known.
    """

    spoken_ms: int
    level_db: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The caller has been silent for a moment; the last speech ended at `audio_end_ms`, heard at `spoken_until`."""

    audio_end_ms: int
    spoken_until: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The caller went on after a pause."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class TurnAssessed:
    """The turn detector's probability that the turn was over at its `pause`-th pause."""

    item_id: ItemId
    pause: int
    probability: float


@dataclass(frozen=True, slots=True)
class InterimTranscribed:
    """The best text of a turn so far; may be revised. `fading`: the voice sinks, so this may be all of it."""

    item_id: ItemId
    text: str
    fading: bool = False


@dataclass(frozen=True, slots=True)
class TurnTranscribed:
    """The text of a turn as it stood at its `pause`-th pause."""

    item_id: ItemId
    pause: int
    text: str
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    """A turn could not be transcribed."""

    item_id: ItemId
    pause: int
    message: str


# --- the reply ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyTextGenerated:
    """The language model wrote some more."""

    reply_id: ReplyId
    text: str


@dataclass(frozen=True, slots=True)
class ReplyToolCalled:
    """The language model called a tool; `by_server`: the server did in its place, as the caller's words ask for it."""

    reply_id: ReplyId
    call_id: CallId
    name: str
    arguments: str
    by_server: bool = False


@dataclass(frozen=True, slots=True)
class ReplyGenerated:
    """The language model is done with this reply."""

    reply_id: ReplyId
    cut_at_limit: bool
    usage: Usage


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The model or the voice could not go on with this reply."""

    reply_id: ReplyId
    message: str


@dataclass(frozen=True, slots=True)
class PieceQueued:
    """A piece of the reply's text was handed to the voice."""

    reply_id: ReplyId
    text: str


@dataclass(frozen=True, slots=True)
class PieceStarted:
    """The first audio of a piece went out to the caller, at `start_ms` of the reply's audio."""

    reply_id: ReplyId
    text: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class PieceEnded:
    """The newest piece ends at `end_ms` of the reply's audio."""

    reply_id: ReplyId
    end_ms: int


@dataclass(frozen=True, slots=True)
class VoiceBegan:
    """The voice has made the reply's first samples; they may have to wait for the gate."""

    reply_id: ReplyId


@dataclass(frozen=True, slots=True)
class PlaybackProgressed:
    """`played_ms` of the reply's audio have been played to the caller. Told before every event that may interrupt."""

    reply_id: ReplyId
    played_ms: int


@dataclass(frozen=True, slots=True)
class ReplySpoken:
    """All audio of the reply went out; there is no more to come."""

    reply_id: ReplyId
    end_ms: int


@dataclass(frozen=True, slots=True)
class PlaybackAcknowledged:
    """The client says that `played_ms` of the reply's audio have been played."""

    reply_id: ReplyId
    played_ms: int


# --- the client's commands ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionConfigured:
    """The client changed the session."""

    settings: Settings
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class AudioCommitRequested:
    """The client closed the input buffer, which holds `buffered_ms` since the last commit or clear."""

    buffered_ms: int = 0
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class AudioClearRequested:
    """The client threw the input buffer away."""

    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ItemCreateRequested:
    """The client adds an item. An empty `item.item_id` means: choose one.

    `recording`: the shell's number for the sound that came with it, which is to be the text of its one audio part
    without text; None if none came.
    """

    item: Item
    after: ItemId | None = None
    event_id: EventId | None = None
    recording: int | None = None


@dataclass(frozen=True, slots=True)
class ForceMessageRequested:
    """The client wants these very words said, without the model (xAI's `force_message`).

    What is not `interruptible` goes on when the caller speaks. `item_id` None means: choose one.
    """

    text: str
    interruptible: bool = True
    voice: str | None = None
    item_id: ItemId | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ToolsOpened:
    """A source of tools is there, with these tools; those of an earlier opening of the same source are replaced."""

    source: ToolSourceKey
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class ToolsFailed:
    """A source of tools could not be opened. `label` is its name on the wire, '' for what has none."""

    source: ToolSourceKey
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """What came of a call that the server ran.

    `output` is what the model is told, a truthful error if it failed. `goodbye`: the words before an `END_CALL`.
    """

    call_id: CallId
    output: str
    failure: ToolFailure | None = None
    directive: ToolDirective = ToolDirective.ANSWER
    goodbye: str = ""


@dataclass(frozen=True, slots=True)
class ToolApprovalGiven:
    """The client's word on a call that waits for it (`mcp_approval_response`)."""

    approval_item_id: ItemId
    approve: bool
    reason: str | None = None
    item_id: ItemId | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ItemDeleteRequested:
    item_id: ItemId
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ItemRetrieveRequested:
    item_id: ItemId
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ItemTruncateRequested:
    """The client played only `audio_end_ms` of an assistant's message."""

    item_id: ItemId
    content_index: int
    audio_end_ms: int
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ResponseRequested:
    """The client asks for a reply now."""

    options: ReplyOptions = field(default_factory=ReplyOptions)
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class ResponseCancelRequested:
    """The client wants the reply stopped; None means whichever is active."""

    reply_id: ReplyId | None = None
    event_id: EventId | None = None


HearingEvent = (
    SpeechSuspected
    | SuspicionCleared
    | SpeechStarted
    | SpeechMeasured
    | SpeechPaused
    | SpeechResumed
    | TurnAssessed
    | InterimTranscribed
    | TurnTranscribed
    | TranscriptionFailed
)
ReplyEvent = (
    ReplyTextGenerated
    | ReplyToolCalled
    | ReplyGenerated
    | ReplyFailed
    | PieceQueued
    | PieceStarted
    | PieceEnded
    | VoiceBegan
    | PlaybackProgressed
    | PlaybackAcknowledged
    | ReplySpoken
)
ToolEvent = ToolsOpened | ToolsFailed | ToolFinished
ItemCommand = ItemCreateRequested | ItemDeleteRequested | ItemRetrieveRequested | ItemTruncateRequested
SessionCommand = (
    SessionConfigured
    | AudioCommitRequested
    | AudioClearRequested
    | ResponseRequested
    | ResponseCancelRequested
    | ForceMessageRequested
    | PlaybackAcknowledged
    | ToolApprovalGiven
)
ClientCommand = ItemCommand | SessionCommand
CallEvent = CallerJoined | HistoryRestored | ConversationResumed | CallEndRequested | DeadlineReached
Event = CallEvent | HearingEvent | ReplyEvent | ToolEvent | ClientCommand

OVERLAP_EVENTS = (SpeechSuspected, SuspicionCleared)
"""These matter while the agent speaks; at other times the shell does not tell them."""

INTERRUPTING_EVENTS = (
    DeadlineReached,
    SpeechStarted,
    SpeechMeasured,
    InterimTranscribed,
    TurnTranscribed,
    TranscriptionFailed,
    AudioCommitRequested,
    ResponseCancelRequested,
    ItemTruncateRequested,
    ReplyFailed,
    CallEndRequested,
)
"""Before each of these the shell tells how far playback has come (`PlaybackProgressed`)."""
