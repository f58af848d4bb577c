"""Loads the engines that the settings choose, and warms them so that the first caller waits for nothing.

The engines belong to the server that loads them; `close_engines` ends them. Loading blocks: it runs on threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from vivavoce.config import (
    EngineSet,
    LanguageModelEndpoint,
    ServerSettings,
    SpeechToTextChoice,
    VoiceActivityChoice,
)
from vivavoce.engines.audio_processing.webrtc import WebRtcAudioProcessing
from vivavoce.engines.catalogue import default_profile, load_catalogue, model_directory, models_directory
from vivavoce.engines.llm.openai_compatible import OpenAICompatibleLanguageModel
from vivavoce.engines.llm.xllamacpp import LlamaCppLanguageModel
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    AffinityKey,
    ChatMessage,
    GenerationRequest,
    LanguageModel,
    SpeechRequest,
    SpeechToText,
    TextToSpeech,
    TranscriptionHints,
    TurnDetector,
    VoiceActivity,
)
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.engines.serving.budgets import BudgetedLanguageModel
from vivavoce.engines.stt.faster_whisper import FasterWhisperSpeechToText
from vivavoce.engines.stt.moonshine import MoonshineSpeechToText
from vivavoce.engines.tts.hibari import HibariTextToSpeech
from vivavoce.engines.tts.kokoro import KokoroTextToSpeech
from vivavoce.engines.tts.piper import PiperTextToSpeech
from vivavoce.engines.turn.smart_turn import SmartTurnDetector
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.engines.voices import VoiceRouter
from vivavoce.sessions.ports import Engines
from vivavoce.telemetry.load import WaitLog

PARTS = ("voice activity", "turn detection", "speech-to-text", "language model", "voices")

CONTEXT_TOKENS = {"standard": 4096, "small": 2560}
"""Room for the prompt and the reply of one call, by profile; less of it keeps `small` under 1.5 GB of memory."""

T = TypeVar("T")

_WARMING = AffinityKey("warming")


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the weights of the chosen profile lie."""

    directory: Path
    profile: str

    @classmethod
    def of(cls, settings: ServerSettings) -> Weights:
        return cls(settings.models or models_directory(), settings.profile or default_profile())

    def wanted(self, settings: ServerSettings) -> list[str]:
        """The names of the models that these settings need."""
        if settings.engines is EngineSet.SCRIPTED:
            return ["silero-vad"] if settings.voice_activity is VoiceActivityChoice.SILERO else []
        names = [model.name for model in load_catalogue().select([self.profile])]
        if settings.speech_to_text is SpeechToTextChoice.FASTER_WHISPER:
            names.append("faster-whisper-base")
        if settings.language_model is not None:
            names = [name for name in names if load_catalogue().model(name).port != "llm"]
        return names

    def file(self, model: str, name: str) -> Path:
        return model_directory(model, self.directory) / name

    def language_model(self) -> Path:
        chosen = next(model for model in load_catalogue().select([self.profile]) if model.port == "llm")
        return self.file(chosen.name, chosen.files[0].name)


def with_profile(settings: ServerSettings) -> ServerSettings:
    """The settings with the profile that fits the machine, where none is chosen: asked again later, when the models
    have taken their memory, another one would fit.
    """
    return replace(settings, profile=Weights.of(settings).profile)


async def load_engines(
    settings: ServerSettings, loaded: Callable[[str], None], waits: WaitLog | None = None
) -> Engines:
    """Load and warm every engine; `loaded` hears of each of `PARTS` when it is ready. Raises `EngineError`.

    `waits` hears how late the engines begin their work.
    """
    weights = Weights.of(settings)

    async def part(name: str, load: Callable[[], T], warm: Callable[[T], Awaitable[None]]) -> T:
        engine = await asyncio.to_thread(load)
        await warm(engine)
        loaded(name)
        return engine

    async with asyncio.TaskGroup() as tasks:
        activity = tasks.create_task(part(PARTS[0], lambda: _voice_activity(settings, weights), _warm_activity))
        turns = tasks.create_task(part(PARTS[1], lambda: _turn_detector(settings, weights, waits), _warm_turns))
        words = tasks.create_task(part(PARTS[2], lambda: _speech_to_text(settings, weights, waits), _warm_words))
        model = tasks.create_task(part(PARTS[3], lambda: _language_model(settings, weights, waits), _warm_model))
        voices = tasks.create_task(part(PARTS[4], lambda: _text_to_speech(settings, weights, waits), _warm_voices))
    cleaning = None if settings.engines is EngineSet.SCRIPTED else WebRtcAudioProcessing()
    return Engines(activity.result(), turns.result(), words.result(), model.result(), voices.result(), cleaning)


async def close_engines(engines: Engines) -> None:
    """Let go of every model."""
    for engine in (
        engines.text_to_speech,
        engines.language_model,
        engines.speech_to_text,
        engines.turn_detector,
        engines.voice_activity,
    ):
        await engine.close()
    if engines.audio_processing is not None:
        await engines.audio_processing.close()


def _voice_activity(settings: ServerSettings, weights: Weights) -> VoiceActivity:
    scripted = settings.engines is EngineSet.SCRIPTED
    if settings.voice_activity is VoiceActivityChoice.SCRIPTED or (scripted and settings.voice_activity is None):
        return ScriptedVoiceActivity()
    return SileroVoiceActivity(weights.file("silero-vad", "silero_vad.onnx"))


def _turn_detector(settings: ServerSettings, weights: Weights, waits: WaitLog | None) -> TurnDetector:
    if settings.engines is EngineSet.SCRIPTED:
        return ScriptedTurnDetector()
    return SmartTurnDetector(weights.file("smart-turn-v3.2", "smart-turn-v3.2-cpu.onnx"), waits=waits)


def _speech_to_text(settings: ServerSettings, weights: Weights, waits: WaitLog | None) -> SpeechToText:
    if settings.engines is EngineSet.SCRIPTED:
        return ScriptedSpeechToText()
    match settings.speech_to_text:
        case SpeechToTextChoice.MOONSHINE:
            return MoonshineSpeechToText(model_directory("moonshine-tiny-en", weights.directory), waits=waits)
        case SpeechToTextChoice.FASTER_WHISPER:
            return FasterWhisperSpeechToText(model_directory("faster-whisper-base", weights.directory), waits=waits)


def _language_model(settings: ServerSettings, weights: Weights, waits: WaitLog | None) -> LanguageModel:
    endpoint = settings.language_model
    if endpoint is None and settings.engines is EngineSet.SCRIPTED:
        return ScriptedLanguageModel()
    model = _embedded_model(weights, waits) if endpoint is None else _endpoint_model(endpoint)
    return BudgetedLanguageModel(model, tokens_per_minute=settings.load.tokens_per_minute)


def _embedded_model(weights: Weights, waits: WaitLog | None) -> LanguageModel:
    return LlamaCppLanguageModel(
        weights.language_model(),
        context_tokens=CONTEXT_TOKENS.get(weights.profile, CONTEXT_TOKENS["standard"]),
        waits=waits,
    )


def _endpoint_model(endpoint: LanguageModelEndpoint) -> LanguageModel:
    return OpenAICompatibleLanguageModel(endpoint.base_url, endpoint.api_key, endpoint.model)


def _text_to_speech(settings: ServerSettings, weights: Weights, waits: WaitLog | None) -> TextToSpeech:
    if settings.engines is EngineSet.SCRIPTED:
        return ScriptedTextToSpeech()
    kokoro = model_directory("kokoro-82m", weights.directory)
    more_voices = model_directory("kokoro-voices", weights.directory)
    return VoiceRouter(
        hibari=HibariTextToSpeech(weights.file("hibari-heart", "hibari.onnx"), waits=waits),
        kokoro=KokoroTextToSpeech(
            kokoro / "kokoro-v1.0.int8.onnx", kokoro / "vocab.json", [kokoro / "voices", more_voices], waits=waits
        ),
        piper=PiperTextToSpeech(
            weights.file("piper-joe", "en_US-joe-medium.onnx"),
            weights.file("piper-joe", "en_US-joe-medium.onnx.json"),
            waits=waits,
        ),
    )


async def _warm_activity(engine: VoiceActivity) -> None:
    stream = engine.open_stream()
    await stream.speech_probability(np.zeros(VAD_WINDOW_SAMPLES, np.float32))
    stream.close()


async def _warm_turns(engine: TurnDetector) -> None:
    await engine.end_of_turn_probability(np.zeros(HEARING_RATE_HZ, np.float32))


async def _warm_words(engine: SpeechToText) -> None:
    stream = engine.open_stream(TranscriptionHints("en"))
    stream.push(np.random.default_rng(1).normal(0, 0.05, HEARING_RATE_HZ).astype(np.float32))
    await stream.final()
    stream.close()


async def _warm_model(engine: LanguageModel) -> None:
    request = GenerationRequest((ChatMessage("user", "Hello."),), _WARMING, maximum_output_tokens=1)
    async with aclosing(engine.generate(request)) as parts:
        async for _ in parts:
            pass
    engine.release(_WARMING)


async def _warm_voices(engine: TextToSpeech) -> None:
    async with aclosing(engine.synthesize(SpeechRequest("Hello there.", "eve"))) as chunks:
        async for _ in chunks:
            pass
