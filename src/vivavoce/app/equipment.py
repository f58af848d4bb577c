"""Tells which models a server runs, how far each has come, and where recordings go. Looks; never loads or changes.

Owned by the running platform; stateless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from vivavoce.app.capabilities import LANGUAGE_MODEL_GUIDE, MODELS_GUIDE, NO_SCRIPTED_ENGINES
from vivavoce.app.engines import PARTS, Weights
from vivavoce.app.recordings import RECORDINGS
from vivavoce.config import EngineSet, ServerSettings, SpeechToTextChoice, VoiceActivityChoice
from vivavoce.engines.catalogue import Model, is_complete, load_catalogue
from vivavoce.engines.embed.minilm import NAME as EMBEDDINGS
from vivavoce.services.equipment import Equipment, EquippedModel, ModelState, RecordingEquipment, Role

RECORDING_GUIDE = "how-to/record-calls.md"
SCRIPTED = "scripted"

_PARTS: dict[Role, str] = {
    "voice_activity": PARTS[0],
    "turn_detection": PARTS[1],
    "speech_to_text": PARTS[2],
    "language_model": PARTS[3],
    "text_to_speech": PARTS[4],
}
_ENGINES = {
    "silero-vad": "silero",
    "smart-turn-v3.2": "smart-turn",
    "moonshine-tiny-en": "moonshine",
    "faster-whisper-base": "faster-whisper",
    "hibari-heart": "hibari",
    "kokoro-82m": "kokoro",
    "kokoro-voices": "kokoro",
    "piper-joe": "piper",
    EMBEDDINGS: "minilm",
}
_VOICES = ("hibari-heart", "kokoro-82m", "piper-joe")
_MORE_VOICES = "kokoro-voices"


@dataclass(frozen=True, slots=True)
class EquipmentOf:
    """The equipment of one server. `waiting_for`: which of `PARTS` are not ready yet. `by_meaning`: whether documents
    are searched with embeddings; that is found out at the start and stays so.
    """

    settings: ServerSettings
    waiting_for: Callable[[], Sequence[str]]
    by_meaning: bool

    def now(self) -> Equipment:
        """Asks the disk about models that are not ready, so call it on a thread."""
        is_scripted = self.settings.engines is EngineSet.SCRIPTED
        return Equipment(
            self.settings.engines.value,
            None if is_scripted else Weights.of(self.settings).profile,
            tuple(self._models(frozenset(self.waiting_for()))),
            self._recording(),
        )

    def _models(self, waiting: frozenset[str]) -> Iterator[EquippedModel]:
        settings = self.settings
        weights = Weights.of(settings)
        is_scripted = settings.engines is EngineSet.SCRIPTED

        def each(role: Role, *names: str, scripted: bool = is_scripted) -> Iterator[EquippedModel]:
            state: ModelState = "loading" if _PARTS.get(role) in waiting else "ready"
            if scripted:
                yield EquippedModel(role, SCRIPTED, SCRIPTED, state, remedy=NO_SCRIPTED_ENGINES, guide=MODELS_GUIDE)
            else:
                for name in names:
                    yield self._of_catalogue(role, load_catalogue().model(name), state, weights)

        yield from each("speech_to_text", _ears(settings))
        yield from each("turn_detection", "smart-turn-v3.2")
        silero = settings.voice_activity is VoiceActivityChoice.SILERO
        scripted = settings.voice_activity is VoiceActivityChoice.SCRIPTED
        yield from each("voice_activity", "silero-vad", scripted=scripted or (is_scripted and not silero))
        if settings.language_model is None:
            yield from each("language_model", _writer(weights))
        else:
            state: ModelState = "loading" if _PARTS["language_model"] in waiting else "ready"
            model = settings.language_model.model
            yield EquippedModel("language_model", model, "openai-compatible", state, guide=LANGUAGE_MODEL_GUIDE)
        more = [_MORE_VOICES] if is_complete(load_catalogue().model(_MORE_VOICES), weights.directory) else []
        yield from each("text_to_speech", *_VOICES, *more)
        yield from each("embeddings", EMBEDDINGS)

    def _of_catalogue(self, role: Role, model: Model, state: ModelState, weights: Weights) -> EquippedModel:
        is_missing = not self.by_meaning if role == "embeddings" else not _is_there(model, state, weights)
        return EquippedModel(
            role,
            model.name,
            _ENGINES.get(model.name, "llama.cpp"),
            "missing" if is_missing else state,
            model.does,
            model.licence,
            model.size_bytes,
            f"run `vivavoce models pull {model.name}` on the server's machine and start the server again"
            if is_missing
            else "",
            MODELS_GUIDE if is_missing else "",
        )

    def _recording(self) -> RecordingEquipment:
        choice, url = self.settings.recording.choice, self.settings.recording.url
        return RecordingEquipment(
            choice.enabled,
            choice.format,
            "folder" if url is None else "object_store",
            RECORDINGS if url is None else _without_keys(url),
            choice.retention_days,
            "" if choice.enabled else "start the server with VIVAVOCE_RECORDING=on; each agent then says for itself",
            RECORDING_GUIDE,
        )


def _ears(settings: ServerSettings) -> str:
    is_whisper = settings.speech_to_text is SpeechToTextChoice.FASTER_WHISPER
    return "faster-whisper-base" if is_whisper else "moonshine-tiny-en"


def _writer(weights: Weights) -> str:
    return next(model.name for model in load_catalogue().select([weights.profile]) if model.port == "llm")


def _is_there(model: Model, state: ModelState, weights: Weights) -> bool:
    """What is ready has been read: whether its files are still there is all the same."""
    return state == "ready" or is_complete(model, weights.directory)


def _without_keys(url: str) -> str:
    """The bucket and the folder in it: keys have no business in an address, but might stand there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
