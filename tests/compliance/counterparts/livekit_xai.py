"""LiveKit's xAI realtime model, by base URL and key, with a line that is said without the model."""

from __future__ import annotations

from typing import Any

from livekit.plugins import xai

from tests.compliance.counterparts import livekit_talk
from tests.compliance.counterparts.talking import ADDRESS, KEY, hold


def model() -> Any:
    return xai.realtime.RealtimeModel(base_url=f"ws://{ADDRESS}/v1/realtime", api_key=KEY)


async def say() -> dict[str, Any]:
    async with livekit_talk.talking(model()) as talk:
        await talk.session.say("One moment, please.")
        await talk.until(lambda: len(talk.said()) >= 1)
        return talk.told()


if __name__ == "__main__":
    hold(
        {
            "spoken": lambda: livekit_talk.spoken(model()),
            "written": lambda: livekit_talk.written(model(), aloud=True),
            "function": lambda: livekit_talk.function(model()),
            "barge_in": lambda: livekit_talk.barge_in(model()),
            "say": say,
        }
    )
