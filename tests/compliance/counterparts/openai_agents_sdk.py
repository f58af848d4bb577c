"""The Agents SDK for Python: its realtime runner, with one function tool, by URL and key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from agents.realtime import RealtimeAgent, RealtimeRunner

from agents import function_tool
from tests.compliance.counterparts.talking import ADDRESS, KEY, NOISE, RATE_HZ, SILENCE, hold


class Talk:
    """One session, and everything that it has told so far."""

    def __init__(self, session: Any, asked: list[str]) -> None:
        self.asked = asked
        self.session = session
        self.events: list[Any] = []
        self._more = asyncio.Condition()

    async def read(self) -> None:
        async for event in self.session:
            async with self._more:
                self.events.append(event)
                self._more.notify_all()

    async def until(self, done: Callable[[], bool]) -> None:
        async with self._more:
            await self._more.wait_for(done)

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    def heard_seconds(self) -> float:
        return sum(len(event.audio.data) for event in self.of("audio")) / 2 / RATE_HZ

    def told(self) -> dict[str, Any]:
        """What the SDK made of the talk."""
        history: list[dict[str, Any]] = []
        for event in self.events:
            if event.type == "history_updated":
                history = [item.model_dump() for item in event.history]
        for event in self.of("history_added"):
            if event.item.item_id not in {item["item_id"] for item in history}:
                history.append(event.item.model_dump())
        return {
            "events": [event.type for event in self.events if event.type != "raw_model_event"],
            "errors": [str(event.error) for event in self.of("error")]
            + [str(event.data) for event in self.of("raw_model_event") if event.data.type in {"error", "exception"}],
            "audio_bytes": sum(len(event.audio.data) for event in self.of("audio")),
            "said": [item for item in history if item.get("role") == "assistant"],
            "heard": [item for item in history if item.get("role") == "user"],
            "asked": self.asked,
            "outputs": [event.output for event in self.of("tool_end")],
        }


@asynccontextmanager
async def talking(modality: str = "audio") -> AsyncIterator[Talk]:
    asked: list[str] = []

    @function_tool  # type: ignore[untyped-decorator, unused-ignore]
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        asked.append(city)
        return f"sunny in {city}"

    agent = RealtimeAgent(name="Ana", instructions="You are friendly.", tools=[weather])
    settings = {"output_modalities": [modality]}
    runner = RealtimeRunner(agent, config={"model_settings": settings})
    address = f"ws://{ADDRESS}/v1/realtime?model=gpt-realtime"
    async with await runner.run(model_config={"url": address, "api_key": KEY}) as session:
        talk = Talk(session, asked)
        reading = asyncio.create_task(talk.read())
        try:
            yield talk
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def ends(talk: Talk) -> int:
    return len(talk.of("agent_end"))


async def spoken() -> dict[str, Any]:
    async with talking() as talk:
        await talk.session.send_audio(NOISE)
        await talk.session.send_audio(SILENCE)
        await talk.until(lambda: ends(talk) >= 1 and bool(talk.of("audio_end")))
        return talk.told()


async def written() -> dict[str, Any]:
    async with talking("text") as talk:
        await talk.session.send_message("Is the shop open?")
        await talk.until(lambda: ends(talk) >= 1)
        return talk.told()


async def function() -> dict[str, Any]:
    async with talking() as talk:
        await talk.session.send_message("What is the weather in Bern?")
        await talk.until(lambda: bool(talk.of("tool_end")) and ends(talk) >= 2)
        return talk.told()


async def barge_in() -> dict[str, Any]:
    async with talking() as talk:
        await talk.session.send_message("Tell me a story.")
        await talk.until(lambda: talk.heard_seconds() >= 3)
        await talk.session.send_audio(NOISE)
        await talk.session.send_audio(SILENCE)
        await talk.until(lambda: bool(talk.of("audio_interrupted")) and ends(talk) >= 2)
        return talk.told()


if __name__ == "__main__":
    hold({"spoken": spoken, "written": written, "function": function, "barge_in": barge_in})
