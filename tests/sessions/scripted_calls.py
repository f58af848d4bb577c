"""A call through the shell with scripted engines, to be held in virtual time. Imported by the tests of sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import numpy as np

from tests.sessions.recorded_outlet import RecordedOutlet
from vivavoce.conversation import notices
from vivavoce.conversation.items import Item, Message
from vivavoce.conversation.settings import Settings
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.media.formats import AudioFormat
from vivavoce.sessions.journal import Journal
from vivavoce.sessions.ports import CallTap, Engines, Recorder
from vivavoce.sessions.session import Session
from vivavoce.tools.ports import Toolbox

PCM = AudioFormat("pcm16", 24_000)
RATE_HZ = 24_000
FRAME_SECONDS = 0.02


@dataclass(slots=True)
class Call:
    """A running session and what came out of it."""

    session: Session
    outlet: RecordedOutlet
    engines: Engines

    @property
    def model(self) -> ScriptedLanguageModel:
        assert isinstance(self.engines.language_model, ScriptedLanguageModel)
        return self.engines.language_model

    async def speak(self, seconds: float) -> None:
        await self.stream(seconds, amplitude=0.3)

    async def be_silent(self, seconds: float) -> None:
        await self.stream(seconds, amplitude=0.0)

    async def ask(self, seconds: float = 1.0) -> None:
        await self.speak(seconds)
        await self.be_silent(1.0)

    async def stream(self, seconds: float, amplitude: float) -> None:
        noise = np.random.default_rng(7)
        for _ in range(round(seconds / FRAME_SECONDS)):
            frame = noise.uniform(-amplitude, amplitude, round(RATE_HZ * FRAME_SECONDS)).astype(np.float32)
            await self.session.receive_audio(PCM.encode(frame))
            await asyncio.sleep(FRAME_SECONDS)


def scripted_engines(**replaced: object) -> Engines:
    engines = Engines(
        ScriptedVoiceActivity(),
        ScriptedTurnDetector(),
        ScriptedSpeechToText(["what time is it", "never mind"]),
        ScriptedLanguageModel(["It is noon. The sun is high.", "All right."], first_token_delay_seconds=0.2),
        ScriptedTextToSpeech(),
    )
    return replace(engines, **replaced)  # type: ignore[arg-type]


OpenCall = Callable[..., AbstractAsyncContextManager[Call]]


@asynccontextmanager
async def opened_call(
    settings: Settings | None = None,
    *,
    engines: Engines | None = None,
    journal: Journal | None = None,
    history: Sequence[Message] = (),
    recorder: Recorder | None = None,
    toolbox: Toolbox | None = None,
    resumed: Sequence[Item] = (),
    tap: CallTap | None = None,
) -> AsyncIterator[Call]:
    """A call that is held while the context lasts, and that has to leave nothing behind."""
    outlet = RecordedOutlet()
    engines = engines or scripted_engines()
    session = Session(
        "sess_test01",
        settings or Settings(instructions="Be brief."),
        engines,
        outlet,
        PCM,
        PCM,
        journal,
        history,
        recorder,
        id_prefix="again" if resumed else None,
        resumed=resumed,
        toolbox=toolbox,
        tap=tap,
    )

    async def reading() -> None:
        await asyncio.Event().wait()

    running = asyncio.create_task(session.run(reading()))
    try:
        await outlet.until(notices.SessionOpened)
        yield Call(session, outlet, engines)
    finally:
        session.end()
        await running
    others = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not others, f"a call left tasks behind: {others}"
