"""The silence after a reply: with `idle_timeout_ms` the agent speaks up when the caller says nothing for that long.

The silence counts from the end of the reply's sound (OpenAI, `ServerVad.idle_timeout_ms`) and anew after every reply.
It is committed as an item without words, as if the caller had taken a turn and said nothing. A reply that has called
functions is not over for the caller: its client is at work, and nobody needs to speak up. Owned by `Conversation`.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.notices import (
    AudioCommitted,
    IdleTimeoutTriggered,
    ItemAdded,
    ItemDone,
    TranscriptCompleted,
)
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import Modality, ServerVad

PLAYOUT_SECONDS = 0.2
"""When the last audio of a reply has been sent, this much may still be played."""

SPEAK_UP = PromptMessage(
    "system", "The caller has been silent for a while: speak up briefly, in keeping with what was said before."
)
"""Behind everything else in the prompt when the agent speaks up by itself."""


class Silence:
    """Owned by `Conversation`, which lets it `watch` after every fact."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying

    def watch(self) -> None:
        """Something has happened: does silence count from here on, still, or no more?"""
        timeout_ms, last = self._timeout_ms, self._replying.last
        deadlines = self._call.deadlines
        if timeout_ms is None or last is None or last.called_functions or not self._replying.quiet:
            deadlines.clear(Deadline.IDLE)
        elif not deadlines.is_set(Deadline.IDLE):
            tail = PLAYOUT_SECONDS if last.modality is Modality.AUDIO else 0.0
            deadlines.set(Deadline.IDLE, self._call.now + tail + timeout_ms / 1000)

    def end(self, heard_ms: int) -> None:
        """It has lasted too long. `heard_ms`: how much of the caller's audio there is, all silent at its end."""
        item = Message(self._call.next_item_id(), Role.USER, (Part(PartKind.INPUT_AUDIO, ""),))
        previous = self._call.history.add(item)
        start_ms = max(0, heard_ms - (self._timeout_ms or 0))
        self._call.tell(IdleTimeoutTriggered(item.item_id, previous, start_ms, heard_ms))
        self._call.tell(AudioCommitted(item.item_id, previous))
        self._call.tell(ItemAdded(item, previous))
        self._call.tell(TranscriptCompleted(item.item_id, "", (heard_ms - start_ms) / 1000))
        self._call.tell(ItemDone(item, previous))
        self._replying.speak_up(hint=(SPEAK_UP,))

    @property
    def _timeout_ms(self) -> int | None:
        detection = self._call.settings.turn_detection
        silenced = self._call.settings.only_transcribes
        return detection.idle_timeout_ms if isinstance(detection, ServerVad) and not silenced else None
