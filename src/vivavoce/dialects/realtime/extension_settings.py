"""What this server adds to a session (`session.vivavoce`) as settings of the call. Pure functions."""

from __future__ import annotations

from dataclasses import replace

from msgspec import UnsetType

from vivavoce.conversation.settings import (
    CallerSilence,
    Fillers,
    Interruption,
    SemanticTurnDetection,
    Settings,
    Speculation,
)
from vivavoce.dialects.realtime.session_shapes import Extension, FillersShape


def extended(settings: Settings, asked: Extension | UnsetType) -> Settings:
    """The settings with what was asked for; what was left out stays as it is."""
    if isinstance(asked, UnsetType):
        return settings
    if not isinstance(asked.interruption, UnsetType):
        settings = replace(settings, interruption=Interruption(asked.interruption))
    if not isinstance(asked.speculation, UnsetType):
        wanted = asked.speculation
        limits = None if wanted is None else Speculation(wanted.tries_per_turn, wanted.wasted_tokens_per_turn)
        settings = replace(settings, speculation=limits)
    if not isinstance(asked.caller_silence, UnsetType):
        silence = asked.caller_silence
        policy = None if silence is None else CallerSilence(silence.after_ms, silence.reengagements, silence.goodbye)
        settings = replace(settings, caller_silence=policy)
    if not isinstance(asked.fillers, UnsetType):
        settings = replace(settings, fillers=_fillers(asked.fillers))
    if not isinstance(asked.greeting, UnsetType):
        settings = replace(settings, greeting=asked.greeting)
    if not isinstance(asked.max_turns, UnsetType):
        settings = replace(settings, max_turns=asked.max_turns)
    if isinstance(detection := settings.turn_detection, SemanticTurnDetection):
        settings = replace(settings, turn_detection=_judged(detection, asked))
    return settings


def _judged(detection: SemanticTurnDetection, asked: Extension) -> SemanticTurnDetection:
    """What the protocol has no words for where pauses are judged."""
    if not isinstance(asked.endpointing, UnsetType):
        limits = asked.endpointing
        detection = replace(
            detection, shortest_pause_ms=limits.shortest_pause_ms, longest_pause_ms=limits.longest_pause_ms
        )
    if not isinstance(asked.vad_threshold, UnsetType):
        detection = replace(detection, threshold=asked.vad_threshold)
    return detection


def _fillers(asked: FillersShape) -> Fillers:
    own = Fillers(asked.late_reply_ms, asked.late_tool_ms)
    if not isinstance(asked.reply_words, UnsetType):
        own = replace(own, reply_words=tuple(asked.reply_words))
    if not isinstance(asked.tool_words, UnsetType):
        own = replace(own, tool_words=tuple(asked.tool_words))
    return own
