"""Bugs that were planted on purpose: what somebody might write one day, and the core's tests must notice.

Each is a sentence about what goes wrong, a file of the core, the line as it is and the line as it would be. Some of
them were real. `test_planted_bugs` plants them one by one; a bug whose line is no longer found must be adapted.
"""

from __future__ import annotations

from planted_bug import PlantedBug
from planted_bugs_of_doubt import BUGS_OF_DOUBT
from planted_bugs_of_tools import BUGS_OF_TOOLS
from planted_bugs_of_words import BUGS_OF_WORDS

PLANTED_BUGS = (
    # --- what was heard ---
    PlantedBug(
        "an interrupted agent remembers what it never got to say",
        "delivering.py",
        "return reply.ledger.text_until(reply.played_ms)",
        "return reply.ledger.text",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "what never came to the voice is not told as generated",
        "delivering.py",
        "generated = reply.generated_text",
        "generated = reply.ledger.text",
    ),
    PlantedBug(
        "words for the wait that came too late are told as generated twice",
        "replies.py",
        "and not own.startswith(wait)",
        "",
    ),
    PlantedBug(
        "a word of which half was heard counts as heard",
        "heard.py",
        'cut = cut.rpartition(" ")[0]',
        "cut = cut.rstrip()",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "a client that claims to have played more than there was is believed",
        "commands.py",
        "audio_end_ms = min(command.audio_end_ms, ledger.end_ms)",
        "audio_end_ms = command.audio_end_ms",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "a reply that the client truncates is cut where the server thinks it was",
        "commands.py",
        "            active.played_ms = audio_end_ms\n",
        "",
        noticed_by="barge_in",
    ),
    # --- who has the floor ---
    PlantedBug(
        "a reply that is interrupted before its first sound goes on being generated",
        "delivering.py",
        "if reply.state is not ReplyState.QUEUED and end.reason in CUT_SHORT:",
        "if reply.state is ReplyState.SPEAKING and end.reason in CUT_SHORT:",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "callers interrupt agents that may not be interrupted",
        "interruptions.py",
        "return settings.turn_detection.interrupt_response",
        "return True",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "a waiting reply begins the moment the caller interrupts the one before it",
        "floor.py",
        """        self.turn = turn
        self._replying.caller_has_floor = True
""",
        """        self.turn = turn
        self._replying.caller_has_floor = turn.tentative
""",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "the greeting talks over a caller who spoke first",
        "floor.py",
        """        self._call.deadlines.clear(Deadline.GREETING)
        self._call.tell(CallerSpeechStarted(""",
        """        self._call.tell(CallerSpeechStarted(""",
        noticed_by="joining",
    ),
    PlantedBug(
        "a session that wants no responses gets them",
        "settings.py",
        "return self.turn_detection is not None and self.turn_detection.create_response and not self.only_transcribes",
        "return self.turn_detection is not None and not self.only_transcribes",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "a cough is answered",
        "words.py",
        "if text and item is not None and not turn.recorded",
        "if item is not None and not turn.recorded",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "an answer that waited for the floor is given although another has answered meanwhile",
        "replying.py",
        """        self.waiting.take()
        self._begin(request)
""",
        """        self._begin(request)
""",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "two turns in quick succession are answered twice",
        "replying.py",
        """        elif self.active is not None and self.active.state is ReplyState.QUEUED:
            self.active.marks = marks.later(self.active.marks)
        else:""",
        """        else:""",
        noticed_by="overlapping_turns",
    ),
    PlantedBug(
        "a turn that is thrown away leaves the answer to the one before waiting for ever",
        "floor.py",
        """        self.release()
        self._replying.floor_released()
""",
        """        self.release()
""",
        noticed_by="overlapping_turns",
    ),
    # --- late results ---
    PlantedBug(
        "what a cancelled reply still sends is taken for the reply under way",
        "replying.py",
        "if reply is None or reply.reply_id != fact.reply_id:",
        "if reply is None:",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "words of an older pause are taken for the whole turn",
        "words.py",
        "if turn is not None and turn.pause.number == fact.pause:",
        "if turn is not None:",
        noticed_by="transcripts",
    ),
    PlantedBug(
        "words heard at a pause are kept although the caller went on",
        "turns.py",
        "        self.pause = Pause(self.pause.number)\n",
        "        self.pause.probability = None\n",
        noticed_by="turn_words",
    ),
    PlantedBug(
        "a belief that comes after the caller went on ends the turn in the middle of a word",
        "turn_taking.py",
        "asked = turn is not None and turn.state is TurnState.PAUSED and turn.asked(item_id, pause)",
        "asked = turn is not None and turn.asked(item_id, pause)",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a transcription that failed at a pause is never tried again",
        "turn_ends.py",
        "asked = turn.state is TurnState.PAUSED and not turn.pause.failed",
        "asked = turn.state is TurnState.PAUSED",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a reply whose words are lost waits for them for ever",
        "words.py",
        """        self._replying.speculating.settle(turn.item_id)
        self._replying.words_arrived(turn.item_id)

    def finish""",
        """        self._replying.speculating.settle(turn.item_id)

    def finish""",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "a reply starts before the words that it is to answer",
        "words.py",
        "        self._replying.waiting.await_words(turn.item_id)\n",
        "",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "nobody comes back when words take too long",
        "replying.py",
        """            if awaits_words:
                self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)
""",
        "",
        noticed_by="manual_turns",
    ),
    # --- the caller's turn ---
    PlantedBug(
        "silence is counted from when the pause was noticed",
        "turn_ends.py",
        "at = pause.spoken_until + judged.patience_ms",
        "at = self._call.now + judged.patience_ms",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "the patience of a pause runs on when the caller goes on",
        "turn_taking.py",
        """        self.tentative.heard()
        self._call.deadlines.clear(Deadline.TURN_END)
""",
        """        self.tentative.heard()
""",
        noticed_by="speculation",
    ),
    PlantedBug(
        "a turn stays open for ever when turn detection is taken away",
        "machine.py",
        """        if settings.turn_detection is None:
            self._turns.end_open_turn()
""",
        "",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "interim words are told before they are sure",
        "interim_words.py",
        "self._stable = _common_words(self.latest, text)",
        "self._stable = text",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "interim words that were told are told anew when they change",
        "interim_words.py",
        "if not text.startswith(self.told) or len(text) <= len(self.told):",
        "if len(text) <= len(self.told):",
        noticed_by="transcripts",
    ),
    PlantedBug(
        "a commit of exactly a tenth of a second is refused",
        "turn_taking.py",
        "command.buffered_ms < MINIMUM_COMMIT_MS:",
        "command.buffered_ms <= MINIMUM_COMMIT_MS:",
        noticed_by="manual_turns",
    ),
    # --- what is told and kept ---
    PlantedBug(
        "a reply that hit its limit is told as complete",
        "delivering.py",
        "cut = reply.generated is not None and reply.generated.cut_at_limit",
        "cut = False",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "an agent that says something before its tool call refuses the response that follows it",
        "replies.py",
        "return self.functions + self.hosted > 0",
        "return self.message_id is None",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "the waterfall counts from the end of the turn, not from the end of the speech",
        "timing.py",
        "zero = turn.spoken_until",
        "zero = turn.ended_at",
        noticed_by="overlapping_turns",
    ),
    PlantedBug(
        "an item that is put behind another lands before it",
        "history.py",
        "position = self._behind_untold(self._order.index(after) + 1)",
        "position = self._behind_untold(self._order.index(after))",
        noticed_by="conversation_items",
    ),
    PlantedBug(
        "the agent gives its message an id that the client has used",
        "call.py",
        "        while self.history.is_taken(item_id):\n            item_id = self.ids.next_item()\n",
        "",
        noticed_by="call_endings",
    ),
    # --- the end of the call ---
    PlantedBug(
        "the last answer is asked for one turn late",
        "ending.py",
        "self._turns >= limit",
        "self._turns > limit",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "every answer after a function call counts as a turn",
        "ending.py",
        "        if heard - self._seen:\n",
        "        if heard:\n",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "a caller who speaks over a goodbye that may not be interrupted takes another turn",
        "turn_taking.py",
        "        if self._replying.ending.closing and not contested:\n",
        "        if False:\n",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "a last answer that calls a function ends the call before it has said anything",
        "ending.py",
        "        elif reply.called_tools:\n",
        "        elif reply.called_tools and not self.closing:\n",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "the call ends while the last sound of the goodbye is on its way",
        "ending.py",
        "        else:\n            self._farewell()",
        "        else:\n            self.end(MAX_TURNS)",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "an answer that waited for the floor begins although the server ends the call",
        "replying.py",
        "        if self.ending.due:\n            return\n",
        "",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "a call that has ended goes on answering",
        "machine.py",
        "        if self._replying.ending.over:\n            return []\n",
        "",
        noticed_by="call_endings",
    ),
    PlantedBug(
        "the client puts an item into the call under an id of an earlier call",
        "history.py",
        "        if self.is_taken(item.item_id):\n            raise DuplicateItemError(item.item_id)\n        if after",
        "        if item.item_id in self._items:\n            raise DuplicateItemError(item.item_id)\n        if after",
        noticed_by="call_endings",
    ),
    # --- beside the conversation, forced, silent ---
    PlantedBug(
        "what is said beside the conversation is remembered in it",
        "beside.py",
        "reply_for(self._call, options, History())",
        "reply_for(self._call, options, self._call.history)",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a response beside the conversation is refused while the agent speaks",
        "reply_commands.py",
        "        if not options.in_conversation:\n",
        "        if not options.in_conversation and active is None:\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a client may ask for any number of responses beside the conversation",
        "beside.py",
        "        if len(self._replies) >= MAXIMUM_AT_ONCE:\n",
        "        if False:\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a response beside the conversation goes on when the call has ended",
        "machine.py",
        "            self._replying.beside.end_all()\n",
        "            pass\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "cancelling a response beside the conversation cancels the one that has the floor",
        "reply_commands.py",
        """        if reply_id is not None and self._replying.beside.cancel(reply_id):
            return
        active = self._replying.active
        if active is None or (reply_id is not None and reply_id != active.reply_id):
""",
        """        active = self._replying.active
        if active is None:
""",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a response with an input of its own sees the whole conversation",
        "call.py",
        "        if options.input is None:\n",
        "        if not options.input:\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a caller interrupts what may not be interrupted",
        "interruptions.py",
        "if reply is None or not reply.interruptible or",
        "if reply is None or",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "forced words wait for the words of the caller",
        "replying.py",
        "awaits_words = self.waiting.awaits_words and reply.script is None",
        "awaits_words = self.waiting.awaits_words",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "forced words that wait are never said",
        "replying.py",
        """        if not self.caller_has_floor:
            self.say_forced()
        if self.waiting.reply is not None and""",
        """        if self.waiting.reply is not None and""",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a second response that waits takes the place of the first without a word",
        "reply_commands.py",
        "active.goes_on_with_tools and not waiting.was_asked and not tools_run:",
        "active.goes_on_with_tools and not tools_run:",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a response that waits for words waits for ever",
        "replying.py",
        """        elif self.waiting.reply is not None:
            self._call.deadlines.set(Deadline.TRANSCRIPT, self._call.now + TRANSCRIPT_PATIENCE_SECONDS)
""",
        "",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "the client's player is told to fall silent only after the reply's end",
        "floor.py",
        """        self._call.tell(CallerSpeechStarted(turn.item_id, turn.audio_start_ms))
        if speech_interrupts(self._call.settings, self._replying.active):
            self._overlap.forget()
            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()
""",
        """        if speech_interrupts(self._call.settings, self._replying.active):
            self._overlap.forget()
            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()
        self._call.tell(CallerSpeechStarted(turn.item_id, turn.audio_start_ms))
""",
        noticed_by="barge_in",
    ),
    PlantedBug(
        "the agent speaks up although its client is at work on a function call",
        "silence.py",
        "counts = self._replying.quiet and not (last is not None and last.called_functions)",
        "counts = self._replying.quiet",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "the agent speaks up before anybody has said anything",
        "silence.py",
        "self._timeout_ms if counts and last is not None else None",
        "self._timeout_ms if counts else None",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "the silence is counted while the caller speaks",
        "replying.py",
        "floor_is_free = self.active is None and not self.caller_has_floor",
        "floor_is_free = self.active is None",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "sound in an item is answered as if it were a turn",
        "words.py",
        "if text and item is not None and not turn.recorded and",
        "if text and item is not None and",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "the words of sound in an item land in its first part",
        "words.py",
        "turn.recorded, turn.content_index = True, untranscribed_part(item) or 0",
        "turn.recorded, turn.content_index = True, 0",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a transcription session gets a response that its client asks for",
        "reply_commands.py",
        "        if self._call.settings.only_transcribes:\n",
        "        if False:\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "calls that were made together are told to the model one by one",
        "history.py",
        "        if together and message.calls and same:\n",
        "        if False:\n",
        noticed_by="beside_and_forced",
    ),
    PlantedBug(
        "a long conversation is cut to exactly the limit, so that every turn empties the prompt cache",
        "prompt_truncation.py",
        "tokens > limit * truncation.retention_ratio or",
        "tokens > limit or",
        noticed_by="beside_and_forced",
    ),
    *BUGS_OF_DOUBT,
    *BUGS_OF_TOOLS,
    *BUGS_OF_WORDS,
)
