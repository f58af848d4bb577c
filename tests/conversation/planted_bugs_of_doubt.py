"""Bugs planted where the core is in doubt: answers begun behind a gate, and sound over the agent's voice."""

from __future__ import annotations

from planted_bug import PlantedBug

BUGS_OF_DOUBT = (
    PlantedBug(
        "an answer begun for other words is given",
        "speculating.py",
        """        if not _same(behind.order, order):
            self.drop()
            return None
""",
        "",
        noticed_by="speculation",
    ),
    PlantedBug(
        "an answer that was begun is told before the turn is over",
        "replying.py",
        """            if not self.speculating.handle(fact):
                self.beside.handle(fact)
""",
        "            self.beside.handle(fact)\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "nobody opens the gate",
        "replying.py",
        "        self._call.order(OpenGate(reply.reply_id))\n",
        "",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "what an answer did behind the gate is lost when it opens",
        "replying.py",
        """        for fact in begun.facts:
            self.handle(fact)
""",
        "",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "what an answer did behind the gate happens before the client knows of it",
        "replying.py",
        """        self._call.tell(ReplyCreated(reply.snapshot()))
        self._call.order(OpenGate(reply.reply_id))
        for fact in begun.facts:
            self.handle(fact)
""",
        """        for fact in begun.facts:
            self.handle(fact)
        self._call.tell(ReplyCreated(reply.snapshot()))
        self._call.order(OpenGate(reply.reply_id))
""",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an answer that nobody wants goes on being generated",
        "speculating.py",
        "            self._call.order(CancelReply(self._behind.reply_id))\n",
        "",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "a turn that is not answered leaves the answer that was begun to itself",
        "words.py",
        """            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))
        self._replying.speculating.settle(turn.item_id)
""",
        "            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))\n",
        noticed_by="speculation",
    ),
    PlantedBug(
        "clearing the input leaves the answer that was begun to itself",
        "turn_taking.py",
        """        self._replying.speculating.drop()
        self._overlap.release()
""",
        "        self._overlap.release()\n",
        noticed_by="speculation",
    ),
    PlantedBug(
        "answers are begun in one turn without end",
        "speculating.py",
        "        self._tries += not early\n",
        "",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "what was thrown away never keeps another answer from being begun",
        "speculating.py",
        "        return self._wasted_tokens < limits.wasted_tokens_per_turn // (2 if early else 1)\n",
        "        return True\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "what a turn wasted is told of the next one too",
        "speculating.py",
        "if item_id is not None and item_id == self._item_id else 0",
        "if item_id is not None else 0",
        noticed_by="timing",
    ),
    PlantedBug(
        "an answer is begun over the agent's own voice",
        "replying.py",
        "taken = self.active is not None or not self.waiting.nothing or",
        "taken = not self.waiting.nothing or",
        noticed_by="speculation",
    ),
    PlantedBug(
        "an answer is begun although an earlier turn has no words yet",
        "waiting.py",
        "return self.reply is None and not self.forced and not self._words_of",
        "return self.reply is None and not self.forced",
        noticed_by="speculation",
    ),
    PlantedBug(
        "a percent sign does not sound",
        "speculating.py",
        '_SPOKEN_PUNCTUATION = frozenset("\'%@&#*/")',
        '_SPOKEN_PUNCTUATION = frozenset("\'")',
        noticed_by="speculation",
    ),
    PlantedBug(
        "an answer that fails behind the gate is waited for",
        "speculating.py",
        "            self._forget(behind)  # the reply",
        "            pass  # the reply",
        noticed_by="speculation",
    ),
    PlantedBug(
        "the last answer is begun without its goodbye",
        "replying.py",
        "self.speculating.begin(item_id, words, self.ending.next_turn,",
        "self.speculating.begin(item_id, words, (),",
        noticed_by="speculation",
    ),
    PlantedBug(
        "the caller is not heard over the agent before the words are sure",
        "turn_taking.py",
        "        turn.tentative = contested\n",
        "        turn.tentative = False\n",
        noticed_by="interruptions",
    ),
    PlantedBug(
        "a suspicion that was none leaves the voice soft",
        "turn_taking.py",
        "                self.tentative.clear_suspicion()\n",
        "                pass\n",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a backchannel leaves the voice held",
        "overlap.py",
        """        if self._reply_id is not None and self.concerns_active_reply and not self._released:
            self._call.order(ResumeReply(self._reply_id))
        self.forget()
""",
        "        self.forget()\n",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a backchannel keeps the floor",
        "tentative.py",
        "        self._floor.give_back()\n",
        "        self._overlap.release()\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "a reply that waits begins under the caller's voice",
        "floor.py",
        """        self.turn = turn
        self._replying.caller_has_floor = True
""",
        """        self.turn = turn
        self._replying.caller_has_floor = not turn.tentative
""",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "a turn over a reply that is over waits for a confirmation",
        "tentative.py",
        """            elif self.turn is not None and not self._overlap.concerns_active_reply:
                self.confirm(self.turn)
""",
        "",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a turn is confirmed in a call that has ended",
        "tentative.py",
        "        if not self._replying.ending.due:\n",
        "        if True:\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "a reply that may not be interrupted any more stays held",
        "floor.py",
        """            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()
""",
        "            self._replying.interrupt(EndReason.TURN_DETECTED)\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "the silence of a turn that is confirmed late is not counted",
        "tentative.py",
        """        if turn.state is TurnState.PAUSED:
            self._ends.weigh(turn)
""",
        "",
        noticed_by="overlap",
    ),
    PlantedBug(
        "faint speech holds the voice",
        "overlap.py",
        "if self._held or self._released or faint or",
        "if self._held or self._released or",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a goodbye that is interrupted in earnest is followed by a turn",
        "tentative.py",
        """        if self._replying.ending.closing:
            self._replying.interrupt(EndReason.TURN_DETECTED)
            self._discard(turn)
            return
""",
        "",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "the client is told of a turn that is not confirmed",
        "turn_taking.py",
        """        turn.interim.grow(fact.text)
        if turn.tentative:
""",
        """        turn.interim.grow(fact.text)
        if delta := turn.interim.tell_stable():
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        if turn.tentative:
""",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a turn that the client ends is told as judged over by the silence",
        "turn_taking.py",
        "            self._floor.turn.reason = EndpointReason.COMMITTED\n",
        "",
        noticed_by="timing",
    ),
    PlantedBug(
        "a voice is held for ever when the caller's sound stops coming",
        "tentative.py",
        """        if self.turn is not None:
            self._wait()
""",
        "",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a caller who speaks for long over the agent is taken for noise",
        "tentative.py",
        """            self.heard()
            self._overlap.measure(fact)
""",
        "            self._overlap.measure(fact)\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "what is made again and again of a sound that has stopped coming keeps the voice held",
        "tentative.py",
        "        verdict = self._overlap.judge(words, final=final)\n",
        "        self.heard()\n        verdict = self._overlap.judge(words, final=final)\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "speech whose words come late is taken for noise",
        "tentative.py",
        """        if turn is not None and turn.state is TurnState.PAUSED:
            self.confirm(turn)
        elif turn is not None:""",
        "        if turn is not None:",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "the conversation waits for what is no longer in doubt",
        "tentative.py",
        """        if self.turn is None and not self._overlap.concerns_active_reply:
            self._call.deadlines.clear(Deadline.DOUBT)
""",
        "",
        noticed_by="overlap",
    ),
    PlantedBug(
        "a suspicion of which nothing more is heard leaves the voice soft",
        "tentative.py",
        """            self._overlap.duck()
            self._wait()
""",
        "            self._overlap.duck()\n",
        noticed_by="overlap_meanwhile",
    ),
    PlantedBug(
        "an answer begun while the caller speaks costs a try",
        "speculating.py",
        "        self._tries += not early\n",
        "        self._tries += 1\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "answers begun while the caller speaks may waste all that may be wasted",
        "speculating.py",
        "limits.wasted_tokens_per_turn // (2 if early else 1)",
        "limits.wasted_tokens_per_turn",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an answer is begun to words in mid-speech",
        "anticipating.py",
        "not fading or breaks_off(words) or",
        "breaks_off(words) or",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "interim words that break off are answered",
        "anticipating.py",
        "not fading or breaks_off(words) or",
        "not fading or",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "the model reads the word that may be revised",
        "anticipating.py",
        'self._read(turn, words.rpartition(" ")[0])',
        "self._read(turn, words)",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "the model reads the same words again with every interim transcript",
        "anticipating.py",
        "        if self._read_ahead != (turn.item_id, words):\n",
        "        if True:\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an interim transcript that is only shorter throws the answer away",
        "anticipating.py",
        "self._replying.speculating.doubt(words, so_far=True)",
        "self._replying.speculating.doubt(words)",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an interim transcript that is only shorter begins another answer",
        "speculating.py",
        "behind.answers(heard, so_far=early)",
        "behind.answers(heard, so_far=False)",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an answer to more words than there were at the pause is kept",
        "speculating.py",
        "behind.answers(heard, so_far=early)",
        "behind.answers(heard, so_far=True)",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an answer to more words than there were is kept at a pause where they break off",
        "anticipating.py",
        "            self._replying.speculating.doubt(words)\n",
        "            self._replying.speculating.doubt(words, so_far=True)\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "half a word counts as the beginning of what is answered",
        "speculating.py",
        'self.words.startswith(f"{heard} ")',
        "self.words.startswith(heard)",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "words that break off are not answered although the turn is surely over",
        "turn_taking.py",
        "                self._anticipating.assessed(turn)\n",
        "                pass\n",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "words that break off are answered whatever the turn detector believes",
        "anticipating.py",
        "return turn.pause.probability is not None and turn.pause.probability >= SURE",
        "return turn.pause.probability is not None",
        noticed_by="early_answers",
    ),
    PlantedBug(
        "an acknowledgement of nothing counts as the first sound played",
        "timing.py",
        "if marks.first_played_at is None and played_ms > 0",
        "if marks.first_played_at is None",
        noticed_by="timing",
    ),
)
