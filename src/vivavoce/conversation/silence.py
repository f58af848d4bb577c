"""The silence after a reply: what the agent does when the caller says nothing for long.

Two ways, which can be had together. With `idle_timeout_ms` (OpenAI, `ServerVad.idle_timeout_ms`) the agent speaks up
after every such silence, which is committed as an item without words, as if the caller had taken a turn and said
nothing. With `CallerSilence` it speaks up a number of times, then says goodbye and ends the call. The silence counts
from the end of a reply's sound. A reply that has called functions is not over for the caller: its client is at work,
and nobody needs to speak up. Owned by `Conversation`.
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
from vivavoce.conversation.settings import CallerSilence, Modality, ServerVad

PLAYOUT_SECONDS = 0.2
"""When the last audio of a reply has been sent, this much may still be played."""

SPEAK_UP = PromptMessage(
    "system", "The caller has been silent for a while: speak up briefly, in keeping with what was said before."
)
"""Behind everything else in the prompt when the agent speaks up by itself."""

CALLER_SILENT = "caller_silent"
"""Why a call ended whose caller said nothing any more."""


class Silence:
    """Owned by `Conversation`, which lets it `watch` after every fact."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._reengaged = 0
        self._caller_spoke = 0

    def watch(self) -> None:
        """Something has happened: does silence count from here on, still, or no more?"""
        if self._caller_spoke != self._call.caller_spoke:
            self._caller_spoke, self._reengaged = self._call.caller_spoke, 0
        last, policy = self._replying.last, self._policy
        counts = self._replying.quiet and not (last is not None and last.called_functions)
        counts = counts and not self._replying.tools.ledger.waits_of(last)
        self._count(Deadline.IDLE, self._timeout_ms if counts and last is not None else None)
        self._count(Deadline.CALLER_SILENT, policy.after_ms if counts and policy is not None else None)

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

    def break_it(self) -> None:
        """The caller has been silent for as long as the agent's patience lasts: a word, and at last goodbye."""
        policy = self._policy
        if policy is None:
            return
        if self._reengaged < policy.reengagements:
            self._reengaged += 1
            self._replying.speak_up(hint=(SPEAK_UP,))
            return
        self._replying.ending.close(CALLER_SILENT)
        self._replying.speak_up(script=policy.goodbye)

    def _count(self, deadline: Deadline, timeout_ms: int | None) -> None:
        deadlines, last = self._call.deadlines, self._replying.last
        if timeout_ms is None:
            deadlines.clear(deadline)
        elif not deadlines.is_set(deadline):
            tail = PLAYOUT_SECONDS if last is not None and last.modality is Modality.AUDIO else 0.0
            deadlines.set(deadline, self._call.now + tail + timeout_ms / 1000)

    @property
    def _policy(self) -> CallerSilence | None:
        return None if self._call.settings.only_transcribes else self._call.settings.caller_silence

    @property
    def _timeout_ms(self) -> int | None:
        detection = self._call.settings.turn_detection
        silenced = self._call.settings.only_transcribes
        return detection.idle_timeout_ms if isinstance(detection, ServerVad) and not silenced else None
