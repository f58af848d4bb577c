"""LiveKit's OpenAI realtime model, by base URL and key."""

from __future__ import annotations

from typing import Any

from livekit.plugins import openai

from tests.compliance.counterparts import livekit_talk
from tests.compliance.counterparts.talking import ADDRESS, KEY, hold


def model(**options: Any) -> Any:
    return openai.realtime.RealtimeModel(base_url=f"http://{ADDRESS}/v1", api_key=KEY, **options)


if __name__ == "__main__":
    hold(
        {
            "spoken": lambda: livekit_talk.spoken(model()),
            "written": lambda: livekit_talk.written(model(modalities=["text"]), aloud=False),
            "function": lambda: livekit_talk.function(model()),
            "barge_in": lambda: livekit_talk.barge_in(model()),
        }
    )
