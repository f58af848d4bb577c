"""The caller's sound over the agent's voice, while it is not known whether it means to interrupt.

In two steps (`Interruption.CONFIRMED`): at the first sound that may be speech the voice is ducked; when it has lasted
as long as a short word, the voice is held. Then the words decide (`interruptions.py`): the reply is stopped, or goes on
at the sample at which it was held. Owned by `TurnTaking`, whose tentative turn this is about.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.events import SpeechMeasured
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.interruptions import FAINT_DB, Overheard, Verdict, judged, speech_interrupts
from vivavoce.conversation.orders import DuckReply, HoldReply, ResumeReply
from vivavoce.conversation.replies import ReplyState
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.settings import Interruption

HOLD_AFTER_MS = 128
"""Sound that has lasted so long holds the voice."""

HARMLESS_AFTER_MS = 240
"""Sound that has lasted so long and is a backchannel so far lets the voice go on before it has ended."""

WORDLESS_AFTER_MS = 400
"""Sound that has lasted so long and of which still no word is known is taken for none: the voice goes on."""


class Overlap:
    """Nothing, ducked, or held."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._reply_id: ReplyId | None = None
        self._held = False
        self._released = False
        self._harmless = False
        self._spoken_ms = 0
        self._level_db: float | None = None

    @property
    def contested(self) -> bool:
        """Whether speech that begins now has to be confirmed before it stops the agent."""
        reply = self._replying.active
        return (
            self._call.settings.interruption is Interruption.CONFIRMED
            and speech_interrupts(self._call.settings, reply)
            and reply is not None
            and reply.state is ReplyState.SPEAKING
        )

    @property
    def concerns_active_reply(self) -> bool:
        """Whether the reply that was ducked is still under way."""
        reply = self._replying.active
        return reply is not None and reply.reply_id == self._reply_id

    def duck(self) -> None:
        """There may be speech."""
        reply = self._replying.active
        if reply is None or self._reply_id == reply.reply_id or not self.contested:
            return
        self._reply_id, self._held, self._released, self._harmless = reply.reply_id, False, False, False
        self._spoken_ms, self._level_db = 0, None
        self._call.order(DuckReply(reply.reply_id))

    def measure(self, fact: SpeechMeasured) -> None:
        """It goes on: long enough, and it holds the voice, unless it is faint or proved to be without words."""
        self._spoken_ms = fact.spoken_ms
        if fact.level_db is not None:
            self._level_db = fact.level_db
        faint = self._level_db is not None and self._level_db < FAINT_DB
        if self._held or self._released or faint or fact.spoken_ms < HOLD_AFTER_MS or not self.concerns_active_reply:
            return
        assert self._reply_id is not None
        self._held = True
        self._call.order(HoldReply(self._reply_id))

    def judge(self, words: str, *, final: bool) -> Verdict:
        """What the sound means by its words so far. After a backchannel, or long without words, the voice goes on."""
        reply = self._replying.active
        if reply is None or reply.reply_id != self._reply_id:
            return Verdict.INTERRUPTS
        said = reply.ledger.text_until(reply.played_ms)
        level_db, language = self._level_db, self._call.settings.language
        overheard = Overheard(
            words, final, self._spoken_ms, level_db, said, reply.ledger.text, language, self._harmless
        )
        verdict = judged(overheard)
        harmless = verdict is Verdict.HARMLESS and self._spoken_ms >= HARMLESS_AFTER_MS
        if harmless or (not words and not final and self._spoken_ms >= WORDLESS_AFTER_MS):
            self._let_go_on()
        self._harmless = self._harmless or verdict is Verdict.HARMLESS
        return verdict

    def release(self) -> None:
        """It was nothing: the voice goes on."""
        if self._reply_id is not None and self.concerns_active_reply and not self._released:
            self._call.order(ResumeReply(self._reply_id))
        self.forget()

    def forget(self) -> None:
        """The reply has ended, or is being stopped."""
        self._reply_id, self._held = None, False

    def _let_go_on(self) -> None:
        if not self._released and self._reply_id is not None:
            self._released, self._held = True, False
            self._call.order(ResumeReply(self._reply_id))
