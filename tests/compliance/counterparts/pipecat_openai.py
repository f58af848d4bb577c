"""Pipecat's OpenAI realtime service, by base URL and key."""

from __future__ import annotations

from typing import Any

from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from tests.compliance.counterparts import pipecat_talk
from tests.compliance.counterparts.talking import ADDRESS, KEY, hold


def service(**properties: Any) -> Any:
    audio = AudioConfiguration(input=AudioInput(transcription=InputAudioTranscription()))
    settings = OpenAIRealtimeLLMService.Settings(session_properties=SessionProperties(audio=audio, **properties))
    return OpenAIRealtimeLLMService(api_key=KEY, base_url=f"ws://{ADDRESS}/v1/realtime", settings=settings)


if __name__ == "__main__":
    hold(
        {
            "spoken": lambda: pipecat_talk.spoken(service()),
            "written": lambda: pipecat_talk.written(service(output_modalities=["text"])),
            "function": lambda: pipecat_talk.function(service()),
            "barge_in": lambda: pipecat_talk.barge_in(service()),
        }
    )
