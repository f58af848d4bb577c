"""The agent's side of the floor: at most one reply at a time, from its request to its end.

A reply asked for while another is under way is refused to a client (exactly as OpenAI's server does), with one
exception: the other has called its tools and is only still being spoken. Then, and when a turn of the caller ends
under a reply that may not be interrupted, the next reply waits. Words that a client wants said wait their turn too.
Replies beside the conversation (`beside.py`) need no floor.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from vivavoce.conversation.beside import Beside
from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.delivering import Delivering, End
from vivavoce.conversation.ending import Ending
from vivavoce.conversation.events import ForceMessageRequested, ReplyEvent
from vivavoce.conversation.history import DuplicateItemError, PromptMessage, UnknownItemError
from vivavoce.conversation.identifiers import EventId, ItemId
from vivavoce.conversation.notices import ReplyCreated
from vivavoce.conversation.orders import OpenGate, StartReply
from vivavoce.conversation.replies import EndReason, Reply, ReplyMarks, ReplyOptions, ReplyState, ReplyStep
from vivavoce.conversation.speculating import Speculated, Speculating
from vivavoce.conversation.starting import reply_for, start_order

TRANSCRIPT_PATIENCE_SECONDS = 15.0
"""How long a reply waits for the words that it is to answer before it starts without them."""

MAXIMUM_FORCED = 16
"""Words that clients want said and that wait for the floor; more are refused."""


@dataclass(frozen=True, slots=True)
class _Request:
    """`asked`: by the client, which is told if it is not followed."""

    options: ReplyOptions
    marks: ReplyMarks
    script: str | None = None
    interruptible: bool = True
    message_id: ItemId | None = None
    asked: bool = False
    is_filler: bool = False
    hint: tuple[PromptMessage, ...] = ()


class Replying:
    """Owned by `Conversation`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._delivering = Delivering(call)
        self._waiting: _Request | None = None
        self._forced: deque[_Request] = deque()
        self._awaited: set[ItemId] = set()
        self._hint: tuple[PromptMessage, ...] = ()
        self.beside = Beside(call, self._delivering)
        self.speculating = Speculating(call)
        self.ending = Ending(call)
        self.active: Reply | None = None
        self.last: Reply | None = None
        self.caller_has_floor = False

    # --- asking for a reply -----------------------------------------------------------------------------------------

    def request(self, options: ReplyOptions, event_id: EventId | None) -> None:
        """The client asks (`response.create`). An answer that waits for the floor is then no longer wanted."""
        if self._refuses(options, event_id):
            return
        request = _Request(options, ReplyMarks(), asked=True)
        if not options.in_conversation:
            self.beside.begin(options, event_id)
        elif self.active is None:
            if self.ending.refuses_reply(event_id):
                return
            self._waiting = None
            self._begin(request)
        elif self.active.goes_on_with_tools and (self._waiting is None or not self._waiting.asked):
            self._waiting = request
        else:
            self._call.refuse(
                "conversation_already_has_active_response",
                f"response '{self.active.reply_id}' is in progress; wait for its response.done or cancel it first",
                event_id,
            )

    def answer(self, options: ReplyOptions, marks: ReplyMarks) -> None:
        """A turn of the caller is to be answered: now, or when the reply under way or the next turn has ended.

        A reply that has not started yet will see the turn's words and so answers it too. A turn that was open already
        when the last answer began gets none.
        """
        if self.ending.closing:
            return
        request = _Request(options, marks)
        if self.active is None and not self.caller_has_floor:
            self._waiting = None
            self._begin(request)
        elif self.active is not None and self.active.state is ReplyState.QUEUED:
            self.active.marks = marks.later(self.active.marks)
        elif self._waiting is not None and self._waiting.asked:
            self._waiting = replace(self._waiting, marks=marks.later(self._waiting.marks))
        else:
            self._waiting = request

    def force(self, command: ForceMessageRequested) -> None:
        """The client puts words into the agent's mouth: now, or when the reply under way has ended."""
        options = ReplyOptions(voice=command.voice)
        if self._refuses(options, command.event_id) or self.ending.refuses_reply(command.event_id):
            return
        item_id = command.item_id
        if item_id is not None and self._call.history.is_taken(item_id):
            refusal = str(DuplicateItemError(item_id))
            self._call.refuse("item_create_duplicate_item_id", refusal, command.event_id, "item.id")
        elif not command.text.strip():
            self._call.refuse("invalid_value", "a forced message has words", command.event_id, "item.content")
        elif len(self._forced) >= MAXIMUM_FORCED:
            message = f"{MAXIMUM_FORCED} forced messages wait to be said; wait for a response.done"
            self._call.refuse("too_many_active_responses", message, command.event_id, "item")
        else:
            self._forced.append(
                _Request(options, ReplyMarks(), command.text, command.interruptible, item_id, asked=True)
            )
            self._say_forced()

    def speak_up(
        self, script: str | None = None, hint: tuple[PromptMessage, ...] = (), *, interruptible: bool = True
    ) -> None:
        """The agent says something that nobody asked for, unless it speaks: a script, or what the model is hinted."""
        if self.active is None:
            self._begin(_Request(ReplyOptions(), ReplyMarks(), script, interruptible, hint=hint))

    def fill(self, script: str) -> None:
        """The agent says something for the while that a function takes."""
        if self.active is None:
            self._begin(_Request(ReplyOptions(), ReplyMarks(), script, is_filler=True))

    def speculate(self, item_id: ItemId, words: str, *, early: bool = False) -> bool:
        """The caller's turn may be over with these words: begin the answer behind the gate, if it may be begun now.

        `early`: the caller has not paused, but these may be all the words there will be.
        """
        waits = self._waiting is not None or self._forced or self._awaited
        if not words or self.active is not None or waits or self.ending.closing:
            return False
        if not self._call.settings.answers_turns:
            return False
        return self.speculating.begin(item_id, words, self.ending.next_turn, early=early)

    def await_words(self, item_id: ItemId) -> None:
        """Replies wait until this item has its transcript."""
        self._awaited.add(item_id)

    def stop_awaiting(self, item_id: ItemId) -> None:
        """This item has its transcript."""
        self._awaited.discard(item_id)

    def words_arrived(self, item_id: ItemId) -> None:
        """The transcript is there, or will never be: what waits for it may begin."""
        self._awaited.discard(item_id)
        self.floor_released()

    def floor_released(self) -> None:
        """The caller may have stopped: what waits begins, unless words are still to come."""
        if not self.caller_has_floor:
            self._say_forced()
        if not self._awaited:
            self.start_waiting()

    def start_waiting(self) -> None:
        """Start what is queued: its words are there, or have been waited for long enough."""
        self._awaited.clear()
        self._call.deadlines.clear(Deadline.TRANSCRIPT)
        if self.active is not None and self.active.state is ReplyState.QUEUED:
            self._start(self.active)
        elif self.active is None and self._waiting is not None and not self.caller_has_floor:
            request, self._waiting = self._waiting, None
            self._begin(request)

    # --- ending one -------------------------------------------------------------------------------------------------

    def interrupt(self, reason: EndReason) -> None:
        """Stop the active reply, if there is one; what was heard of it stays."""
        if self.active is not None:
            self._end(self.active, End(reason))

    def fall_silent(self) -> None:
        """From here on the session has no replies."""
        self._waiting = None
        self._forced.clear()
        self.speculating.drop()
        self.beside.end_all()
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
    def may_warm(self) -> bool:
        """Nobody uses the model: it may read ahead."""
        return self.active is None and not self.speculating.under_way

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and nothing is to come before the caller speaks."""
        waits = self._waiting is not None or self._forced or self._awaited
        return self.active is None and not self.caller_has_floor and not waits and not self.ending.closing

    def _refuses(self, options: ReplyOptions, event_id: EventId | None) -> bool:
        """The client is told if no such reply can be."""
        if self._call.settings.only_transcribes:
            message = "a transcription session has no responses; open a session of type 'realtime'"
            self._call.refuse("response_create_not_allowed", message, event_id)
            return True
        try:
            self._call.history.resolved(options.input or ())
        except UnknownItemError as error:
            self._call.refuse("item_not_found", str(error), event_id, "response.input")
            return True
        return False

    def _say_forced(self) -> None:
        if self._forced and self.active is None and self.ending.takes_replies:
            self._begin(self._forced.popleft())

    def _begin(self, request: _Request) -> None:
        reply = reply_for(self._call, request.options, self._call.history)
        reply.script, reply.marks = request.script, request.marks
        reply.interruptible, reply.wanted_message_id = request.interruptible, request.message_id
        reply.is_filler = request.is_filler
        self.active, self._hint = reply, request.hint
        if reply.script is None:
            self.ending.reply_begun()
        self._call.deadlines.clear(Deadline.GREETING)
        if self._awaited and reply.script is None:
            self.speculating.drop()
            reply.marks.wasted_tokens = self.speculating.wasted_tokens(reply.marks.turn_item_id)
            self._call.tell(ReplyCreated(reply.snapshot()))
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

    def _start(self, reply: Reply) -> None:
        self._call.order(self._order(reply))

    def _order(self, reply: Reply) -> StartReply:
        reply.step(ReplyStep.START)
        prompt: tuple[PromptMessage, ...] = ()
        if reply.script is None:
            prompt = (*self._call.prompt(reply.options), *self._hint, *self.ending.reply_started())
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
            self._say_forced()
        if self._waiting is not None and not self._awaited:
            self.start_waiting()
        elif self._waiting is not None:
            self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)
