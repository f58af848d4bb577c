"""Words that fill a wait: for an answer that is late, and for a function that its client is still at.

The first are said before the answer, as part of it, so that the history holds them where they were heard. The second
are short replies of their own, each once, in their order. Owned by `Conversation`.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.orders import SpeakFiller
from vivavoce.conversation.replies import Reply, ReplyState
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import Modality

LATE_HOSTED_MS = 1200
"""As `late_tool_ms` of a session that has none, for tools that the server runs: nobody else can fill that wait."""

LATE_AGAIN_MS = 5000
"""The same when the caller has heard words for the wait already."""


class Filling:
    """Owned by `Conversation`, which lets it `watch` after every fact."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._filled: ReplyId | None = None
        self._replies_filled = 0
        self._awaited: ReplyId | None = None
        self._tool_words_said = 0

    def watch(self) -> None:
        """Something has happened: is anybody waiting from here on, still, or no more?"""
        self._watch_reply()
        self._watch_tools()

    def fill_reply(self) -> None:
        """The answer is late."""
        reply, words = self._replying.active, self._call.settings.fillers.reply_words
        if reply is None or not self._is_late(reply) or not words:
            return
        self._filled = reply.reply_id
        reply.marks.filled = True
        reply.wait_words = words[self._replies_filled % len(words)]
        self._call.order(SpeakFiller(reply.reply_id, reply.wait_words))
        self._replies_filled += 1

    def fill_tool(self) -> None:
        """A function takes long."""
        words = self._call.settings.fillers.tool_words
        if self._tool_words_said < len(words):
            self._tool_words_said += 1
            self._replying.speak_up(words[self._tool_words_said - 1], is_filler=True)

    def _watch_reply(self) -> None:
        late_ms, reply = self._call.settings.fillers.late_reply_ms, self._replying.active
        if late_ms is None and reply is not None and reply.follows_tools and not self._heard_of_tools():
            late_ms = LATE_HOSTED_MS
        deadlines = self._call.deadlines
        if late_ms is None or reply is None or not self._is_late(reply):
            deadlines.clear(Deadline.LATE_REPLY)
        elif not deadlines.is_set(Deadline.LATE_REPLY):
            assert reply.marks.turn is not None, "an answer is late for a turn"
            since = reply.marks.followed_at if reply.marks.followed_at is not None else reply.marks.turn.ended_at
            deadlines.set(Deadline.LATE_REPLY, since + late_ms / 1000)

    def _watch_tools(self) -> None:
        late_ms, last = self._call.settings.fillers.late_tool_ms, self._replying.last
        if last is not None and last.reply_id != self._awaited:
            self._awaited, self._tool_words_said = last.reply_id, 0
        hosted = bool(self._replying.tools.ledger.waits_of(last))
        if hosted and late_ms is None:
            heard = self._tool_words_said > 0 or (last is not None and last.filled)
            late_ms = LATE_AGAIN_MS if heard else LATE_HOSTED_MS
        waits = last is not None and (last.called_functions or hosted) and last.modality is Modality.AUDIO
        left = self._tool_words_said < len(self._call.settings.fillers.tool_words)
        deadlines = self._call.deadlines
        if late_ms is None or not waits or not left or not self._replying.quiet:
            deadlines.clear(Deadline.LATE_TOOL)
        elif not deadlines.is_set(Deadline.LATE_TOOL):
            deadlines.set(Deadline.LATE_TOOL, self._call.now + late_ms / 1000)

    def _heard_of_tools(self) -> bool:
        """Whether the caller has heard words since the tools were called."""
        last = self._replying.last
        return self._tool_words_said > 0 or (last is not None and (last.filled or bool(last.text.strip())))

    def _is_late(self, reply: Reply) -> bool:
        """Whether the caller waits for its first word, and has heard no filler for it."""
        spoken = reply.modality is Modality.AUDIO and reply.script is None and reply.marks.turn is not None
        waits = reply.state is ReplyState.GENERATING and reply.marks.first_sentence_at is None
        return spoken and waits and self._filled != reply.reply_id
