"""Which replies are being played: OpenAI's `output_audio_buffer` of calls whose sound the server plays itself.

Over a WebSocket the client plays. The sound goes out as fast as it is heard, so "is sent" stands for "is played" here.
Owned by the telling half of one connection's codec; dies with it.
"""

from __future__ import annotations

from typing import Any

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import EventId, ReplyId
from vivavoce.conversation.items import PartKind
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason

EventObject = dict[str, Any]

CLEARING = EventId("vivavoce: output_audio_buffer.clear")
"""Marks the cancel that `output_audio_buffer.clear` becomes: if there is nothing to cut, nobody is told of an error."""

NOTHING_PLAYS = ReplyId("nothing")

_TO_THE_END = frozenset({EndReason.COMPLETED, EndReason.MAX_OUTPUT_TOKENS})


class Playback:
    """Follows the notices of one call."""

    def __init__(self) -> None:
        self._playing: dict[ReplyId, None] = {}

    @property
    def latest(self) -> ReplyId:
        """The reply whose sound began last and has not ended; `NOTHING_PLAYS` if there is none."""
        return next(reversed(self._playing), NOTHING_PLAYS)

    def events(self, notice: Notice) -> list[EventObject]:
        """What a client is told that asked for the events of the buffer."""
        match notice:
            case notices.ReplyTextGrew(reply_id=reply_id, part=part):
                if part.kind is PartKind.OUTPUT_AUDIO and reply_id not in self._playing:
                    self._playing[reply_id] = None
                    return [_event("started", reply_id)]
            case notices.ReplyDone(reply=reply) if reply.reply_id in self._playing:
                del self._playing[reply.reply_id]
                return [_event("stopped" if reply.ended in _TO_THE_END else "cleared", reply.reply_id)]
            case _:
                pass
        return []


def _event(what: str, reply_id: ReplyId) -> EventObject:
    return {"type": f"output_audio_buffer.{what}", "response_id": reply_id}
