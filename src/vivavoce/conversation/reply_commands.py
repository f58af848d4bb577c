"""The client's commands on replies: ask for one, put words into the agent's mouth, cancel.

A reply asked for while another is under way is refused (exactly as OpenAI's server does), with one exception: the other
has called its tools and is only still being spoken; then the next one waits. Words that a client wants said wait their
turn too. What cannot be followed is refused with a code and changes nothing. Owned by `Conversation`.
"""

from __future__ import annotations

from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.events import ForceMessageRequested, ResponseCancelRequested, ResponseRequested
from vivavoce.conversation.history import DuplicateItemError, UnknownItemError
from vivavoce.conversation.identifiers import EventId
from vivavoce.conversation.replies import EndReason, ReplyMarks, ReplyOptions
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.waiting import MAXIMUM_FORCED, Request

ReplyCommand = ResponseRequested | ForceMessageRequested | ResponseCancelRequested


class ReplyCommands:
    """Lives as long as its call."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying

    def handle(self, command: ReplyCommand) -> None:
        match command:
            case ResponseRequested():
                self._request(command)
            case ForceMessageRequested():
                self._force(command)
            case ResponseCancelRequested():
                self._cancel(command)
            case _:
                assert_never(command)

    def _request(self, command: ResponseRequested) -> None:
        """An answer that waits for the floor is then no longer wanted."""
        options, active, waiting = command.options, self._replying.active, self._replying.waiting
        if self._refuses(options, command.event_id):
            return
        request = Request(options, ReplyMarks(), asked=True)
        tools_run = self._replying.tools.ledger.hold and (active is None or active.goes_on_with_tools)
        if not options.in_conversation:
            self._replying.beside.begin(options, command.event_id)
        elif tools_run and waiting.behind_tools is None:
            if not self._replying.ending.refuses_reply(command.event_id):
                waiting.behind_tools = request
        elif active is None and not tools_run:
            if not self._replying.ending.refuses_reply(command.event_id):
                self._replying.begin(request)
        elif active is not None and active.goes_on_with_tools and not waiting.was_asked and not tools_run:
            waiting.put(request)
        else:
            under_way = f"response '{active.reply_id}'" if active is not None else "another response"
            self._call.refuse(
                "conversation_already_has_active_response",
                f"{under_way} is in progress; wait for its response.done or cancel it first",
                command.event_id,
            )

    def _force(self, command: ForceMessageRequested) -> None:
        """The words are said now, or when the reply under way has ended."""
        options, forced = ReplyOptions(voice=command.voice), self._replying.waiting.forced
        if self._refuses(options, command.event_id) or self._replying.ending.refuses_reply(command.event_id):
            return
        item_id = command.item_id
        if item_id is not None and self._call.history.is_taken(item_id):
            refusal = str(DuplicateItemError(item_id))
            self._call.refuse("item_create_duplicate_item_id", refusal, command.event_id, "item.id")
        elif not command.text.strip():
            self._call.refuse("invalid_value", "a forced message has words", command.event_id, "item.content")
        elif len(forced) >= MAXIMUM_FORCED:
            message = f"{MAXIMUM_FORCED} forced messages wait to be said; wait for a response.done"
            self._call.refuse("too_many_active_responses", message, command.event_id, "item")
        else:
            forced.append(Request(options, ReplyMarks(), command.text, command.interruptible, item_id, asked=True))
            self._replying.say_forced()

    def _cancel(self, command: ResponseCancelRequested) -> None:
        reply_id = command.reply_id
        if reply_id is not None and self._replying.beside.cancel(reply_id):
            return
        active = self._replying.active
        if active is None or (reply_id is not None and reply_id != active.reply_id):
            # Clients look for these words: a reply that has just ended is nothing to complain of.
            message = "Cancellation failed: no active response found"
            self._call.refuse("response_cancel_not_active", message, command.event_id)
            return
        self._replying.interrupt(EndReason.CLIENT_CANCELLED)
        self._replying.tools.given_up(active)

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
