"""The conversation of one call: facts in, orders out.

Theory. A voice agent is hard because three things happen at once: the caller talks, the model writes, the voice
speaks, and each can overtake the others. Frameworks that let every part call every other one end with flags that
guard flags. Here nothing is at once. Whatever happens becomes a fact; facts are handled one after another; handling
a fact changes the state and yields orders; the shell performs the orders, none of which waits. So a state is only
ever seen between two facts, where it is consistent, and a race is no more than an order of facts that a table of
tests can write down.

Three small machines share the state in `Call`. A *turn* (`turns.py`) is the caller's: speaking, paused, ended,
transcribed. A *reply* (`replies.py`) is the agent's: queued, generating, speaking, ended. The *history* is what both
leave behind, and it holds what was said and heard, not what was generated. `TurnTaking` moves turns, `Replying`
moves replies, `ItemCommands` and `ReplyCommands` do what the client wants of them; they meet in exactly these places:

- speech starts while a reply is under way: the reply is interrupted, or ducked and held until the words tell what the
  speech means (`floor.py`, `tentative.py`, `overlap.py`; `interruptions.py` decides);
- a turn may be over: the answer to its words so far begins behind a gate, of which nobody hears before the turn is over
  in these words (`anticipating.py`, `speculating.py`);
- a turn has ended and its words are there: a reply begins (`words.py`);
- a reply ends, or the caller has stopped, while something waits for the floor: the next one begins (`waiting.py`);
- a tool that the server runs has ended, and its result is to be told: a reply follows (`following_up.py`; the calls
  themselves are in `tool_calls.py`, and `docs/explanation/tools.md` tells how they are decided);
- nobody says anything: the agent speaks up, or says goodbye (`silence.py`); an answer or a function is late: a word
  fills the wait (`filling.py`). Both only read what the others did, after every fact, and ask for a reply;
- the agent has just spoken, and its words come back: the turn has none (`returning_voice.py`);
- the last answer has been given, or somebody ends the call (`ending.py`): nothing begins any more.

Late results need no cancellation protocol. A transcript names its turn and the pause that it was asked at, a piece
of reply names its reply; what does not match the current one is dropped in one place each.

There is no clock. Every fact comes with `now`, waiting is a named deadline, and `next_deadline` tells the shell when
to come back. Ids are counted, not drawn. So the same facts give the same orders, always: a call can be replayed from
its journal, and a replay that differs is a bug or an intended change.
"""

from __future__ import annotations

from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.commands import ItemCommands
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.events import (
    AudioClearRequested,
    AudioCommitRequested,
    CallEndRequested,
    CallerJoined,
    ConversationResumed,
    DeadlineReached,
    Event,
    ForceMessageRequested,
    HistoryRestored,
    InterimTranscribed,
    ItemCreateRequested,
    ItemDeleteRequested,
    ItemRetrieveRequested,
    ItemTruncateRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
    SpeechMeasured,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechSuspected,
    SuspicionCleared,
    ToolApprovalGiven,
    ToolEvent,
    ToolFinished,
    ToolsFailed,
    ToolsOpened,
    TranscriptionFailed,
    TurnAssessed,
    TurnTranscribed,
)
from vivavoce.conversation.filling import Filling
from vivavoce.conversation.following_up import FollowingUp
from vivavoce.conversation.history import History
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import SessionOpened, SessionUpdated
from vivavoce.conversation.opening_tools import OpeningTools
from vivavoce.conversation.orders import ApplySettings, Order
from vivavoce.conversation.reply_commands import ReplyCommands
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import Settings
from vivavoce.conversation.silence import Silence
from vivavoce.conversation.turn_taking import TurnTaking

GREETING_DELAY_SECONDS = 0.25
"""A client that joins is given this long to configure the session before it is greeted."""


class Conversation:
    """One call. `handle` every fact as it happens and at `next_deadline`; perform the orders in their order."""

    def __init__(self, settings: Settings, id_prefix: str) -> None:
        self._call = Call(settings, id_prefix)
        self._replying = Replying(self._call)
        self._turns = TurnTaking(self._call, self._replying)
        self._items = ItemCommands(self._call, self._turns, self._replying)
        self._replies = ReplyCommands(self._call, self._replying)
        self._opening = OpeningTools(self._call, self._replying)
        self._following = FollowingUp(self._call, self._replying)
        self._silence = Silence(self._call, self._replying)
        self._filling = Filling(self._call, self._replying)

    @property
    def next_deadline(self) -> float | None:
        """Loop seconds at which `DeadlineReached` is wanted, if nothing happens before."""
        return self._call.deadlines.next

    @property
    def id_prefix(self) -> str:
        return self._call.ids.prefix

    @property
    def settings(self) -> Settings:
        return self._call.settings

    @property
    def history(self) -> History:
        """To read: only facts change it."""
        return self._call.history

    @property
    def ended(self) -> bool:
        """True once `EndCall` was ordered: whatever comes now is ignored."""
        return self._replying.ending.over

    @property
    def listens_closely(self) -> bool:
        """Whether the caller speaks over the agent and it is not known what that means (`SpeechMeasured` is wanted)."""
        return self._turns.tentative.turn is not None

    @property
    def active_reply_id(self) -> ReplyId | None:
        """The reply under way, whose playback position the shell is to tell before anything that may interrupt."""
        return self._replying.active.reply_id if self._replying.active is not None else None

    def handle(self, event: Event, now: float) -> list[Order]:
        """Take in one fact; the orders that follow from it, complete. Nothing follows once the call has ended."""
        if self._replying.ending.over:
            return []
        self._call.now = now
        self._take_in(event)
        self._turns.watch()
        if self._replying.ending.due:
            self._replying.beside.end_all()
            self._replying.tools.end_all()
        self._following.watch()
        self._silence.watch()
        self._filling.watch()
        self._replying.ending.conclude()
        return self._call.drain()

    def _take_in(self, event: Event) -> None:
        match event:
            case CallerJoined():
                self._join()
            case HistoryRestored(items=items):
                self._call.history.restore(items)
            case ConversationResumed(items=items):
                self._call.history.resume(items)
            case CallEndRequested(reason=reason):
                self._replying.end_call(reason)
            case DeadlineReached(heard_ms=heard_ms):
                self._reach_deadlines(heard_ms)
            case (
                SpeechSuspected()
                | SuspicionCleared()
                | SpeechStarted()
                | SpeechMeasured()
                | SpeechPaused()
                | SpeechResumed()
                | TurnAssessed()
                | InterimTranscribed()
                | TurnTranscribed()
                | TranscriptionFailed()
            ):
                self._turns.handle(event)
            case ItemCreateRequested() | ItemDeleteRequested() | ItemRetrieveRequested() | ItemTruncateRequested():
                self._items.handle(event)
            case SessionConfigured():
                self._configure(event.settings)
            case AudioCommitRequested():
                self._turns.commit(event)
            case AudioClearRequested():
                self._turns.clear()
            case ResponseRequested() | ForceMessageRequested() | ResponseCancelRequested():
                self._replies.handle(event)
            case ToolsOpened() | ToolsFailed() | ToolFinished() | ToolApprovalGiven():
                self._take_in_of_tools(event)
            case _:
                self._replying.handle(event)

    def _take_in_of_tools(self, event: ToolEvent | ToolApprovalGiven) -> None:
        match event:
            case ToolsOpened() | ToolsFailed():
                self._opening.handle(event)
            case ToolFinished():
                self._replying.tools.finish(event)
            case ToolApprovalGiven():
                self._replying.tools.approve(event)
            case _:
                assert_never(event)

    def _join(self) -> None:
        settings = self._call.settings
        self._call.tell(SessionOpened(settings))
        self._opening.follow_settings()
        if not settings.only_transcribes:
            self._call.warm()
        if settings.opening and not settings.only_transcribes:
            self._call.deadlines.set(Deadline.GREETING, self._call.now + GREETING_DELAY_SECONDS)

    def _configure(self, settings: Settings) -> None:
        former, self._call.settings = self._call.settings, settings
        if settings.turn_detection is None:
            self._turns.end_open_turn()
        self._call.order(ApplySettings(settings))
        self._call.tell(SessionUpdated(settings))
        if settings.only_transcribes:
            self._replying.fall_silent()
        self._opening.follow_settings()
        if (settings.instructions, settings.tools) != (former.instructions, former.tools):
            self._call.warm()
        self._call.deadlines.clear(Deadline.IDLE)
        self._call.deadlines.clear(Deadline.CALLER_SILENT)
        begins = not former.opening and not self._call.history.items and self._replying.quiet
        if begins or self._call.deadlines.is_set(Deadline.GREETING):
            if settings.opening and not settings.only_transcribes:
                self._call.deadlines.set(Deadline.GREETING, self._call.now)
            else:
                self._call.deadlines.clear(Deadline.GREETING)

    def _reach_deadlines(self, heard_ms: int) -> None:
        for deadline in self._call.deadlines.take_due(self._call.now):
            match deadline:
                case Deadline.GREETING:
                    settings = self._call.settings
                    self._replying.speak_up(settings.opening, interruptible=settings.greeting_interruptible)
                case Deadline.TURN_END:
                    self._turns.ends.reached()
                case Deadline.DOUBT:
                    self._turns.tentative.give_up()
                case Deadline.TRANSCRIPT:
                    self._replying.start_waiting()
                case Deadline.FAREWELL:
                    self._replying.end_for_good()
                case Deadline.IDLE:
                    self._silence.end(heard_ms)
                case Deadline.CALLER_SILENT:
                    self._silence.break_it()
                case Deadline.LATE_REPLY:
                    self._filling.fill_reply()
                case Deadline.LATE_TOOL:
                    self._filling.fill_tool()
                case Deadline.APPROVAL:
                    self._replying.tools.approvals_overdue()
                case Deadline.TOOLS:
                    self._opening.give_up()
                case _:
                    assert_never(deadline)
