"""The `session.update` event with which a browser makes a call one with its agent. Pure functions.

The vendor's client takes its `session` and adds defaults where something is missing; sent as it is, it works too.
`voice` and `turn_detection` stand at the top of the session, as xAI has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vivavoce.agents.definition import AgentDefinition, TurnDetection
from vivavoce.agents.tools import REFERENCE, declared, functions_of
from vivavoce.api.acp.rendering import BROKERED
from vivavoce.engines.voices import VoiceDescription
from vivavoce.store.records import MessageRecord, SessionRecord
from vivavoce.tools.shown import without_secrets

RATE_HZ = 24_000
XAI_TRANSCRIPTION_MODEL = "grok-transcribe"
APPENDED = "appended:"
"""How the `client_id` of a message begins that a client appended and that no item of a call is known for."""

CONTEXT_MESSAGES_MAXIMUM = 20
CONTEXT_WORDS_CHARACTERS_MAXIMUM = 1_000
_CONTEXT = "What was written in this conversation outside of the call:"
_DEFAULT_VOICE = "eve"


def session_update(
    definition: AgentDefinition,
    session: SessionRecord,
    context: Sequence[MessageRecord],
    *,
    voices: Iterable[VoiceDescription],
    transcription_model: str,
) -> dict[str, Any]:
    """The event for the agent's present definition; `context` as `unknown_to_call` gives it."""
    brokered = session.details.provider == BROKERED
    sound = {"type": "audio/pcm", "rate": RATE_HZ}
    heard_by = XAI_TRANSCRIPTION_MODEL if brokered else definition.stt_model or transcription_model
    told: dict[str, Any] = {
        "instructions": _instructions(definition, context),
        "voice": definition.voice if brokered else _voice_here(definition.voice, voices),
        "turn_detection": _turn_detection(definition.turn_detection, brokered=brokered),
        "tools": _tools(definition),
        "audio": {
            "input": {
                "format": sound,
                "transcription": {"model": heard_by, "language_hint": definition.language},
            },
            "output": {"format": sound, "speed": definition.speed},
        },
    }
    if definition.pronunciations:
        told["replace"] = dict(definition.pronunciations)
    return {"type": "session.update", "session": told}


def unknown_to_call(session: SessionRecord, newest: Iterable[MessageRecord]) -> Sequence[MessageRecord]:
    """What was said in the thread and the call does not know, the oldest first; `newest`: the newest first.

    A call that this server holds begins with the whole thread and keeps what is said in it, so it lacks only what came
    in meanwhile from elsewhere. One that xAI holds lacks everything that was not said in it.
    """
    brokered = session.details.provider == BROKERED
    began = session.started_at
    lacking = [
        record
        for record in newest
        if record.message.content
        and record.message.role in ("user", "assistant")
        and (brokered or (began is not None and record.created_at >= began))
        and (
            record.message.session_id != session.session_id
            or (not brokered and (record.message.client_id or "").startswith(APPENDED))
        )
    ]
    return lacking[:CONTEXT_MESSAGES_MAXIMUM][::-1]


def _instructions(definition: AgentDefinition, context: Sequence[MessageRecord]) -> str:
    instructions = definition.whole_instructions
    if not context:
        return instructions
    said = "\n".join(
        f"{record.message.role}: {record.message.content[:CONTEXT_WORDS_CHARACTERS_MAXIMUM]}" for record in context
    )
    return f"{instructions}\n\n{_CONTEXT}\n{said}".strip()


def _voice_here(name: str, voices: Iterable[VoiceDescription]) -> str:
    """The agent's voice where the server takes it; a session must not be refused over a voice that is not here."""
    wanted = name.strip().lower()
    known = {each for voice in voices for each in (voice.name, *voice.aliases)}
    has_stand_in = any(character.isdigit() for character in wanted)
    return name if not known or wanted in known or has_stand_in else _DEFAULT_VOICE


def _turn_detection(turns: TurnDetection, *, brokered: bool) -> dict[str, Any] | None:
    if turns.kind == "none":
        return None
    answering = {"create_response": turns.create_response, "interrupt_response": turns.interrupt_response}
    if turns.kind == "semantic" and not brokered:  # xAI knows only pauses
        return {"type": "semantic_vad", "eagerness": turns.eagerness, **answering}
    return {
        "type": "server_vad",
        "threshold": turns.threshold,
        "prefix_padding_ms": turns.prefix_padding_ms,
        "silence_duration_ms": turns.silence_duration_ms,
        **answering,
    }


def _tools(definition: AgentDefinition) -> list[dict[str, Any]]:
    """Functions flat, tools of the house as they were declared but for what lets the server in elsewhere."""
    told: list[dict[str, Any]] = []
    for tool in definition.tools:
        kind = tool.get("type", "function")
        if kind == "function":
            told.extend(dict(declared(function)) for function in functions_of((tool,)))
        elif kind != REFERENCE:
            told.append(without_secrets(dict(tool)))
    return told
