"""What follows from the results of tools: an answer, a goodbye, words for the wait, an apology.

It only reads what the others did, after every fact, and asks for a reply. A reply that sees the results for another
reason (the caller has gone on, the client has asked) follows them up just as well, so nothing is told twice. Owned by
`Conversation`; lives as long as the call.
"""

from __future__ import annotations

from dataclasses import replace

from vivavoce.conversation.call import Call
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.items import ItemReference
from vivavoce.conversation.replies import EndReason, Reply, ReplyMarks, ReplyOptions
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import Modality
from vivavoce.conversation.starting import CHOICES
from vivavoce.conversation.tool_ledger import HostedCall
from vivavoce.conversation.tool_policy import ToolDirective
from vivavoce.conversation.tool_words import result_is_there
from vivavoce.conversation.waiting import Request

END_CALL = "end_call"
"""Why a call ended that a tool has ended."""


class FollowingUp:
    """Owned by `Conversation`, which lets it `watch` after every fact."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._judged: Reply | None = None

    def watch(self) -> None:
        """Something has happened: is there anything to say now because of tools?"""
        if self._replying.ending.due or self._replying.active is not None or self._replying.caller_has_floor:
            return
        self._apologise()
        self._follow_up()
        self._fill()

    # --- results ----------------------------------------------------------------------------------------------------

    def _follow_up(self) -> None:
        """Results are there and nobody speaks: they are answered, unless a reply is about to begin that sees them."""
        waiting, ledger = self._replying.waiting, self._replying.tools.ledger
        if self._replying.active is not None or waiting.reply is not None:
            return
        if waiting.behind_tools is not None:
            if not ledger.hold:
                self._begin_asked(waiting.behind_tools)
            return
        calls = ledger.to_answer()
        if not calls:
            self._close()
        elif self._replying.ending.takes_replies and (waiting.nothing or not _is_late(calls)):
            self._answer(calls)

    def _begin_asked(self, request: Request) -> None:
        """The client has asked for this one while the tools ran."""
        self._replying.waiting.behind_tools = None
        last = self._replying.last
        marks = self._marks(last) if last is not None and last.called_tools else request.marks
        self._replying.begin(replace(request, marks=marks, follows_tools=True))

    def _answer(self, calls: list[HostedCall]) -> None:
        reply, late = calls[0].reply, _is_late(calls)
        ended_by = next((call for call in calls if _directive(call) is ToolDirective.END_CALL), None)
        if ended_by is not None and not late:
            self._say_goodbye(ended_by)
            return
        names = list(dict.fromkeys(call.item.name for call in calls))
        hint = (PromptMessage("system", result_is_there(names)),) if late else ()
        marks = ReplyMarks() if late else self._marks(reply)
        options = self._options(reply, calls)
        self._replying.begin(Request(options, marks, follows_tools=True, hint=hint))

    def _say_goodbye(self, call: HostedCall) -> None:
        """The call ends after the goodbye; one that was said with the call is not said again."""
        goodbye = call.result.goodbye if call.result is not None else ""
        if not self._replying.ending.closing:
            self._replying.ending.close(END_CALL)
        self._replying.tools.ledger.shown()
        if goodbye.strip():
            self._replying.speak_up(goodbye)
        elif call.reply.text.strip():
            self._replying.ending.nothing_follows()
        else:
            options = replace(self._options(call.reply, [call]), tool_choice="none")
            self._replying.begin(Request(options, self._marks(call.reply), follows_tools=True))

    def _close(self) -> None:
        """The last answer has called tools whose results nobody is to hear of."""
        last, ledger = self._replying.last, self._replying.tools.ledger
        ending = self._replying.ending
        if (
            ending.awaits_tools
            and last is not None
            and last.hosted
            and not last.functions
            and not ledger.waits_of(last)
        ):
            ending.nothing_follows()

    def _marks(self, reply: Reply) -> ReplyMarks:
        """Those of the turn that the reply answers: all that is said to it is one waterfall."""
        return ReplyMarks(turn=reply.marks.turn, turn_item_id=reply.marks.turn_item_id, followed_at=self._call.now)

    def _options(self, reply: Reply, calls: list[HostedCall]) -> ReplyOptions:
        """As the reply that made the calls, but that the model is free to answer."""
        options = reply.options
        choice = options.tool_choice or self._call.settings.tool_choice
        if self._replying.tools.exhausted:
            options = replace(options, tool_choice="none")
        elif choice == "required" or choice not in CHOICES:
            options = replace(options, tool_choice="auto")
        if options.input is not None:
            options = replace(options, input=(*options.input, *(ItemReference(call.item.item_id) for call in calls)))
        return options

    # --- words besides ----------------------------------------------------------------------------------------------

    def _apologise(self) -> None:
        """The answer to what tools brought came to nothing: the caller hears at least that."""
        last, words = self._replying.last, self._call.settings.fillers.failure_words
        if last is None or last is self._judged:
            return
        self._judged = last
        empty = last.ended is EndReason.COMPLETED and not last.text.strip() and not last.called_tools
        failed = last.follows_tools and (empty or last.ended is EndReason.FAILED)
        if failed and words and last.modality is Modality.AUDIO and self._replying.quiet:
            self._replying.speak_up(words)

    def _fill(self) -> None:
        """A reply without a word of its own has called tools that have words for the wait."""
        last = self._replying.last
        if last is None or last.filled or last.ended is not EndReason.COMPLETED or not self._replying.quiet:
            return
        waited_for = self._replying.tools.ledger.waits_of(last)
        fillers = [call.tool.policy.filler for call in waited_for if call.tool is not None and call.tool.policy.filler]
        if fillers and not last.text.strip() and last.modality is Modality.AUDIO:
            last.filled = True
            self._replying.speak_up(fillers[0], is_filler=True)


def _is_late(calls: list[HostedCall]) -> bool:
    """The conversation has gone on since they were made."""
    return all(call.followed or (call.ended and call.item.in_background) for call in calls)


def _directive(call: HostedCall) -> ToolDirective:
    return call.result.directive if call.result is not None else ToolDirective.ANSWER
