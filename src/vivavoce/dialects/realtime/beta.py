"""OpenAI's beta of the realtime protocol: GA's events with other names and a flat session.

Sessions ask for it with the header `OpenAI-Beta: realtime=v1` or the sub-protocol `openai-beta.realtime-v1`. What the
client sends needs no table of its own: the beta's spellings are understood everywhere (`session_spellings`,
`item_shapes`). Pure functions over GA's events; shapes follow OpenAI's beta schema (openai/types/beta/realtime).
"""

from __future__ import annotations

from typing import Any

from vivavoce.dialects.realtime.session_spellings import PLACES, value_at

EventObject = dict[str, Any]

RENAMED_EVENTS = {
    "conversation.item.added": "conversation.item.created",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
}
LEFT_OUT_EVENTS = frozenset({"conversation.item.done", "input_audio_buffer.timeout_triggered"})
TRANSCRIPTION_EVENTS = {
    "session.created": "transcription_session.created",
    "session.updated": "transcription_session.updated",
}
_RENAMED_CONTENT = {"output_text": "text", "output_audio": "audio"}
_FORMATS = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw", "audio/opus": "opus"}
_ONLY_GA = frozenset({"type", "audio", "output_modalities", "max_output_tokens", "prompt", "truncation", "reasoning"})
_OF_TRANSCRIPTIONS = (
    "id",
    "object",
    "input_audio_format",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "turn_detection",
    "include",
)


def in_beta(event: EventObject) -> EventObject | None:
    """The event as the beta tells it; None if the beta has none for it."""
    kind = event["type"]
    if kind in LEFT_OUT_EVENTS:
        return None
    told = {**event, "type": RENAMED_EVENTS.get(kind, kind)}
    if "item" in event:
        told["item"] = _item(event["item"])
    if "response" in event:
        told["response"] = _response(event["response"])
    if "session" in event:
        told["type"], told["session"] = _session(kind, event["session"])
    return told


def _item(item: EventObject) -> EventObject:
    if "content" not in item:
        return item
    content = [{**part, "type": _RENAMED_CONTENT.get(part["type"], part["type"])} for part in item["content"]]
    return {**item, "content": content}


def _response(response: EventObject) -> EventObject:
    told = {key: value for key, value in response.items() if key not in ("audio", "output_modalities")}
    output = response["audio"]["output"]
    return {
        **told,
        "modalities": _modalities(response["output_modalities"]),
        "voice": output["voice"],
        "output_audio_format": _FORMATS[output["format"]["type"]],
        "output": [_item(item) for item in response["output"]],
    }


def _session(kind: str, session: EventObject) -> tuple[str, EventObject]:
    flat = {key: value for key, value in session.items() if key not in _ONLY_GA}
    for name, path in PLACES.items():
        flat[name] = value_at(session, path)
    for name in ("input_audio_format", "output_audio_format"):
        flat[name] = _FORMATS[flat[name]["type"]] if flat[name] is not None else None
    if session["type"] == "transcription":
        return TRANSCRIPTION_EVENTS[kind], {name: flat.get(name) for name in _OF_TRANSCRIPTIONS}
    flat["modalities"] = _modalities(session["output_modalities"])
    flat.setdefault("temperature", 0.8)
    if isinstance(session["tool_choice"], dict):
        flat["tool_choice"] = session["tool_choice"].get("name", "auto")
    return kind, flat


def _modalities(modalities: list[str]) -> list[str]:
    return ["text", "audio"] if "audio" in modalities else ["text"]
