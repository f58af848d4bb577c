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
    ),
    PlantedBug(
        "an answer that was begun is told before the turn is over",
        "replying.py",
        """            if not self.speculating.handle(fact):
                self.beside.handle(fact)
""",
        "            self.beside.handle(fact)\n",
    ),
    PlantedBug(
        "nobody opens the gate",
        "replying.py",
        "        self._call.order(OpenGate(reply.reply_id))\n",
        "",
    ),
    PlantedBug(
        "what an answer did behind the gate is lost when it opens",
        "replying.py",
        """        for fact in begun.facts:
            self.handle(fact)
""",
        "",
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
    ),
    PlantedBug(
        "an answer that nobody wants goes on being generated",
        "speculating.py",
        "            self._call.order(CancelReply(self._behind.reply_id))\n",
        "",
    ),
    PlantedBug(
        "a turn that is not answered leaves the answer that was begun to itself",
        "words.py",
        """            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))
        self._replying.speculating.settle(turn.item_id)
""",
        "            self._replying.answer(ReplyOptions(), ReplyMarks(marks, turn.item_id))\n",
    ),
    PlantedBug(
        "clearing the input leaves the answer that was begun to itself",
        "turn_taking.py",
        """        self._call.deadlines.clear(Deadline.TURN_END)
        self._replying.speculating.drop()
""",
        "        self._call.deadlines.clear(Deadline.TURN_END)\n",
    ),
    PlantedBug(
        "answers are begun in one turn without end",
        "speculating.py",
        "        self._tries += 1\n",
        "",
    ),
    PlantedBug(
        "what was thrown away never keeps another answer from being begun",
        "speculating.py",
        "        return self._wasted_tokens < limits.wasted_tokens_per_turn\n",
        "        return True\n",
    ),
    PlantedBug(
        "what a turn wasted is told of the next one too",
        "speculating.py",
        "if item_id is not None and item_id == self._item_id else 0",
        "if item_id is not None else 0",
    ),
    PlantedBug(
        "an answer is begun over the agent's own voice",
        "replying.py",
        "if not words or self.active is not None or waits or self.ending.closing:",
        "if not words or waits or self.ending.closing:",
    ),
    PlantedBug(
        "an answer is begun although an earlier turn has no words yet",
        "replying.py",
        """        waits = self._waiting is not None or self._forced or self._awaited
        if not words""",
        """        waits = self._waiting is not None or self._forced
        if not words""",
    ),
    PlantedBug(
        "a percent sign does not sound",
        "speculating.py",
        '_SPOKEN_PUNCTUATION = frozenset("\'%@&#*/")',
        '_SPOKEN_PUNCTUATION = frozenset("\'")',
    ),
    PlantedBug(
        "an answer that fails behind the gate is waited for",
        "speculating.py",
        "            self._forget(behind)  # the reply",
        "            pass  # the reply",
    ),
    PlantedBug(
        "the last answer is begun without its goodbye",
        "replying.py",
        "self.speculating.begin(item_id, words, self.ending.next_turn)",
        "self.speculating.begin(item_id, words, ())",
    ),
    PlantedBug(
        "the caller is not heard over the agent before the words are sure",
        "turn_taking.py",
        "        turn.tentative = contested\n",
        "        turn.tentative = False\n",
    ),
    PlantedBug(
        "a suspicion that was none leaves the voice soft",
        "turn_taking.py",
        """            case SuspicionCleared():
                if self._open is None:
                    self._overlap.release()
""",
        """            case SuspicionCleared():
                pass
""",
    ),
    PlantedBug(
        "a backchannel leaves the voice held",
        "overlap.py",
        """        if self._reply_id is not None and self.concerns_active_reply and not self._released:
            self._call.order(ResumeReply(self._reply_id))
        self.forget()
""",
        "        self.forget()\n",
    ),
    PlantedBug(
        "a backchannel keeps the floor",
        "turn_taking.py",
        """        self._overlap.release()
        self._release_floor()
        self._replying.floor_released()
""",
        "        self._overlap.release()\n",
    ),
    PlantedBug(
        "a reply that waits begins under the caller's voice",
        "turn_taking.py",
        "            self._replying.caller_has_floor = True  # nothing else",
        "            pass  # nothing else",
    ),
    PlantedBug(
        "a turn over a reply that is over waits for a confirmation",
        "turn_taking.py",
        """        elif self._open.tentative and not self._overlap.concerns_active_reply:
            self._confirm(self._open)
""",
        "",
    ),
    PlantedBug(
        "a turn is confirmed in a call that has ended",
        "turn_taking.py",
        """        if self._replying.ending.due:
            return
        if self._open is None:""",
        "        if self._open is None:",
    ),
    PlantedBug(
        "a reply that may not be interrupted any more stays held",
        "turn_taking.py",
        """            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()
""",
        "            self._replying.interrupt(EndReason.TURN_DETECTED)\n",
    ),
    PlantedBug(
        "the silence of a turn that is confirmed late is not counted",
        "turn_taking.py",
        """        if turn.state is TurnState.PAUSED:
            self._wait_for_end(turn)

    def _discard""",
        """
    def _discard""",
    ),
    PlantedBug(
        "faint speech holds the voice",
        "overlap.py",
        "if self._held or self._released or faint or",
        "if self._held or self._released or",
    ),
    PlantedBug(
        "a goodbye that is interrupted in earnest is followed by a turn",
        "turn_taking.py",
        """        if self._replying.ending.closing:
            self._replying.interrupt(EndReason.TURN_DETECTED)
            self._discard(turn)
            return
        self._take_floor(turn)
""",
        "        self._take_floor(turn)\n",
    ),
    PlantedBug(
        "the client is told of a turn that is not confirmed",
        "turns.py",
        'return "" if self.tentative else self._tell(self._stable_text)',
        "return self._tell(self._stable_text)",
    ),
    PlantedBug(
        "a turn that the client ends is told as judged over by the silence",
        "turn_taking.py",
        "            self._open.reason = EndpointReason.COMMITTED\n",
        "",
    ),
    PlantedBug(
        "an acknowledgement of nothing counts as the first sound played",
        "timing.py",
        "if marks.first_played_at is None and played_ms > 0",
        "if marks.first_played_at is None",
    ),
)
