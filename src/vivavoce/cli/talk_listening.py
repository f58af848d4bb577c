"""Understands the server's side of a call: events in, happenings out.

Pure: time comes in with every event. One `Listener` belongs to one call. It also knows whether the server still owes
something, which is how `vivavoce talk` finds out that it may hang up.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vivavoce.cli.talk_happenings import (
    STAGES,
    AgentAnswered,
    AgentSaid,
    AgentVoiced,
    CallerBegan,
    CallerEnded,
    CallerHeard,
    CallOpened,
    Happening,
    ServerComplained,
    ToolRequested,
    TurnTimed,
)

Event = Mapping[str, Any]

VOICE_RATE_HZ = 24_000
BYTES_PER_SAMPLE = 2
OUR_NOTES = "talk_note_"
"""Begins the ids of client events that merely inform the server; an error about one of them is of no interest."""

_DAYS_MS = 1e9
_BYTES_PER_MS = VOICE_RATE_HZ * BYTES_PER_SAMPLE // 1000


@dataclass(frozen=True, slots=True)
class Session:
    """What the server said about the session and its turn detection.

    `turns_by_hand`: the client must end turns; `answers_by_itself`: a turn that ended is answered without being asked;
    `gives_way`: the agent stops when the caller speaks.
    """

    opened: bool = False
    configured: bool = False
    turns_by_hand: bool = False
    answers_by_itself: bool = True
    gives_way: bool = True


class Listener:
    """What is known of the call from the server's events."""

    def __init__(self) -> None:
        self.session = Session()
        self.answers_begun = 0
        self.last_change_at = 0.0
        self.failed = False
        self._caller_speaks = False
        self._answer_due = False
        self._answering: set[str] = set()
        self._caller_words: defaultdict[str, str] = defaultdict(str)
        self._agent_words: defaultdict[str, str] = defaultdict(str)
        self._audio_bytes: defaultdict[str, int] = defaultdict(int)
        self._timings: dict[str, TurnTimed] = {}

    @property
    def server_owes_nothing(self) -> bool:
        """Nobody speaks and every turn has its answer, as far as the server has told."""
        return not (self._caller_speaks or self._answer_due or self._answering)

    def expect_answer(self) -> None:
        """The client asked for an answer itself."""
        self._answer_due = True

    def handle(self, event: Event, now: float) -> list[Happening]:
        """What an event means to a person; nothing for the many that only matter to programs."""
        handle = _HANDLERS.get(event["type"])
        if handle is None:
            return []
        self.last_change_at = now
        return handle(self, event)

    # --- the session ------------------------------------------------------------------------------------------------

    def _session_created(self, event: Event) -> list[Happening]:
        self.session = replace(self._described(event), opened=True)
        session_id, voice = _dig(event, "session", "id"), _dig(event, "session", "audio", "output", "voice")
        return [CallOpened(str(session_id), voice if isinstance(voice, str) else None)]

    def _session_updated(self, event: Event) -> list[Happening]:
        self.session = replace(self._described(event), configured=True)
        return []

    def _described(self, event: Event) -> Session:
        heard = _dig(event, "session", "audio", "input")
        if not isinstance(heard, Mapping) or "turn_detection" not in heard:
            return self.session
        detection = heard["turn_detection"]
        return replace(
            self.session,
            turns_by_hand=detection is None,
            answers_by_itself=detection is not None and _dig(detection, "create_response") is not False,
            gives_way=_dig(detection, "interrupt_response") is not False,
        )

    def _error(self, event: Event) -> list[Happening]:
        if _text(event, "error", "event_id").startswith(OUR_NOTES):
            return []
        self.failed = True
        code, message = _text(event, "error", "code"), _text(event, "error", "message")
        return [ServerComplained(code, message, _text(event, "error", "param") or None)]

    # --- the caller -------------------------------------------------------------------------------------------------

    def _speech_started(self, event: Event) -> list[Happening]:
        self._caller_speaks = True
        self._answer_due = False
        return [CallerBegan(_text(event, "item_id"))]

    def _speech_stopped(self, _event: Event) -> list[Happening]:
        self._caller_speaks = False
        self._answer_due = True
        return []

    def _committed(self, event: Event) -> list[Happening]:
        self._caller_speaks = False
        self._answer_due = True
        return [CallerEnded(_text(event, "item_id"))]

    def _caller_words_grew(self, event: Event) -> list[Happening]:
        item_id = _text(event, "item_id")
        self._caller_words[item_id] += _text(event, "delta")
        return [CallerHeard(item_id, self._caller_words[item_id].strip(), final=False)]

    def _caller_words_final(self, event: Event) -> list[Happening]:
        item_id, text = _text(event, "item_id"), _text(event, "transcript").strip()
        self._caller_words.pop(item_id, None)
        if not text and not self._caller_speaks:
            # Nothing was said (a cough, a door): the server need not answer that.
            self._answer_due = False
        return [CallerHeard(item_id, text, final=True)]

    def _caller_words_failed(self, event: Event) -> list[Happening]:
        return self._error(event)

    # --- the agent --------------------------------------------------------------------------------------------------

    def _response_created(self, event: Event) -> list[Happening]:
        self._answer_due = False
        self.answers_begun += 1
        self._answering.add(_text(event, "response", "id"))
        return []

    def _agent_words_grew(self, event: Event) -> list[Happening]:
        response_id, delta = _text(event, "response_id"), _text(event, "delta")
        self._agent_words[response_id] += delta
        return [AgentSaid(response_id, delta)] if delta else []

    def _voice_grew(self, event: Event) -> list[Happening]:
        try:
            audio = base64.b64decode(_text(event, "delta"), validate=True)
        except ValueError:
            audio = b"?"
        if len(audio) % BYTES_PER_SAMPLE:
            message = "the server sent audio that is not 16-bit PCM in base64"
            return self._error({"error": {"code": "bad_audio", "message": message}})
        self._audio_bytes[_text(event, "response_id")] += len(audio)
        return [AgentVoiced(_text(event, "item_id"), audio)] if audio else []

    def _function_called(self, event: Event) -> list[Happening]:
        return [ToolRequested(_text(event, "name"), _text(event, "arguments"))]

    def _response_done(self, event: Event) -> list[Happening]:
        response_id, status = _text(event, "response", "id"), _text(event, "response", "status")
        self._answering.discard(response_id)
        audio_ms = self._audio_bytes.pop(response_id, 0) // _BYTES_PER_MS
        text = self._agent_words.pop(response_id, "").strip()
        happenings: list[Happening] = [AgentAnswered(response_id, text, status, audio_ms)]
        if status == "failed":
            happenings += self._error({"error": _dig(event, "response", "status_details", "error")})
        timed = self._timings.pop(response_id, None)
        return [*happenings, timed] if timed is not None else happenings

    def _timed(self, event: Event) -> list[Happening]:
        response_id = _text(event, "response_id")
        timed = TurnTimed(response_id or None, {stage: _number(event, "stages", stage) for stage in STAGES})
        if response_id in self._answering:
            self._timings[response_id] = timed
            return []
        return [timed]


def _dig(value: Any, *path: str) -> Any:
    """The value at a path of a nested object, or None where the path breaks off."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _text(value: Any, *path: str) -> str:
    found = _dig(value, *path)
    return found if isinstance(found, str) else ""


def _number(value: Any, *path: str) -> float | None:
    found = _dig(value, *path)
    return found if isinstance(found, int | float) and abs(found) < _DAYS_MS else None


_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_HANDLERS: dict[str, Callable[[Listener, Event], list[Happening]]] = {
    "session.created": Listener._session_created,
    "session.updated": Listener._session_updated,
    "error": Listener._error,
    "input_audio_buffer.speech_started": Listener._speech_started,
    "input_audio_buffer.speech_stopped": Listener._speech_stopped,
    "input_audio_buffer.committed": Listener._committed,
    f"{_TRANSCRIPTION}.delta": Listener._caller_words_grew,
    f"{_TRANSCRIPTION}.completed": Listener._caller_words_final,
    f"{_TRANSCRIPTION}.failed": Listener._caller_words_failed,
    "response.created": Listener._response_created,
    "response.output_audio.delta": Listener._voice_grew,
    "response.output_audio_transcript.delta": Listener._agent_words_grew,
    "response.output_text.delta": Listener._agent_words_grew,
    "response.function_call_arguments.done": Listener._function_called,
    "response.done": Listener._response_done,
    "vivavoce.turn.timings": Listener._timed,
}
