"""From what clients wrote to what the core knows: definitions, updates, and errors in the client's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.conduct import CallerSilence, Endpointing, Fillers, Recording
from vivavoce.agents.definition import WHOLE_INSTRUCTIONS, AgentDefinition, AgentUpdate
from vivavoce.api.agents.requests import (
    SETTABLE,
    AgentDraft,
    AgentFields,
    AgentPatch,
    CallerSilenceFields,
    EndpointingFields,
    FillerFields,
    RecordingFields,
    VoiceFields,
)
from vivavoce.api.agents.spellings import Spelled, snake
from vivavoce.services.agents import Assignment

_CORE_NAMES: Mapping[str, str] = {
    "instructions": WHOLE_INSTRUCTIONS,
    "system_prompt": WHOLE_INSTRUCTIONS,
    "voice_id": "voice",
    "status": "paused",
    "eagerness": "turn_detection.eagerness",
}
_VOICE_PARTS = ("voice", "turn_detection.kind", "turn_detection.threshold", "turn_detection.silence_duration_ms")
"""What the client's `voice` is to the core; it leaves the rest of the turn detection as it is."""
_FIRST_STEPS = re.compile(r"[a-z_]+(\.[a-z_]+)?")
_NOT_ALL = ("agent", "field_mask", "phone_number_id")


@dataclass(frozen=True, slots=True)
class WantedChange:
    """What a PATCH asks for. `fields` is where the values came from, `prefix` the path of that in the body."""

    update: AgentUpdate
    assignment: Assignment | None
    fields: AgentFields
    prefix: str


def definition_of(body: AgentDraft, max_turns: int | None = None) -> AgentDefinition:
    """The agent that a client wants; `max_turns` where it says nothing of them. Raises `InvalidFieldError`."""
    with in_clients_words(body):
        wanted = _update(body, [name for name in SETTABLE if getattr(body, name) is not None])
        return wanted.applied_to(AgentDefinition(name=body.name, max_turns=max_turns))


def assignment_of(body: AgentDraft | AgentPatch) -> Assignment | None:
    """None: the phone number stays as it is."""
    return None if body.phone_number_id is None else Assignment(body.phone_number_id or None)


def change_of(body: AgentPatch) -> WantedChange:
    """What a PATCH asks for. Raises `InvalidFieldError` for a mask that names what is not there."""
    flat = body.model_fields_set - set(_NOT_ALL)
    fields: AgentFields = body if body.agent is None else body.agent
    prefix = "" if body.agent is None else f"{body.written('agent')}."
    if body.agent is not None and flat and not _masked(body):
        message = f"give the fields either within it or beside it: {', '.join(sorted(flat))} came beside it"
        raise InvalidFieldError(body.written("agent"), message)
    given = fields.model_fields_set & set(SETTABLE)
    mask = set(_masked(body)) or given
    assignment = assignment_of(body)
    # The xAI document assigns a number with an empty agent and a mask of `name`, and does not mean to clear the name.
    if assignment is not None and not given and mask <= {"name"}:
        mask = set()
    with in_clients_words(fields, prefix):
        return WantedChange(_update(fields, mask), assignment, fields, prefix)


@contextmanager
def in_clients_words(fields: AgentFields, prefix: str = "") -> Iterator[None]:
    """Raises `InvalidFieldError` with the path of the field as this client wrote it."""
    try:
        yield
    except InvalidFieldError as error:
        found = _FIRST_STEPS.match(error.param)
        first = found[0] if found else ""
        written = _written_as(first, fields)
        raise InvalidFieldError(f"{prefix}{written}{error.param[len(first) :]}", error.message) from error


def _masked(body: AgentPatch) -> list[str]:
    paths = [] if body.field_mask is None else body.field_mask.paths
    names = [snake(path.strip()) for path in paths]
    for index, name in enumerate(names):
        if name not in SETTABLE:
            param = f"{body.written('field_mask')}.paths[{index}]"
            message = f"{paths[index][:80]!r} is no field of an agent that can be changed; these are: "
            raise InvalidFieldError(param, message + ", ".join(SETTABLE))
    return names


def _update(fields: AgentFields, names: Iterable[str]) -> AgentUpdate:
    mask: set[str] = set()
    values: dict[str, Any] = {}
    for name in (each for each in SETTABLE if each in set(names)):
        value = getattr(fields, name)
        if name == "voice":
            mask |= set(_VOICE_PARTS)
            values |= _voice_values(value)
            continue
        core_name = _CORE_NAMES.get(name, name)
        mask.add(core_name)
        if value is None:
            continue
        new = _core_value(name, value)
        if values.get(core_name, new) != new:
            other = "voice.voice_id" if name == "voice_id" else "instructions"
            raise InvalidFieldError(name, f"says something else than {other}; send one of the two")
        values[core_name] = new
    return AgentUpdate(frozenset(mask), values)


def _core_value(name: str, value: Any) -> Any:
    match value:
        case EndpointingFields():
            return Endpointing(value.shortest_pause_ms, value.longest_pause_ms)
        case CallerSilenceFields():
            return CallerSilence(value.after_ms, value.reengagements, value.goodbye)
        case FillerFields(reply_words=reply_words, tool_words=tool_words):
            return Fillers(value.late_reply_ms, value.late_tool_ms, _words(reply_words), _words(tool_words))
        case RecordingFields():
            return Recording(value.enabled, value.format, value.consent)
        case list():
            return tuple(value)
        case _:
            return value == "paused" if name == "status" else value


def _words(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _voice_values(voice: VoiceFields | None) -> dict[str, Any]:
    if voice is None:
        return {}
    silence_ms = voice.vad_silence_duration_ms
    wanted = (voice.voice_id, None if silence_ms is None else "server_vad", voice.vad_threshold, silence_ms)
    return {name: value for name, value in zip(_VOICE_PARTS, wanted, strict=True) if value is not None}


def _written_as(core_name: str, fields: AgentFields) -> str:
    """The client's path of a field of the core."""
    voice = fields.voice
    match core_name:
        case "voice" if voice is not None and voice.voice_id is not None:
            return f"{fields.written('voice')}.{voice.written('voice_id')}"
        case "voice":
            return fields.written("voice_id")
        case "turn_detection.threshold" | "turn_detection.silence_duration_ms" if voice is not None:
            inner = voice.written(f"vad_{core_name.removeprefix('turn_detection.')}")
            return f"{fields.written('voice')}.{inner}"
        case "turn_detection.eagerness":
            return fields.written("eagerness")
        case "instructions" | "whole_instructions" if fields.instructions is None and fields.system_prompt is not None:
            return fields.written("system_prompt")
        case "whole_instructions":
            return fields.written("instructions")
        case _:
            outer, dot, inner = core_name.partition(".")
            within = getattr(fields, outer, None)
            return fields.written(outer) + dot + (within.written(inner) if isinstance(within, Spelled) else inner)
