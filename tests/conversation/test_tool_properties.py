"""A state machine over tools: whatever happens, in whatever order, what must hold of calls holds.

`tools_so_far` knows what must hold of the orders. The rest of the core has a machine of its own
(`test_conversation_properties.py`), in which the server runs no tools.
"""

from __future__ import annotations

from dataclasses import replace

from effort import thorough
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tools_so_far import ToolsSoFar

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.opening_tools import OPENING_PATIENCE_SECONDS
from vivavoce.conversation.orders import Order, Tell
from vivavoce.conversation.replies import ReplyOptions, Usage
from vivavoce.conversation.settings import Interruption, Modality, ServerVad, Settings, Speculation, Tool
from vivavoce.conversation.tool_policy import (
    Approval,
    OnInterruption,
    ToolDirective,
    ToolFailure,
    ToolKind,
    ToolPolicy,
    ToolSourceKey,
)

PATIENCE_OF_A_DRAIN = 400

OURS = ToolSourceKey("webhook:ours")
THEIRS = ToolSourceKey("mcp:theirs")


def _tool(name: str, policy: ToolPolicy, source: ToolSourceKey = OURS) -> Tool:
    kind, label = (ToolKind.MCP, "crm") if source == THEIRS else (ToolKind.WEBHOOK, "")
    return Tool(name, "Does it.", "{}", kind, policy, source, label)


OUR_TOOLS = (
    _tool("look", ToolPolicy(filler="One moment.")),
    _tool("undo", ToolPolicy(on_interruption=OnInterruption.CANCEL)),
    _tool("aside", ToolPolicy(on_interruption=OnInterruption.BACKGROUND)),
    _tool("agree", ToolPolicy(approval=Approval.CALLER)),
)
THEIR_TOOLS = (
    _tool("read", ToolPolicy(), THEIRS),
    _tool("pay", ToolPolicy(approval=Approval.CLIENT), THEIRS),
)
NAMES = st.sampled_from(["look", "look", "undo", "aside", "agree", "read", "pay", "weather", "sing"])
ARGUMENTS = st.sampled_from(["{}", "{}", '{"a": 1, "b": 2}', '{"b":2,"a":1}'])
TEXTS = st.sampled_from(["", "yes", "Yes, please.", "no", "mhm", "wait, what about two"])
SETTINGS = st.builds(
    Settings,
    turn_detection=st.sampled_from([ServerVad(), ServerVad(), ServerVad(create_response=False)]),
    modality=st.sampled_from([Modality.AUDIO, Modality.AUDIO, Modality.TEXT]),
    interruption=st.sampled_from(Interruption),
    speculation=st.sampled_from([None, Speculation()]),
    max_turns=st.sampled_from([None, None, None, 2]),
    tools=st.just((Tool("weather", "The client's.", "{}"),)),
    tool_sources=st.just((OURS, THEIRS)),
)


class AnyTools(RuleBasedStateMachine):
    """One conversation with tools, its twin, and who reads along."""

    @initialize(settings=SETTINGS, opened=st.sampled_from([True, True, False]))
    def join(self, settings: Settings, *, opened: bool) -> None:
        self.now, self.count = 10.0, 0
        self.settings = settings
        self.conversation, self.twin = Conversation(settings, "p"), Conversation(settings, "p")
        self.tools = ToolsSoFar()
        self.asked: list[tuple[ItemId, int]] = []
        self.functions: list[CallId] = []
        self.beside: list[ReplyId] = []
        self.started: set[ReplyId] = set()
        self.wanted: set[ToolSourceKey] = set()
        self.settled: set[ToolSourceKey] = set()
        self.unsettled_since = self.now
        self._send(events.CallerJoined())
        if opened:
            self.sources_open()

    def _send(self, event: Event) -> list[Order]:
        self.sound = False
        ordered = self.conversation.handle(event, self.now)
        assert self.twin.handle(event, self.now) == ordered, "the same facts, other orders"
        self.tools.read(event, ordered)
        if isinstance(event, events.ToolsOpened | events.ToolsFailed):
            self.settled |= {event.source} & self.wanted
        for order in ordered:
            match order:
                case orders.OpenTools(sources=sources):
                    if self.settled == self.wanted:
                        self.unsettled_since = self.now
                    self.wanted = set(sources)
                    self.settled &= self.wanted
                case orders.StartReply(reply_id=reply_id):
                    waited = self.now >= self.unsettled_since + OPENING_PATIENCE_SECONDS
                    assert order.script is not None or waited or self.settled == self.wanted, "begun without its tools"
                    self.started.add(reply_id)
                case orders.TranscribeTurn(item_id=item_id, pause=pause):
                    self.asked.append((item_id, pause))
                case Tell(notice=notices.ReplyCalledFunction(item=item, in_conversation=True)):
                    self.functions.append(item.call_id)
                case Tell(notice=notices.ReplyCreated(reply=reply)) if not reply.in_conversation:
                    self.beside.append(reply.reply_id)
                case Tell(notice=notices.ReplyDone(reply=reply)) if not reply.in_conversation:
                    self.beside.remove(reply.reply_id)
                case _:
                    pass
        self.sound = True
        return ordered

    def _next(self, what: str) -> str:
        self.count += 1
        return f"{what}{self.count}"

    # --- sources and time -------------------------------------------------------------------------------------------

    @rule(fails=st.sampled_from([False, False, True]))
    def sources_open(self, *, fails: bool = False) -> None:
        self.ours_open()
        if fails:
            self._send(events.ToolsFailed(THEIRS, "crm", "it does not answer"))
        else:
            self._send(events.ToolsOpened(THEIRS, THEIR_TOOLS))

    @rule()
    def ours_open(self) -> None:
        self._send(events.ToolsOpened(OURS, OUR_TOOLS))

    @rule(keys=st.sampled_from([(), (OURS,), (OURS, THEIRS), (OURS, THEIRS)]))
    def client_configures(self, keys: tuple[ToolSourceKey, ...]) -> None:
        self.settings = replace(self.settings, tool_sources=keys)
        self._send(events.SessionConfigured(self.settings))

    @rule(seconds=st.sampled_from([0.05, 0.6, 2.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.conversation.next_deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self._send(events.DeadlineReached())
        self.now = until

    # --- the caller -------------------------------------------------------------------------------------------------

    @rule()
    def caller_begins_to_speak(self) -> None:
        self._send(events.SpeechStarted(round(self.now * 1000)))

    @rule(text=TEXTS, over=st.booleans())
    def caller_pauses(self, text: str, *, over: bool) -> None:
        self.asked.clear()
        self._send(events.SpeechPaused(round(self.now * 1000), self.now))
        self._words_come(text)
        if over:
            self.time_passes(0.6)

    def _words_come(self, text: str) -> None:
        for item_id, pause in self.asked[-1:]:
            self._send(events.TurnTranscribed(item_id, pause, text, 1.0))

    @rule(text=TEXTS)
    def caller_takes_a_turn(self, text: str) -> None:
        self.caller_begins_to_speak()
        self.time_passes(0.6)
        self.caller_pauses(text, over=True)

    @rule(text=TEXTS, answered=st.booleans())
    def caller_types(self, text: str, *, answered: bool) -> None:
        item = Message(ItemId(self._next("typed")), Role.USER, (Part(PartKind.INPUT_TEXT, text),))
        self._send(events.ItemCreateRequested(item))
        if answered:
            self._send(events.ResponseRequested())

    # --- the agent --------------------------------------------------------------------------------------------------

    @property
    def _reply_id(self) -> ReplyId | None:
        """The shell tells only of replies that it was told to start."""
        reply_id = self.conversation.active_reply_id or next(iter(self.tools.behind), None)
        return reply_id if reply_id in self.started else None

    @property
    def _active_id(self) -> ReplyId | None:
        reply_id = self.conversation.active_reply_id
        return reply_id if reply_id in self.started else None

    @precondition(lambda self: self._reply_id is not None)
    @rule(name=NAMES, arguments=ARGUMENTS, again=st.sampled_from([False] * 5 + [True]))
    def model_calls(self, name: str, arguments: str, *, again: bool) -> None:
        call_id = CallId("again") if again and name != "weather" else CallId(self._next("c"))
        assert self._reply_id is not None
        self._send(events.ReplyToolCalled(self._reply_id, call_id, name, arguments))

    @precondition(lambda self: self._reply_id is not None)
    @rule()
    def model_speaks(self) -> None:
        assert self._reply_id is not None
        self._send(events.ReplyTextGenerated(self._reply_id, "Well. "))
        if self.settings.modality is Modality.AUDIO and self._reply_id not in self.tools.behind:
            self._send(events.PieceStarted(self._reply_id, "Well.", 0))

    @precondition(lambda self: self._active_id is not None)
    @rule(fails=st.sampled_from([False] * 5 + [True]))
    def reply_ends(self, *, fails: bool = False) -> None:
        reply_id = self._active_id
        assert reply_id is not None
        if fails:
            self._send(events.ReplyFailed(reply_id, "gone"))
            return
        self._send(events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage()))
        self._send(events.ReplySpoken(reply_id, 300))

    @rule(name=NAMES, arguments=ARGUMENTS)
    def model_calls_and_ends(self, name: str, arguments: str) -> None:
        if self._active_id is not None:
            self.model_calls(name, arguments, again=False)
            self.reply_ends()

    # --- the tools --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.tools.calls)
    @rule(
        newest=st.booleans(),
        ended=st.sampled_from([False] * 4 + [True]),
        failure=st.sampled_from([None, None, None, ToolFailure.TIMED_OUT]),
        directive=st.sampled_from([ToolDirective.ANSWER] * 6 + [ToolDirective.STAY_SILENT, ToolDirective.END_CALL]),
    )
    def tool_ends(self, failure: ToolFailure | None, directive: ToolDirective, *, newest: bool, ended: bool) -> None:
        found = list(self.tools.calls) if ended else self.tools.running
        if found:
            call_id = found[-1 if newest else 0]
            self._send(events.ToolFinished(call_id, f"result of {call_id}", failure, directive, "Bye!"))

    @rule(approve=st.booleans(), known=st.sampled_from([True, True, True, False]))
    def client_decides(self, *, approve: bool, known: bool) -> None:
        waiting = self.tools.awaiting_approval
        item_id = waiting[-1] if known and waiting else ItemId("nothing")
        ordered = self._send(events.ToolApprovalGiven(item_id, approve))
        refused = any(isinstance(order, Tell) and isinstance(order.notice, notices.CommandRefused) for order in ordered)
        assert refused == (item_id == "nothing" and not self.tools.over), (
            "an answer to no request, or a request to none"
        )

    # --- the client -------------------------------------------------------------------------------------------------

    @rule()
    def client_asks_for_a_response(self) -> None:
        self._send(events.ResponseRequested())

    @rule()
    def client_cancels_the_response(self) -> None:
        self._send(events.ResponseCancelRequested())

    @precondition(lambda self: self.functions)
    @rule()
    def client_runs_its_function(self) -> None:
        output = FunctionCallOutput(ItemId(self._next("output")), self.functions.pop(), "sun")
        self._send(events.ItemCreateRequested(output))
        self._send(events.ResponseRequested())

    @rule()
    def client_deletes_the_last_item(self) -> None:
        item_id = self.conversation.history.last_item_id
        if item_id is not None:
            self._send(events.ItemDeleteRequested(item_id))

    @rule(name=NAMES)
    def a_reply_beside_calls(self, name: str) -> None:
        self._send(events.ResponseRequested(ReplyOptions(in_conversation=False)))
        if self.beside and self.beside[-1] not in self.started:
            return
        for reply_id in self.beside[-1:]:
            self._send(events.ReplyToolCalled(reply_id, CallId(self._next("b")), name, "{}"))
        for reply_id in self.beside[-1:]:
            self._send(events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage()))
            self._send(events.ReplySpoken(reply_id, 300))

    @rule(earnestly=st.sampled_from([False] * 9 + [True]))
    def server_ends_the_call(self, *, earnestly: bool) -> None:
        if earnestly:
            self._send(events.CallEndRequested("expired"))

    # --- the end ----------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """When every tool has ended and everything has been said, nothing is open, and no result is lost."""
        if not getattr(self, "sound", False):
            return  # what was found says more than what follows from it
        for _ in range(PATIENCE_OF_A_DRAIN):
            if not self._drain_a_little():
                break
        else:
            raise AssertionError("it never ends")
        assert all(call.ended for call in self.tools.calls.values()), "a call that never ends"
        if not self.tools.over:
            assert self.tools.lost() == [], "a result that nobody hears of"

    def _drain_a_little(self) -> bool:
        if self.tools.over:
            return False
        self.asked.clear()
        if self._open_turn():
            return True
        if self.tools.running:
            self._send(events.ToolFinished(self.tools.running[0], "drained"))
        elif self.tools.awaiting_approval:
            self._send(events.ToolApprovalGiven(self.tools.awaiting_approval[0], approve=False))
        elif (reply_id := self._active_id) is not None:
            self._send(events.ReplyTextGenerated(reply_id, "Well. "))
            self._send(events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage()))
            self._send(events.ReplySpoken(reply_id, 300))
        elif (due := self.conversation.next_deadline) is not None:
            self.now = max(self.now, due)
            self._send(events.DeadlineReached())
        else:
            return False
        return True

    def _open_turn(self) -> bool:
        """The caller speaks: let the turn end in words."""
        ordered = self._send(events.AudioCommitRequested(0))
        if any(isinstance(order, Tell) and isinstance(order.notice, notices.CommandRefused) for order in ordered):
            return False
        self._words_come("and so on")
        return True


AnyTools.TestCase.settings = thorough
TestAnyTools = AnyTools.TestCase
