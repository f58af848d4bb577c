"""The product behind the benchmark's caller: a session in the process, real ears, stubs as its models. A driver.

Runs in the project's environment: `python -m bench.peers.vivavoce_agent < plan`. A client is played as the protocol
means it: it plays what it gets in real time and flushes its player when it is told that the caller speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache

import uvloop

from bench.peers.caller import Line, hold
from bench.peers.plan import WAIT_SECONDS, Plan
from bench.peers.stub_engines import Lines, StubLanguageModel, StubSpeechToText, StubTextToSpeech, instructions
from vivavoce.app.call_settings import plain_settings
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import CallerSpeechStarted, Notice
from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.engines.catalogue import model_directory
from vivavoce.engines.turn.smart_turn import SmartTurnDetector
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.media.formats import PCM16_16KHZ, PCM16_24KHZ
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.runner import run_call
from vivavoce.sessions.session import Session


class Client:
    """The outlet of a call: what the client hears and when it flushes."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def tell(self, notice: Notice) -> None:
        if isinstance(notice, CallerSpeechStarted):
            self._line.loudspeaker.stop(self._line.now)

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> None:  # noqa: ARG002
        self._line.play(audio)


class Microphone:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def hear(self, frame: bytes) -> None:
        await self._session.receive_audio(frame)


LINES: Lines = {}


@cache
def engines() -> Engines:
    """The engines of the process: the product's own ears and turn detector, loaded once."""
    return Engines(
        SileroVoiceActivity(model_directory("silero-vad") / "silero_vad.onnx"),
        SmartTurnDetector(model_directory("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx"),
        StubSpeechToText(LINES),
        StubLanguageModel(LINES),
        StubTextToSpeech(LINES),
    )


def settings(plan: Plan, key: str) -> Settings:
    """`matched`: 300 ms of silence end a turn. `plain`: that, and nothing ahead. `defaults`: as every call begins."""
    begun = Settings() if plan.settings == "plain" else plain_settings()
    if plan.settings != "defaults":
        begun = replace(begun, turn_detection=ServerVad(silence_duration_ms=round(WAIT_SECONDS * 1000)))
    return replace(begun, instructions=instructions(key), keyterms=(key,))


@asynccontextmanager
async def connect(plan: Plan, line: Line) -> AsyncIterator[Microphone]:
    key = f"line_{line.number}"
    LINES[key] = line
    session = Session(key, settings(plan, key), engines(), Client(line), PCM16_16KHZ, PCM16_24KHZ)
    hung_up = asyncio.Event()

    async def reading() -> None:
        await hung_up.wait()

    running = asyncio.create_task(run_call(session, reading()), name=key)
    await asyncio.sleep(0)
    try:
        yield Microphone(session)
    finally:
        hung_up.set()
        if (defect := await running) is not None:
            raise defect


if __name__ == "__main__":
    hold(connect, uvloop.run)
