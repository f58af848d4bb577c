"""Pipecat's Grok realtime service, by base URL and key, with a line that is said without the model."""

from __future__ import annotations

from typing import Any

from pipecat.services.xai.realtime.llm import GrokRealtimeLLMService

from tests.compliance.counterparts import pipecat_talk
from tests.compliance.counterparts.talking import ADDRESS, KEY, hold


def service() -> Any:
    return GrokRealtimeLLMService(api_key=KEY, base_url=f"ws://{ADDRESS}/v1/realtime")


async def say() -> dict[str, Any]:
    grok = service()
    async with pipecat_talk.talking(grok) as talk:
        await talk.until(lambda: len(talk.said()) >= 1)
        await grok.force_message("One moment, please.")
        await talk.until(lambda: len(talk.said()) >= 2)
        return talk.told()


if __name__ == "__main__":
    hold(
        {
            "spoken": lambda: pipecat_talk.spoken(service()),
            "written": lambda: pipecat_talk.written(service()),
            "function": lambda: pipecat_talk.function(service()),
            "barge_in": lambda: pipecat_talk.barge_in(service()),
            "say": say,
        }
    )
