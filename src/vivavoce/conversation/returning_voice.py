"""The tail of what the agent has said, coming back when it has already fallen silent.

While the agent speaks `Overlap` judges what is heard; this is about the moment after. Owned by `TurnTaking`; lives as
long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.agent_echo import is_echo
from vivavoce.conversation.call import Call
from vivavoce.conversation.replies import ReplyState
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.spoken_words import spoken_words
from vivavoce.conversation.turns import Turn, TurnState

ECHO_SECONDS = 0.7
"""The agent's voice comes back no later than this: loudspeaker, microphone and both ways of the network."""


class ReturningVoice:
    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._speaks = False
        self._spoke_at: float | None = None

    def watch(self) -> bool:
        """Something has happened; whether the agent is, or was until now, audible."""
        active = self._replying.active
        spoke, self._speaks = self._speaks, active is not None and active.state is ReplyState.SPEAKING
        if spoke or self._speaks:
            self._spoke_at = self._call.now
        return spoke or self._speaks

    def is_heard(self, turn: Turn, words: str) -> bool:
        """Whether a turn whose words these are so far is nobody's: no caller repeats the agent's words so quickly."""
        if turn.tentative or self._spoke_at is None:
            return False
        paused = turn.state is TurnState.PAUSED and turn.spoken_until is not None
        until = turn.spoken_until if paused and turn.spoken_until is not None else self._call.now
        return until - self._spoke_at <= ECHO_SECONDS and is_echo(spoken_words(words), self._call.agent_said)
