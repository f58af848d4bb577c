"""What a client of the ACP API wants changed, as a change of an agent's definition. Pure, but for reading the agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentDefinition, AgentUpdate, TurnDetection
from vivavoce.api.acp.requests import NewVoiceAgent, TurnDetectionChanges, VoiceAgentChanges

_FIELDS = {
    "name": "name",
    "description": "description",
    "model": "model",
    "metadata": "metadata",
    "voice_mode": "channels",
    "voice_provider": "voice_provider",
    "voice_model": "voice_model",
    "voice_id": "voice",
    "voice_instructions": "voice_instructions",
    "voice_language_hint": "language",
    "voice_turn_detection": "turn_detection",
    "voice_pronunciation_replacements": "pronunciations",
}
"""Fields of a request and the fields of a definition that they are."""

_WORDS = {
    "channels": "voiceMode",
    "voice_provider": "voiceProvider",
    "voice_model": "voiceModel",
    "voice": "voiceId",
    "voice_instructions": "voiceInstructions",
    "language": "voiceLanguageHint",
    "turn_detection": "voiceTurnDetection",
    "pronunciations": "voicePronunciationReplacements",
    "phone_number": "phoneNumber",
    "webhook": "webhookUrl",
    "area_code": "areaCode",
}


def new_definition(body: NewVoiceAgent) -> AgentDefinition:
    """Raises `InvalidFieldError` in the client's words."""
    return update_of(body, AgentDefinition(body.name)).applied_to(AgentDefinition(body.name))


def update_of(body: VoiceAgentChanges, present: AgentDefinition) -> AgentUpdate:
    """What the request changes; null clears. Raises `InvalidFieldError`."""
    values: dict[str, Any] = {}
    mask: set[str] = set()
    for name in body.model_fields_set & _FIELDS.keys():
        mask.add(_FIELDS[name])
        if (value := getattr(body, name)) is not None:
            values[_FIELDS[name]] = value
    if isinstance(values.get("turn_detection"), TurnDetectionChanges):
        values["turn_detection"] = _turn_detection(values["turn_detection"], present.turn_detection)
    if "instructions" in body.model_fields_set:
        # The client was shown these three as one text.
        mask |= {"role", "instructions", "special_instructions"}
        values["instructions"] = body.instructions or ""
    return AgentUpdate(frozenset(mask), values)


@contextmanager
def clients_words() -> Iterator[None]:
    """A wrong field is named as this API spells it."""
    try:
        yield
    except InvalidFieldError as error:
        first, dot, rest = error.param.partition(".")
        if first == "webhook":
            dot = rest = ""
        raise InvalidFieldError(f"{_WORDS.get(first, first)}{dot}{rest}", error.message) from error


def _turn_detection(changes: TurnDetectionChanges, present: TurnDetection) -> TurnDetection:
    chosen: dict[str, Any] = changes.model_dump(exclude_none=True)
    kind = chosen.pop("type", None)
    if kind is not None:
        chosen["kind"] = "semantic" if kind == "semantic_vad" else kind
    return replace(present, **chosen)
