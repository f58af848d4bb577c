"""The agent's side of the floor: at most one reply at a time, from its beginning to its end.

A reply begins when the floor is free; until then it waits (`waiting.py`): when a turn of the caller ends under a reply
that may not be interrupted, or when the caller speaks. Begun, it starts when its words and its tools are there. What
clients ask for comes through `reply_commands.py`. Replies beside the conversation (`beside.py`) need no floor; those
begun behind a gate (`speculating.py`) have not got it yet.
"""

from __future__ import annotations

from dataclasses import replace

from vivavoce.conversation.beside import Beside
from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.delivering import Delivering, End
from vivavoce.conversation.ending import Ending
from vivavoce.conversation.events import ReplyEvent
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.notices import ReplyCreated
from vivavoce.conversation.orders import OpenGate, StartReply
from vivavoce.conversation.replies import EndReason, Reply, ReplyMarks, ReplyOptions, ReplyState, ReplyStep
from vivavoce.conversation.speculating import Speculated, Speculating
from vivavoce.conversation.starting import awaits_tools, reply_for, start_order
from vivavoce.conversation.tool_calls import ToolCalls
from vivavoce.conversation.waiting import Request, Waiting

TRANSCRIPT_PATIENCE_SECONDS = 15.0
"""How long a reply waits for the words that it is to answer before it starts without them."""


class Replying:
    """Owned by `Conversation`. `active`: the reply under way. `last`: the latest that was more than a filler."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.tools = ToolCalls(call)
        self._delivering = Delivering(call, self.tools)
        self._hint: tuple[PromptMessage, ...] = ()
        self.waiting = Waiting()
        self.beside = Beside(call, self._delivering)
        self.speculating = Speculating(call)
        self.ending = Ending(call)
        self.active: Reply | None = None
        self.last: Reply | None = None
        self.caller_has_floor = False

    # --- beginning one ----------------------------------------------------------------------------------------------

    def answer(self, options: ReplyOptions, marks: ReplyMarks) -> None:
        """A turn of the caller is to be answered: now, or when the reply under way or the next turn has ended.

        A reply that has not started yet will see the turn's words and so answers it too. A turn that was open already
        when the last answer began gets none.
        """
        if self.ending.closing:
            return
        request = Request(options, marks)
        if self.active is None and not self.caller_has_floor:
            self.begin(request)
        elif self.active is not None and self.active.state is ReplyState.QUEUED:
            self.active.marks = marks.later(self.active.marks)
        else:
            self.waiting.put(request)

    def speak_up(
        self,
        script: str | None = None,
        hint: tuple[PromptMessage, ...] = (),
        *,
        interruptible: bool = True,
        is_filler: bool = False,
    ) -> None:
        """The agent says something that nobody asked for, unless it speaks: a script, or what the model is hinted.

        `is_filler`: it is for the while that a function takes.
        """
        if self.active is None:
            self._begin(Request(ReplyOptions(), ReplyMarks(), script, interruptible, is_filler=is_filler, hint=hint))

    def speculate(self, item_id: ItemId, words: str, *, early: bool = False) -> bool:
        """The caller's turn may be over with these words: begin the answer behind the gate, if it may be begun now.

        `early`: the caller has not paused, but these may be all the words there will be. True if an answer to them is
        under way.
        """
        taken = self.active is not None or not self.waiting.nothing or self.ending.closing
        if not words or taken or not self._call.settings.answers_turns or self._call.sources.opening:
            return False
        return self.speculating.begin(item_id, words, self.ending.next_turn, early=early)

    def words_arrived(self, item_id: ItemId) -> None:
        """The transcript is there, or will never be: what waits for it may begin."""
        self.waiting.stop_awaiting(item_id)
        self.floor_released()

    def floor_released(self) -> None:
        """The caller may have stopped: what waits begins, unless words are still to come."""
        if not self.caller_has_floor:
            self.say_forced()
        if not self.waiting.awaits_words:
            self.start_waiting()

    def start_waiting(self) -> None:
        """Start what is queued: its words are there, or have been waited for long enough."""
        self.waiting.give_up_words()
        self._call.deadlines.clear(Deadline.TRANSCRIPT)
        if self.active is not None and self.active.state is ReplyState.QUEUED:
            if not awaits_tools(self._call, self.active):
                self._call.order(self._order(self.active))
        elif self.active is None and not self.caller_has_floor and (request := self.waiting.take()) is not None:
            self._begin(request)

    def tools_settled(self) -> None:
        """Tools are open, or are not waited for any more: what waited for them alone begins."""
        self.beside.tools_settled()
        if self.active is not None and self.active.state is ReplyState.QUEUED and not self.waiting.awaits_words:
            self._call.order(self._order(self.active))

    def say_forced(self) -> None:
        """Words that a client wants said are said, if the agent says nothing and may."""
        if self.waiting.forced and self.active is None and self.ending.takes_replies:
            self._begin(self.waiting.forced.popleft())

    def begin(self, request: Request) -> None:
        """This reply begins; one that waited is no longer wanted."""
        self.waiting.take()
        self._begin(request)

    # --- ending one -------------------------------------------------------------------------------------------------

    def interrupt(self, reason: EndReason) -> None:
        """Stop the active reply, if there is one; what was heard of it stays."""
        if self.active is not None:
            self._end(self.active, End(reason))

    def fall_silent(self) -> None:
        """From here on the session has no replies."""
        self.waiting.clear()
        self.speculating.drop()
        self.beside.end_all()
        self.tools.end_all()
        self.interrupt(EndReason.CLIENT_CANCELLED)

    def end_call(self, reason: str) -> None:
        """Stop whatever is under way or waits; the call ends with this fact."""
        self.ending.end(reason)
        self.speculating.drop()
        self.interrupt(EndReason.CLIENT_CANCELLED)

    def end_for_good(self) -> None:
        """The goodbye has been heard, or what it waited for has not come: the call ends with this fact."""
        self.ending.say_goodbye()
        self.interrupt(EndReason.CLIENT_CANCELLED)

    def handle(self, fact: ReplyEvent) -> None:
        """What became of a reply; late results are dropped here and in `Beside`, and nowhere else."""
        reply = self.active
        if reply is None or reply.reply_id != fact.reply_id:
            if not self.speculating.handle(fact):
                self.beside.handle(fact)
        elif (end := self._delivering.follow(reply, fact)) is not None:
            self._end(reply, end)

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and nothing is to come before the caller speaks."""
        floor_is_free = self.active is None and not self.caller_has_floor
        return floor_is_free and self.waiting.nothing and not self.ending.closing

    def _begin(self, request: Request) -> None:
        reply = reply_for(self._call, request.options, self._call.history)
        reply.script, reply.marks = request.script, request.marks
        reply.interruptible, reply.wanted_message_id = request.interruptible, request.message_id
        reply.is_filler, reply.follows_tools = request.is_filler, request.follows_tools
        self.active, self._hint = reply, request.hint
        if reply.script is None:
            self.ending.reply_begun()
        self._call.deadlines.clear(Deadline.GREETING)
        awaits_words = self.waiting.awaits_words and reply.script is None
        if awaits_words or awaits_tools(self._call, reply):
            self.speculating.drop()
            reply.marks.wasted_tokens = self.speculating.wasted_tokens(reply.marks.turn_item_id)
            self._call.tell(ReplyCreated(reply.snapshot()))
            if awaits_words:
                self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)
            return
        order = self._order(reply)
        begun = self.speculating.take(order)
        reply.marks.wasted_tokens = self.speculating.wasted_tokens(reply.marks.turn_item_id)
        if begun is not None:
            self._adopt(reply, begun)
        else:
            self._call.tell(ReplyCreated(reply.snapshot()))
            self._call.order(order)

    def _order(self, reply: Reply) -> StartReply:
        reply.step(ReplyStep.START)
        prompt: tuple[PromptMessage, ...] = ()
        if reply.script is None:
            prompt = (*self._call.prompt(reply.options), *self._hint, *self.ending.reply_started())
            if reply.options.input is None or reply.follows_tools:
                self.tools.ledger.shown()
        return start_order(self._call, reply, prompt)

    def _adopt(self, reply: Reply, begun: Speculated) -> None:
        """The reply was begun behind the gate: it is told of, the gate opens, and what it has done so far happens."""
        reply.reply_id = begun.reply_id
        answered = reply.marks
        reply.marks = replace(begun.marks, turn=answered.turn, turn_item_id=answered.turn_item_id)
        reply.marks.speculated, reply.marks.wasted_tokens = True, answered.wasted_tokens
        self._call.tell(ReplyCreated(reply.snapshot()))
        self._call.order(OpenGate(reply.reply_id))
        for fact in begun.facts:
            self.handle(fact)

    def _end(self, reply: Reply, end: End) -> None:
        self.active = None
        if not reply.is_filler:
            self.last = reply
        self._call.deadlines.clear(Deadline.TRANSCRIPT)
        self._delivering.end(reply, end)
        self.ending.reply_ended(reply, end.reason)
        if self.ending.due:
            return
        if reply.script is not None:
            self._call.warm()  # these words are not the model's own: it has not read them yet
        if not self.caller_has_floor:
            self.say_forced()
        if self.waiting.reply is not None and not self.waiting.awaits_words:
            self.start_waiting()
        elif self.waiting.reply is not None:
            self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)


def any_queued(replying: Replying) -> bool:
    """Whether a reply has begun and waits for its words or its tools."""
    active = replying.active
    return replying.beside.any_queued or (active is not None and active.state is ReplyState.QUEUED)


def may_warm(replying: Replying) -> bool:
    """Nobody uses the model: it may read ahead."""
    return replying.active is None and not replying.speculating.under_way
