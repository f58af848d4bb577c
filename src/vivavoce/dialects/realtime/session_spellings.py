"""The session in other dialects' spellings: fields written elsewhere, moved to where OpenAI's GA schema has them.

xAI writes `voice` and `turn_detection` at the top of the session (its speech-to-speech guide, "session.update");
OpenAI's beta wrote nearly everything there. A field at the top counts more than the same one further inside.
Pure functions over decoded JSON of any shape: what has the wrong type is left for the schema to refuse.
"""

from __future__ import annotations

from typing import Any

from vivavoce.dialects.realtime.refusals import InvalidFieldError
from vivavoce.dialects.wire import WireError

SessionObject = dict[str, Any]

PLACES: dict[str, tuple[str, ...]] = {
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "input_audio_format": ("audio", "input", "format"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "modalities": ("output_modalities",),
    "max_response_output_tokens": ("max_output_tokens",),
}
"""Where a field of another dialect belongs."""

XAI_SPELLINGS = frozenset({"voice", "turn_detection"})
"""What xAI's clients write at the top; they find it there in the answer too."""

_ONLY_XAI = XAI_SPELLINGS | {"replace", "resumption"}

XAI_TRANSCRIPTION = "grok-transcribe"
"""The transcription model whose clients want to see the words grow (`….input_audio_transcription.updated`)."""

_NULL_SAYS_NOTHING = frozenset({"voice", "speed", "input_audio_format", "output_audio_format", "modalities"})
_FORMATS = {
    "pcm16": {"type": "audio/pcm"},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
    "opus": {"type": "audio/opus"},
}


def respelled(update: SessionObject) -> SessionObject:
    """The update in GA's spelling. Raises `WireError` for a format whose name is not known."""
    session = {key: value for key, value in update.items() if key not in PLACES}
    if session.get("type", "") is None:
        del session["type"]
    for name in spellings(update):
        session = _placed(session, PLACES[name], _value(name, update[name]))
    for path, tidy in (
        (("audio", "input", "turn_detection"), _tidy_turn_detection),
        (("audio", "input", "format"), _tidy_format),
        (("audio", "output", "format"), _tidy_format),
    ):
        found = value_at(session, path)
        if isinstance(found, dict):
            session = _placed(session, path, tidy(found))
    return session


def spellings(update: SessionObject) -> frozenset[str]:
    """Which fields of `PLACES` the update uses."""
    return frozenset(
        name for name in PLACES if name in update and not (update[name] is None and name in _NULL_SAYS_NOTHING)
    )


def is_of_xai(update: SessionObject) -> bool:
    """True for an update as only xAI's clients send it."""
    if any(update.get(name) is not None for name in _ONLY_XAI) or "turn_detection" in update:
        return True
    return bool(value_at(update, ("audio", "input", "transcription", "model")) == XAI_TRANSCRIPTION)


def in_clients_words(error: WireError, update: SessionObject) -> WireError:
    """The same error, its path as the client spelled it."""
    for name in spellings(update):
        place = ".".join(("session", *PLACES[name]))
        param = error.param or ""
        if param == place or param.startswith((f"{place}.", f"{place}[")):
            spelled = f"session.{name}{param.removeprefix(place)}"
            return WireError(error.code, error.message.replace(param, spelled), param=spelled, kind=error.kind)
    return error


def value_at(session: SessionObject, path: tuple[str, ...]) -> Any:
    """What is at a path; None where nothing is."""
    value: Any = session
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _placed(session: SessionObject, path: tuple[str, ...], value: Any) -> SessionObject:
    if len(path) == 1:
        return {**session, path[0]: value}
    inner = session.get(path[0], {})
    if not isinstance(inner, dict):
        return session
    return {**session, path[0]: _placed(inner, path[1:], value)}


def _value(name: str, value: Any) -> Any:
    if name.endswith("_audio_format") and isinstance(value, str):
        if value not in _FORMATS:
            raise InvalidFieldError(f"session.{name}", f"'{value[:100]}' is not one of {', '.join(_FORMATS)}")
        return _FORMATS[value]
    if name == "modalities" and isinstance(value, list) and "audio" in value:
        # the beta's ["text", "audio"] is what GA calls ["audio"]
        return [modality for modality in value if modality != "text"]
    return value


def _tidy_turn_detection(turn_detection: SessionObject) -> SessionObject | None:
    if turn_detection.get("type", "") is None:
        return None
    # an agent's record may have null where it says nothing
    return {key: value for key, value in turn_detection.items() if value is not None or key == "idle_timeout_ms"}


def _tidy_format(audio_format: SessionObject) -> SessionObject:
    return {"type": "audio/pcm", **{key: value for key, value in audio_format.items() if value is not None}}
