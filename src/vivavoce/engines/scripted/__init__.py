"""Engines that follow a script: deterministic, without weights, for tests, demonstrations and benchmarks.

Every delay is an `asyncio.sleep`, so the engines run under virtual time. They keep the newest of what they were asked
(`requests`) and count what is under way (`active`), so that a test can show that cancelled work was really given up.
Made and closed by whoever uses them; they hold nothing outside their objects.
"""

from vivavoce.engines.scripted.audio_processing import ScriptedAudioProcessing
from vivavoce.engines.scripted.ears import (
    ScriptedSpeechToText,
    ScriptedTurnDetector,
    ScriptedVoiceActivity,
)
from vivavoce.engines.scripted.embedder import ScriptedTextEmbedder
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel
from vivavoce.engines.scripted.voice import SCRIPTED_VOICE_PITCHES_HZ, ScriptedTextToSpeech

__all__ = [
    "SCRIPTED_VOICE_PITCHES_HZ",
    "Reply",
    "ScriptedAudioProcessing",
    "ScriptedLanguageModel",
    "ScriptedSpeechToText",
    "ScriptedTextEmbedder",
    "ScriptedTextToSpeech",
    "ScriptedTurnDetector",
    "ScriptedVoiceActivity",
]
