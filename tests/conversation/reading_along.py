"""Who reads a conversation's facts and orders and complains as soon as something cannot be true.

`Promises` puts together the client's mirror, the turns so far and the replies so far, and knows what must hold
between them. Imported by the state machine over the core; lives as long as one run of it.
"""

from __future__ import annotations

from client_mirror import Mirror
from end_so_far import EndSoFar
from replies_so_far import RepliesSoFar
from turns_so_far import TurnsSoFar

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.ending import LAST_ANSWER
from vivavoce.conversation.events import Event
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.items import Item, ItemReference
from vivavoce.conversation.notices import CommandRefused, Notice, ReplyCreated
from vivavoce.conversation.orders import Order, Tell
from vivavoce.conversation.settings import Interruption, ServerVad, Settings
from vivavoce.conversation.silence import SPEAK_UP

ANSWER = "an answer to the caller"
FORCED = "the words that the client wants said"
SPEAKING_UP = "what the agent says to a silent caller"
RESPONSE = "the response that the client asked for"


class Promises:
    """What has begun ends, once; what is owed comes, once; what is late is dropped."""

    def __init__(self, settings: Settings, past: tuple[Item, ...] = ()) -> None:
        self.settings = settings
        self.mirror = Mirror(past)
        self.end = EndSoFar()
        self.turns = TurnsSoFar()
        self.replies = RepliesSoFar()
        self.owed: list[str] = []
        self.greeted = False
        self.interruptible = True
        self.forced: list[bool] = []
        self._scripted: dict[ReplyId, str] = {}
        self._speaking_up = False
        self._due: float | None = None
        self._suspected = False
        self._behind: orders.StartReply | None = None

    def read(self, event: Event, ordered: list[Order], now: float, next_deadline: float | None) -> None:
        """Take in a fact that was handled at `now`, the orders that followed, and when to come back."""
        if self.end.over:
            assert (ordered, next_deadline) == ([], None), "something followed after the call had ended"
            return
        told = [order.notice for order in ordered if isinstance(order, Tell)]
        if refusals := [notice for notice in told if isinstance(notice, CommandRefused)]:
            assert len(ordered) == 1, "a refused command changes nothing"
            self._refuse(refusals[0])
            return
        if self.turns.is_worthless(event) or self.replies.is_late(event):
            assert ordered == [], "something followed from an answer that nobody waits for"
        self._scripted = {
            order.reply_id: order.script
            for order in ordered
            if isinstance(order, orders.StartReply) and order.script is not None
        }
        self._speaking_up = False
        was_due, self._due = self._due is not None and self._due <= now, next_deadline
        if isinstance(event, events.DeadlineReached) and was_due and not ordered and self.owed:
            self.turns.given_up |= self.turns.unsettled  # patience ran out while the caller spoke
        was_open, was_active, was_closing = self.turns.open, self.replies.active_id, self.end.closing
        contested = self._is_contested
        self._foresee(event)
        for order in ordered:
            self._obey(order, event, now)
        tentative = self.turns.tentative
        if self.end.look_back(event, ordered, was_closing=was_closing, tentative=tentative):
            assert self.replies.behind == {}, "the call ended over an answer that was begun"
            assert self.replies.active is None, "the call ended over the agent's head"
            assert not self.replies.beside, "the call ended over a reply beside it"
            assert next_deadline is None, "waiting for something after the end"
            return
        self.replies.look_back(tentative=tentative, suspected=self._suspected)
        softened = self.replies.active is not None and self.replies.active.ducked
        assert not softened or next_deadline is not None, "a voice may be softened for ever"
        unheard = self.turns.open is not None or self.turns.unsettled
        assert self.replies.behind == {} or unheard, "an answer was begun and nobody speaks"
        if isinstance(event, events.SpeechStarted) and was_open is None:
            if contested:
                assert tentative, "heard at once, or not at all, what has to be confirmed"
                assert told == [], "told of what has to be confirmed"
                assert self.replies.active_id == was_active, "stopped before it was confirmed"
            elif was_closing:
                assert was_active is None or not self._may_interrupt, "a goodbye that may be interrupted was not"
            else:
                assert not tentative, "confirmed by nobody"
                self._check_barge_in(interrupted=was_active is not None and self.replies.active_id != was_active)
        asked = isinstance(event, events.ResponseRequested | events.ForceMessageRequested)
        if not asked and self.turns.open is not None:
            assert not any(isinstance(notice, ReplyCreated) for notice in told), "began while the caller spoke"
        if self.replies.one_waits:
            assert self.turns.unsettled, "a reply waits for nothing"
            assert next_deadline is not None, "a reply waits for ever"
        one_may_wait = self.replies.one_waits or bool(self.owed and self.turns.unsettled)
        self.turns.look_ahead(next_deadline, self.settings, other_wait=one_may_wait or self.end.closing)

    def _refuse(self, refusal: CommandRefused) -> None:
        match refusal.code:
            case "conversation_already_has_active_response":
                assert self.replies.active is not None, "there was no response in progress"
                assert not self.replies.tools_were_called or RESPONSE in self.owed, "one of them may wait"
            case "call_ending":
                assert self.end.closing, "the call could have gone on"
            case "response_cancel_not_active":
                pass
            case "response_create_not_allowed":
                assert self.settings.only_transcribes, "responses are allowed"
            case "input_audio_buffer_commit_empty":
                assert self.turns.open is None, "there was a turn to commit"
            case _:
                assert refusal.param is not None, "which parameter was wrong?"

    def _foresee(self, event: Event) -> None:
        if isinstance(event, events.SpeechSuspected):
            self._suspected = True
        if isinstance(event, events.SuspicionCleared | events.SpeechStarted):
            self._suspected = False
        if isinstance(event, events.SessionConfigured):
            self.settings = event.settings
            if event.settings.only_transcribes:
                self.owed, self.forced = [], []
        if isinstance(event, events.ResponseRequested) and event.options.in_conversation:
            self.owed.append(RESPONSE)
        if isinstance(event, events.ForceMessageRequested):
            self.owed.append(FORCED)
            self.forced.append(event.interruptible)
        self.turns.foresee(event, self.settings)
        self.replies.foresee(event)

    def _obey(self, order: Order, event: Event, now: float) -> None:
        match order:
            case Tell(notice=notice):
                self.mirror.read(notice, event)
                self.turns.read(notice)
                self._owe(notice)
                self.replies.read(notice)
            case orders.StartReply(gated=True):
                self.replies.obey(order)
                self._start_behind(order, event)
            case orders.StartReply():
                self.replies.obey(order)
                self._start(order, event)
            case orders.OpenGate():
                self.replies.obey(order)
                self._open_gate()
            case orders.WarmPrompt(prompt=prompt):
                known = self.mirror.prompt(self.settings.instructions)
                assert list(prompt[: len(known)]) == known, "warmed with something else than the client knows"
                assert [message.role for message in prompt[len(known) :]] in ([], ["user"])
            case _:
                self.replies.obey(order)
                self.turns.obey(order, event, now)

    def _owe(self, notice: Notice) -> None:
        match notice:
            case notices.TranscriptCompleted(item_id=item_id, text=text):
                detection = self.settings.turn_detection
                answered = detection is not None and detection.create_response and not self.end.closing
                answered = answered and not self.settings.only_transcribes and item_id not in self.turns.recorded
                if text and answered and item_id in self.mirror.ids:
                    self.owed.append(ANSWER)
            case notices.IdleTimeoutTriggered():
                detection = self.settings.turn_detection
                assert isinstance(detection, ServerVad), "nobody counts this silence"
                assert detection.idle_timeout_ms is not None, "nobody counts this silence"
                assert self.replies.active is None, "spoke up although it spoke already"
                assert self.turns.open is None, "spoke up although the caller speaks"
                assert self.owed == [], "spoke up although something was to come"
                self.owed.append(SPEAKING_UP)
                self._speaking_up = True
            case ReplyCreated(reply=reply) if not reply.in_conversation:
                assert not self.settings.only_transcribes, "a reply in a session that has none"
            case ReplyCreated(reply=reply) if self._scripted.get(reply.reply_id) == "One moment.":
                self.owed.remove(FORCED)
                self.interruptible = self.forced.pop(0)
            case ReplyCreated():
                assert not self.settings.only_transcribes, "a reply in a session that has none"
                self.interruptible = True
                assert not self.end.closing or self.replies.last_called_functions, "an answer after the last one"
                assert self.owed or not self.greeted, "a reply that nobody waited for"
                self.greeted = self.greeted or not self.owed
                self.owed = [debt for debt in self.owed if debt not in (RESPONSE, SPEAKING_UP)]
            case notices.ReplyDone() if self.replies.one_waits:
                self.owed = [debt for debt in self.owed if debt != ANSWER]
            case _:
                pass

    def _start(self, order: orders.StartReply, event: Event) -> None:
        if order.beside:
            assert isinstance(event, events.ResponseRequested)
            named = [each.item_id for each in event.options.input or () if isinstance(each, ItemReference)]
            seen = [item for item in self.mirror.items if item.item_id in named]
            opening = [PromptMessage("system", self.settings.instructions)] if self.settings.instructions else []
            known = self.mirror.prompt(self.settings.instructions)
            wanted = known if event.options.input is None else opening + self.mirror.prompt_of(seen)
            assert list(order.prompt) == wanted, "asked beside the conversation with something else"
            return
        if order.script is not None:
            return
        self.owed = [debt for debt in self.owed if debt != ANSWER]
        if isinstance(event, events.DeadlineReached):
            self.turns.given_up |= self.turns.unsettled
        assert not self.turns.unsettled, "started before the words were there"
        wanted = [*self.mirror.prompt(self.settings.instructions), *([SPEAK_UP] if self._speaking_up else [])]
        if self.end.is_last(self.mirror.items, self.settings.max_turns):
            wanted.append(LAST_ANSWER)
        assert list(order.prompt) == wanted, "the model is asked with something else than the client knows"

    def _start_behind(self, order: orders.StartReply, event: Event) -> None:
        """An answer is begun that may not be wanted: with the words so far, and whatever else the client knows."""
        assert self.settings.speculation is not None, "begun early against the settings"
        assert self.settings.answers_turns, "begun, and nobody answers by itself"
        assert self.turns.open is not None, "begun before anybody spoke"
        assert not self.turns.tentative, "begun for what may be no turn"
        assert order.script is None
        assert self.owed == [], "begun although something was to come"
        known = self.mirror.prompt(self.settings.instructions)
        early = isinstance(event, events.InterimTranscribed)
        assert not isinstance(event, events.InterimTranscribed) or event.fading, "begun in mid-speech"
        said = PromptMessage(
            "user", self.turns.open.interims[1] if early else self.turns.answered[self.turns.open.item_id]
        )
        assert order.prompt in ((*known, said), (*known, said, LAST_ANSWER)), "begun with something else than was said"
        self._behind = order

    def _open_gate(self) -> None:
        """It is wanted: then it is the answer that would begin now."""
        assert self._behind is not None
        assert not self.turns.unsettled, "the gate opened before the words were there"
        self.owed = [debt for debt in self.owed if debt != ANSWER]
        wanted = self.mirror.prompt(self.settings.instructions)
        if self.end.is_last(self.mirror.items, self.settings.max_turns):
            wanted.append(LAST_ANSWER)
        assert [_as_heard(message) for message in self._behind.prompt] == [_as_heard(message) for message in wanted]
        assert (self._behind.voice, self._behind.tools) == (self.settings.voice, self.settings.tools)
        self._behind = None

    def _check_barge_in(self, *, interrupted: bool) -> None:
        detection = self.settings.turn_detection
        assert (self.turns.open is not None) == (detection is not None), "not heard, or heard against the settings"
        if not self._may_interrupt:
            assert not interrupted, "an agent that may not be interrupted was"
        else:
            assert self.replies.active is None, "an agent that may be interrupted was not"

    @property
    def _may_interrupt(self) -> bool:
        detection = self.settings.turn_detection
        return detection is not None and detection.interrupt_response and self.interruptible

    @property
    def _is_contested(self) -> bool:
        """True where speech that starts now has to be confirmed."""
        active = self.replies.active
        confirmed = self.settings.interruption is Interruption.CONFIRMED
        return confirmed and self._may_interrupt and active is not None and active.is_speaking

    @property
    def may_speak_up(self) -> bool:
        """True while the agent is to break the caller's silence."""
        detection = self.settings.turn_detection
        return isinstance(detection, ServerVad) and detection.idle_timeout_ms is not None


def _as_heard(message: PromptMessage) -> tuple[object, ...]:
    """Case and points at the end cannot be heard."""
    return (message.role, message.text.casefold().replace(",", "").rstrip("."), message.calls, message.call_id)
