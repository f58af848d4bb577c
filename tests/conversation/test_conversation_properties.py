"""A state machine over the whole core: whatever happens, in whatever order, what must hold holds.

The generator aims at the turn and the reply under way, and now and then at older and unknown ones. `reading_along`
knows what must hold of the orders.
"""

from __future__ import annotations

from dataclasses import replace

from effort import thorough
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from reading_along import Promises

from vivavoce.conversation import events
from vivavoce.conversation.events import Event
from vivavoce.conversation.history import ROOT
from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    ItemReference,
    Message,
    Part,
    PartKind,
    Role,
)
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.orders import Order
from vivavoce.conversation.replies import ReplyOptions, Usage
from vivavoce.conversation.settings import (
    Eagerness,
    Interruption,
    Modality,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    Speculation,
)

PATIENCE_OF_A_DRAIN = 200

TEXTS = st.sampled_from(["", "yes", "yes please", "Yes, please.", "yes please, two", "no", "okay", "wait", "two and"])
PIECES = st.sampled_from(["Gladly.", "A moment, madam.", "Both in hall A."])
"""Nothing that a caller's words could be an echo of: those are dropped, as other tests tell."""

AIMS = st.sampled_from(["current", "current", "current", "current", "older", "unknown"])
DETECTED = st.one_of(
    st.builds(
        ServerVad,
        silence_duration_ms=st.sampled_from([0, 200, 500]),
        create_response=st.sampled_from([True, True, False]),
        interrupt_response=st.sampled_from([True, True, False]),
        idle_timeout_ms=st.sampled_from([None, None, 5000]),
    ),
    st.builds(
        SemanticTurnDetection,
        eagerness=st.sampled_from(Eagerness),
        create_response=st.sampled_from([True, True, False]),
        interrupt_response=st.sampled_from([True, True, False]),
    ),
)
DETECTIONS = st.sampled_from(["detected", "detected", "detected", "marked"]).flatmap(
    lambda how: DETECTED if how == "detected" else st.none()
)
SETTINGS = st.builds(
    Settings,
    instructions=st.sampled_from(["", "Be kind."]),
    greeting=st.sampled_from([None, "Hello there!"]),
    turn_detection=DETECTIONS,
    modality=st.sampled_from([Modality.AUDIO, Modality.AUDIO, Modality.TEXT]),
    max_turns=st.sampled_from([None, None, None, 1, 2]),
    only_transcribes=st.sampled_from([False] * 9 + [True]),
    interruption=st.sampled_from(Interruption),
    speculation=st.sampled_from([None, Speculation(), Speculation(tries_per_turn=1), Speculation(4, 3)]),
)
PAST = (
    Message(ItemId("mine1"), Role.USER, (Part(PartKind.INPUT_TEXT, "Two, please."),)),
    Message(ItemId("item_p00001"), Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Two it is."),)),
)


class AnyConversation(RuleBasedStateMachine):
    """One conversation, its twin, and who reads along."""

    @initialize(settings=SETTINGS, past=st.sampled_from([(), PAST]))
    def join(self, settings: Settings, past: tuple[Item, ...]) -> None:
        self.now = 10.0
        self.conversation = Conversation(settings, "p")
        self.twin = Conversation(settings, "p")
        self.promises = Promises(settings, past)
        self.ended_ms: dict[ReplyId, int] = {}
        self.create_count = 0
        if past:
            self._send(events.HistoryRestored(past))
        self._send(events.CallerJoined())

    def _send(self, event: Event) -> list[Order]:
        self.sound = False
        deadline = self.conversation.next_deadline
        ordered = self.conversation.handle(event, self.now)
        assert self.twin.handle(event, self.now) == ordered, "the same facts, other orders"
        self.promises.read(event, ordered, self.now, self.conversation.next_deadline)
        if isinstance(event, events.DeadlineReached):
            due = self.conversation.next_deadline
            assert due is None or due > self.now, "what was due is due again"
            assert ordered == [] or (deadline is not None and deadline <= self.now), "early, and yet something followed"
        self.sound = True
        return ordered

    @invariant()
    def the_shell_is_told_which_reply_is_active(self) -> None:
        assert self.conversation.active_reply_id == self.promises.replies.active_id

    # --- time -------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0, 0.05, 0.3, 1.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.conversation.next_deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self._send(events.DeadlineReached())
        self.now = until

    @rule()
    def the_alarm_rings_early(self) -> None:
        due = self.conversation.next_deadline
        if due is None or due > self.now:
            self._send(events.DeadlineReached())

    # --- the ears ---------------------------------------------------------------------------------------------------

    @property
    def _audio_ms(self) -> int:
        return round(self.now * 1000)

    @rule()
    def speech_starts(self) -> None:
        self._send(events.SpeechStarted(self._audio_ms))

    @rule(clears=st.booleans())
    def speech_is_suspected(self, *, clears: bool) -> None:
        self._send(events.SpeechSuspected())
        if clears:
            self._send(events.SuspicionCleared())

    @precondition(lambda self: self.promises.turns.open is not None)
    @rule(spoken_ms=st.sampled_from([96, 160, 600]), level_db=st.sampled_from([None, None, -3.0, -20.0]))
    def speech_is_measured(self, spoken_ms: int, level_db: float | None) -> None:
        self._send(events.SpeechMeasured(spoken_ms, level_db))

    @precondition(lambda self: self.promises.turns.open is not None)
    @rule(ago_ms=st.sampled_from([0, 100, 700]))
    def speech_pauses(self, ago_ms: int) -> None:
        self._send(events.SpeechPaused(self._audio_ms - ago_ms, self.now - ago_ms / 1000))

    @precondition(lambda self: self.promises.turns.open is not None)
    @rule()
    def speech_goes_on(self) -> None:
        self._send(events.SpeechResumed(self._audio_ms))

    def _turn(self, aim: str) -> tuple[ItemId, int]:
        asked, stale = self.promises.turns.asked, self.promises.turns.stale
        if aim == "current" and asked:
            return list(asked.items())[-1]
        if aim == "older" and stale:
            return stale[-1]
        if aim == "older" and asked:
            return next(iter(asked.items()))
        return ItemId("item_unknown"), 1

    @precondition(lambda self: self.promises.turns.last_asked is not None)
    @rule(aim=AIMS, probability=st.sampled_from([0.05, 0.3, 0.9]))
    def turn_is_assessed(self, aim: str, probability: float) -> None:
        last = self.promises.turns.last_asked
        item_id, pause = last if last is not None and aim == "current" else self._turn(aim)
        self._send(events.TurnAssessed(item_id, pause, probability))

    @precondition(lambda self: self.promises.turns.open is not None)
    @rule(aim=AIMS, text=TEXTS, fading=st.booleans())
    def interim_words_come(self, aim: str, text: str, *, fading: bool) -> None:
        turn = self.promises.turns.open
        item_id = turn.item_id if turn is not None and aim == "current" else self._turn(aim)[0]
        self._send(events.InterimTranscribed(item_id, text, fading))

    @precondition(lambda self: self.promises.turns.asked or self.promises.turns.stale)
    @rule(aim=AIMS, text=TEXTS)
    def words_come(self, aim: str, text: str) -> None:
        self._send(events.TurnTranscribed(*self._turn(aim), text, 1.0))

    @precondition(lambda self: self.promises.turns.asked or self.promises.turns.stale)
    @rule(aim=AIMS)
    def words_are_lost(self, aim: str) -> None:
        self._send(events.TranscriptionFailed(*self._turn(aim), "lost"))

    # --- the reply --------------------------------------------------------------------------------------------------

    def _reply(self, aim: str) -> ReplyId:
        """The shell tells only of replies that it was told to start."""
        replies = self.promises.replies.all.items()
        started = [reply_id for reply_id, reply in replies if reply.started and not reply.beside]
        if aim == "current" and started:
            return started[-1]
        return started[0] if aim == "older" and started else ReplyId("resp_unknown")

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS, text=st.sampled_from(["", "Gladly. ", "One moment. "]))
    def model_writes(self, aim: str, text: str) -> None:
        self._send(events.ReplyTextGenerated(self._reply(aim), text))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS)
    def model_calls_a_tool(self, aim: str) -> None:
        self._send(events.ReplyToolCalled(self._reply(aim), CallId("c1"), "weather", "{}"))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS, cut=st.booleans())
    def model_is_done(self, aim: str, *, cut: bool) -> None:
        self._send(events.ReplyGenerated(self._reply(aim), cut, Usage(3, 2, 1)))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS, text=PIECES, length_ms=st.sampled_from([None, 0, 400, 1200]))
    def voice_speaks_a_piece(self, aim: str, text: str, length_ms: int | None) -> None:
        reply_id = self._reply(aim)
        reply = self.promises.replies.all.get(reply_id)
        if reply is not None and reply.modality is Modality.TEXT:
            return
        start_ms = self.ended_ms.get(reply_id, 0)
        self.ended_ms[reply_id] = start_ms + (length_ms if length_ms is not None else 300)
        self._send(events.PieceQueued(reply_id, text))
        self._send(events.PieceEnded(reply_id, start_ms))
        self._send(events.PieceStarted(reply_id, text, start_ms))
        if length_ms is not None:
            self._send(events.PieceEnded(reply_id, start_ms + length_ms))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS, share=st.sampled_from([0.0, 0.3, 0.8, 1.0]))
    def audio_is_played(self, aim: str, share: float) -> None:
        reply_id = self._reply(aim)
        self._send(events.PlaybackProgressed(reply_id, int(self.ended_ms.get(reply_id, 0) * share)))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS)
    def voice_falls_silent(self, aim: str) -> None:
        reply_id = self._reply(aim)
        self._send(events.ReplySpoken(reply_id, self.ended_ms.get(reply_id, 0)))

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(aim=AIMS)
    def reply_fails(self, aim: str) -> None:
        self._send(events.ReplyFailed(self._reply(aim), "gone"))

    @precondition(lambda self: self.promises.replies.behind)
    @rule(how=st.sampled_from(["writes", "writes much", "queues", "sounds", "calls", "ends", "fails"]))
    def an_answer_behind_the_gate_goes_on(self, how: str) -> None:
        reply_id = next(iter(self.promises.replies.behind))
        fact: dict[str, Event] = {
            "writes": events.ReplyTextGenerated(reply_id, "Gladly. "),
            "writes much": events.ReplyTextGenerated(reply_id, "Two tickets it is, and a coffee. "),
            "queues": events.PieceQueued(reply_id, "Gladly."),
            "sounds": events.VoiceBegan(reply_id),
            "calls": events.ReplyToolCalled(reply_id, CallId("c1"), "weather", "{}"),
            "ends": events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage(3, 2, 1)),
            "fails": events.ReplyFailed(reply_id, "gone"),
        }
        self._send(fact[how])

    # --- the client -------------------------------------------------------------------------------------------------

    @rule(changed=SETTINGS)
    def client_configures(self, changed: Settings) -> None:
        self._send(events.SessionConfigured(changed))

    @rule(buffered_ms=st.sampled_from([None, 0, 99, 100, 900, 900]))
    def client_uses_the_buffer(self, buffered_ms: int | None) -> None:
        cleared = buffered_ms is None
        self._send(events.AudioClearRequested() if cleared else events.AudioCommitRequested(buffered_ms or 0))

    def _item(self, aim: str) -> ItemId:
        """Current: the newest item; older: the oldest; unknown: the turn that is only being spoken, or nothing."""
        ids = self.promises.mirror.ids
        if aim != "unknown" and ids:
            return ids[-1 if aim == "current" else 0]
        turn = self.promises.turns.open
        return turn.item_id if turn is not None else ItemId("item_p00404")

    @rule(
        text=TEXTS,
        choice=st.sampled_from(["own", "own", "none", "taken", "next"]),
        kind=st.sampled_from(["user", "assistant", "call", "output"]),
        place=st.sampled_from(["end", "end", "front", "current", "older", "unknown"]),
    )
    def client_creates_an_item(self, text: str, choice: str, kind: str, place: str) -> None:
        self.create_count += 1
        count = len(self.promises.mirror.ids)
        item_id = {
            "own": ItemId(f"mine{self.create_count}"),
            "none": ItemId(""),
            "taken": self._item("current"),
            "next": ItemId(f"item_p{count + 1:05d}"),
        }[choice]
        item: Item = (
            Message(item_id, Role(kind), (Part(PartKind.INPUT_TEXT, text),))
            if kind in set(Role)
            else (
                FunctionCall(item_id, CallId("c1"), "weather", "{}")
                if kind == "call"
                else FunctionCallOutput(item_id, CallId("c1"), text)
            )
        )
        after = {"end": None, "front": ROOT}.get(place, self._item(place))
        self._send(events.ItemCreateRequested(item, after, EventId("e1")))

    @rule(aim=AIMS, deletes=st.booleans())
    def client_deletes_or_reads_an_item(self, aim: str, *, deletes: bool) -> None:
        item_id = self._item(aim)
        self._send(events.ItemDeleteRequested(item_id) if deletes else events.ItemRetrieveRequested(item_id))

    @precondition(lambda self: self.promises.replies.all)
    @rule(aim=AIMS, index=st.sampled_from([0, 0, 0, 1]), end_ms=st.sampled_from([-1, 0, 150, 700, 60_000]))
    def client_truncates_a_message(self, aim: str, index: int, end_ms: int) -> None:
        said = [reply.message.item_id for reply in self.promises.replies.all.values() if reply.message is not None]
        item_id = said[-1 if aim == "current" else 0] if said and aim != "unknown" else self._item(aim)
        self._send(events.ItemTruncateRequested(item_id, index, end_ms))

    @rule(modality=st.sampled_from([None, None, Modality.TEXT]))
    def client_asks_for_a_response(self, modality: Modality | None) -> None:
        self._send(events.ResponseRequested(ReplyOptions(modality=modality)))

    @rule(modality=st.sampled_from(Modality), aim=st.sampled_from(["none", "current", "unknown"]))
    def client_asks_for_a_response_beside(self, modality: Modality, aim: str) -> None:
        named = None if aim == "none" else (ItemReference(self._item(aim)),)
        self._send(events.ResponseRequested(ReplyOptions(modality=modality, in_conversation=False, input=named)))

    @rule(interruptible=st.booleans(), named=st.booleans())
    def client_forces_words(self, *, interruptible: bool, named: bool) -> None:
        self.create_count += 1
        item_id = ItemId(f"mine{self.create_count}") if named else None
        self._send(events.ForceMessageRequested("One moment.", interruptible, item_id=item_id))

    @rule(taken=st.booleans())
    def client_creates_an_item_with_sound(self, *, taken: bool) -> None:
        self.create_count += 1
        item_id = self._item("current") if taken else ItemId(f"mine{self.create_count}")
        parts = (Part(PartKind.INPUT_TEXT, "Listen:"), Part(PartKind.INPUT_AUDIO, None))
        self._send(events.ItemCreateRequested(Message(item_id, Role.USER, parts), None, None, self.create_count))

    @precondition(lambda self: self.promises.replies.beside)
    @rule(how=st.sampled_from(["writes", "calls", "speaks", "ends", "ends", "fails", "cancelled"]))
    def a_reply_beside_goes_on(self, how: str) -> None:
        reply_id = next(iter(self.promises.replies.beside))
        fact: dict[str, Event] = {
            "writes": events.ReplyTextGenerated(reply_id, "Gladly. "),
            "calls": events.ReplyToolCalled(reply_id, CallId("c1"), "weather", "{}"),
            "speaks": events.PieceStarted(reply_id, "Gladly.", 0),
            "fails": events.ReplyFailed(reply_id, "gone"),
            "cancelled": events.ResponseCancelRequested(reply_id),
        }
        if how == "speaks" and self.promises.replies.beside[reply_id].modality is Modality.TEXT:
            return
        if how == "ends":
            self.a_reply_beside_ends()
        else:
            self._send(fact[how])

    @precondition(lambda self: self.promises.replies.all)
    @rule(aim=st.sampled_from(["any", "current", "older", "unknown"]))
    def client_cancels_the_response(self, aim: str) -> None:
        self._send(events.ResponseCancelRequested(None if aim == "any" else self._reply(aim)))

    @precondition(lambda self: self.promises.replies.all)
    @rule(earnestly=st.sampled_from([False] * 9 + [True]))
    def server_ends_the_call(self, *, earnestly: bool) -> None:
        if earnestly:
            self._send(events.CallEndRequested("expired"))

    # --- whole chapters, so that the runs reach far -----------------------------------------------------------------

    @rule(text=TEXTS)
    def caller_takes_a_turn(self, text: str) -> None:
        self.speech_starts()
        self.time_passes(0.3)
        self.speech_pauses(0)
        self.time_passes(20.0)
        self.words_come("current", text)

    @rule(ago_ms=st.sampled_from([0, 100]), goes_on=st.booleans())
    def caller_hesitates(self, ago_ms: int, *, goes_on: bool) -> None:
        self.speech_starts()
        self.time_passes(0.3)
        self.speech_pauses(ago_ms)
        if goes_on:
            self.time_passes(0.05)
            self.speech_goes_on()
            self.time_passes(0.3)
            self.speech_pauses(ago_ms)

    @rule(over=st.booleans(), first=TEXTS, second=TEXTS, aims=st.permutations(["current", "older"]))
    def caller_speaks_again_before_the_words(self, first: str, second: str, aims: list[str], *, over: bool) -> None:
        for is_over in (True, over):
            self.speech_starts()
            self.time_passes(0.3)
            self.speech_pauses(0)
            if is_over:
                self.time_passes(5.0)
        for aim, text in zip(aims, (first, second), strict=True):
            self.words_come(aim, text)

    @precondition(lambda self: self.promises.replies.active is not None)
    @rule(text=PIECES)
    def agent_begins_to_speak(self, text: str) -> None:
        self.model_writes("current", text)
        self.voice_speaks_a_piece("current", text, 1200)
        self.audio_is_played("current", 0.3)

    @rule(text=TEXTS, spoken_ms=st.sampled_from([96, 600]), sure=st.booleans())
    def caller_talks_over_the_agent(self, text: str, spoken_ms: int, *, sure: bool) -> None:
        self._send(events.SpeechSuspected())
        self.speech_starts()
        self._send(events.SpeechMeasured(spoken_ms))
        if self.promises.turns.open is None:
            return
        for _ in range(2 * sure):
            self.interim_words_come("current", text, fading=False)
        self.time_passes(0.3)
        self.speech_pauses(0)
        self.words_come("current", text)

    @rule(
        texts=st.lists(TEXTS, min_size=1, max_size=3),
        how=st.sampled_from(["nothing", "writes", "writes much", "ends", "fails", "calls"]),
        over=st.booleans(),
    )
    def caller_pauses_between_words(self, texts: list[str], how: str, *, over: bool) -> None:
        self.speech_starts()
        for text in texts:
            if self.promises.turns.open is None:
                return
            self.speech_goes_on()
            self.time_passes(0.3)
            self.speech_pauses(0)
            self.words_come("current", text)
            if self.promises.replies.behind and how != "nothing":
                self.an_answer_behind_the_gate_goes_on(how)
        if over:
            self.time_passes(5.0)

    @rule(
        texts=st.lists(TEXTS, min_size=1, max_size=3),
        how=st.sampled_from(["nothing", "writes", "writes much", "ends", "calls"]),
        fading=st.sampled_from([True, True, False]),
        same=st.booleans(),
        over=st.booleans(),
    )
    def caller_speaks_word_by_word(self, texts: list[str], how: str, *, fading: bool, same: bool, over: bool) -> None:
        self.speech_starts()
        for text in texts:
            if self.promises.turns.open is None:
                return
            self.interim_words_come("current", text, fading=fading)
            if self.promises.replies.behind and how != "nothing":
                self.an_answer_behind_the_gate_goes_on(how)
            self.time_passes(0.3)
        self.speech_pauses(0)
        self.words_come("current", texts[-1] if same else texts[0])
        if over:
            self.time_passes(5.0)

    def a_reply_beside_ends(self) -> None:
        reply_id = next(iter(self.promises.replies.beside))
        self._send(events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage(3, 2, 1)))
        self._send(events.ReplySpoken(reply_id, 300))

    # --- the end ----------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """When everything that was begun has been answered, nothing is left open, owed or waited for."""
        if not getattr(self, "sound", False):
            return  # what was found says more than what follows from it
        for _ in range(PATIENCE_OF_A_DRAIN):
            if not self._drain_a_little():
                break
        assert self.promises.replies.active is None, "a reply that never ends"
        assert self.promises.end.over == self.conversation.ended
        if self.promises.end.over:
            return
        assert not self.promises.end.closing, "a call that never ends"
        assert self.promises.turns.open is None, "a turn that never ends"
        assert self.promises.turns.committed == self.promises.turns.settled, "a turn whose words never came"
        assert self.promises.replies.behind == {}, "an answer that was begun, and never wanted or thrown away"
        assert self.promises.owed == [], "something that was owed never came"
        assert self.conversation.next_deadline is None, "waiting for nothing"

    def _drain_a_little(self) -> bool:
        turns, reply = self.promises.turns, self.promises.replies.active
        due = self.conversation.next_deadline
        if self.promises.end.over:
            return False
        if turns.open is not None:
            self._send(events.AudioCommitRequested(0))
        elif turns.asked:
            self.words_come("current", "yes")
        elif self.promises.may_speak_up:
            detection = ServerVad() if self.promises.settings.turn_detection is not None else None
            self._send(events.SessionConfigured(replace(self.promises.settings, turn_detection=detection)))
        elif self.promises.replies.beside:
            self.a_reply_beside_ends()
        elif reply is not None and reply.started:
            self.model_is_done("current", cut=False)
            self.voice_falls_silent("current")
        elif due is not None:
            self.now = max(self.now, due)
            self._send(events.DeadlineReached())
        else:
            return False
        return True


AnyConversation.TestCase.settings = thorough
TestAnyConversation = AnyConversation.TestCase
