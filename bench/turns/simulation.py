"""One call in virtual time: the product's session, with a caller who plays a prepared line and a player that listens.

Everything is judged by what leaves the session: notices, and audio with the time at which it was sent. The player plays
it as a client does: one frame after the other, and on `CallerSpeechStarted` it throws away what it has not played. A
microphone near the player's loudspeaker hears it again, when the clip asks for an echo.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import looptime
import numpy as np

from bench.labelled_speech.interruption_set import Echo
from bench.labelled_speech.spoken import AGENT_VOICE, spoken_at_24khz
from bench.turns.ears import (
    EngineTimes,
    RealEars,
    SimulatedSpeechToText,
    SimulatedTurnDetector,
    SimulatedVoiceActivity,
)
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import CallerSpeechStarted, Notice, ReplyDone, SessionOpened
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import Settings
from vivavoce.engines.audio_processing.webrtc import WebRtcAudioProcessing
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VOICE_RATE_HZ,
    GenerationRequest,
    Samples,
    SpeechRequest,
    TextToSpeech,
    Voice,
)
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.media.formats import PCM16_16KHZ, PCM16_24KHZ
from vivavoce.media.resampling import resample
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.session import Session

FRAME_MS = 20
FRAME_SAMPLES = HEARING_RATE_HZ * FRAME_MS // 1000
LONGEST_CALL_SECONDS = 60
AGENT_ANSWERS = "All right. I will take care of that."
SECONDS_PER_CHARACTER = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class SentAudio:
    """Audio of a reply, when it left the session."""

    at: float
    reply_id: ReplyId
    samples: Samples


@dataclass(slots=True)
class Player:
    """The client's loudspeaker: everything that it has played or will play, at 24 kHz, since loop time 0."""

    track: Samples = field(default_factory=lambda: np.zeros(LONGEST_CALL_SECONDS * VOICE_RATE_HZ, np.float32))
    ends_at: float = 0.0

    def play(self, samples: Samples, now: float) -> None:
        start = round(max(self.ends_at, now) * VOICE_RATE_HZ)
        room = self.track[start : start + len(samples)]
        room[:] = samples[: len(room)]
        self.ends_at = (start + len(samples)) / VOICE_RATE_HZ

    def buffered_seconds(self, now: float) -> float:
        return max(0.0, self.ends_at - now)

    def flush(self, now: float) -> None:
        self.track[round(now * VOICE_RATE_HZ) :] = 0
        self.ends_at = min(self.ends_at, now)


@dataclass(slots=True)
class Heard:
    """Everything that left the session, in order, and what the player made of it. Times in loop seconds."""

    notices: list[tuple[float, Notice]] = field(default_factory=list)
    audio: list[SentAudio] = field(default_factory=list)
    player: Player = field(default_factory=Player)
    flushed: list[tuple[float, float]] = field(default_factory=list)
    """When the player was emptied, and how much of the agent it had not played."""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    sounded: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, notice: Notice) -> None:
        now = asyncio.get_running_loop().time()
        self.notices.append((now, notice))
        match notice:
            case SessionOpened():
                self.opened.set()
            case CallerSpeechStarted():
                self._flush(now)
            case ReplyDone(reply=reply) if reply.ended is EndReason.TURN_DETECTED:
                self._flush(now)
            case _:
                pass

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> None:
        now = asyncio.get_running_loop().time()
        samples = PCM16_24KHZ.decode(audio)
        self.audio.append(SentAudio(now, reply_id, samples))
        self.player.play(samples, now)
        self.sounded.set()

    def times(self, kind: type[Notice]) -> list[float]:
        return [at for at, notice in self.notices if isinstance(notice, kind)]

    def of_kind(self, kind: type[Notice]) -> list[tuple[float, Notice]]:
        return [(at, notice) for at, notice in self.notices if isinstance(notice, kind)]

    def _flush(self, now: float) -> None:
        self.flushed.append((now, self.player.buffered_seconds(now)))
        self.player.flush(now)


@dataclass(frozen=True, slots=True, eq=False)
class CallerLine:
    """What the caller's line carries: `samples` at 16 kHz from loop time `begins_at` on, silence before.

    The line stays open until `stays_open_until`, if nobody hangs up before.
    """

    samples: Samples
    begins_at: float
    stays_open_until: float
    echo: Echo | None = None

    def frame(self, now: float, player: Player) -> Samples:
        """The 20 ms that end now."""
        start = round((now - self.begins_at) * HEARING_RATE_HZ) - FRAME_SAMPLES
        frame = np.zeros(FRAME_SAMPLES, np.float32)
        low, high = max(0, start), min(len(self.samples), start + FRAME_SAMPLES)
        if low < high:
            frame[low - start : high - start] = self.samples[low:high]
        if self.echo is not None:
            heard_at = now - FRAME_MS / 1000 - self.echo.delay_ms / 1000
            first = round(heard_at * VOICE_RATE_HZ)
            if first >= 0:
                back = player.track[first : first + FRAME_SAMPLES * VOICE_RATE_HZ // HEARING_RATE_HZ]
                frame = frame + resample(back, VOICE_RATE_HZ, HEARING_RATE_HZ) * 10 ** (-self.echo.decibels / 20)
        return frame.astype(np.float32)


class RenderedVoice:
    """A real voice, rendered beforehand (and kept): for clips in which the agent's voice comes back."""

    voices = (Voice("eve", "en-US", "female", "rendered"),)

    def __init__(self, first_sound_seconds: float) -> None:
        self._first_sound_seconds = first_sound_seconds

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        with ThreadPoolExecutor(1) as thread:  # the call stands still: rendering takes no virtual time
            sound = thread.submit(spoken_at_24khz, request.text, AGENT_VOICE, request.speed).result()
        await asyncio.sleep(self._first_sound_seconds)
        for start in range(0, len(sound), VOICE_RATE_HZ // 10):
            yield sound[start : start + VOICE_RATE_HZ // 10]

    async def close(self) -> None:
        """Nothing is held."""


def simulated_engines(ears: RealEars, times: EngineTimes, agent_says: str, *, real_voice: bool) -> Engines:
    """The agent says `agent_says` first and `AGENT_ANSWERS` from then on, however often it is asked."""

    def reply(request: GenerationRequest) -> str:
        spoken = any(message.role == "assistant" and message.text for message in request.messages)
        return AGENT_ANSWERS if spoken else agent_says

    first_sound_seconds = times.first_sound_ms / 1000
    steady: TextToSpeech = ScriptedTextToSpeech(
        SECONDS_PER_CHARACTER, first_sound_seconds, seconds_per_audio_second=0.2
    )
    return Engines(
        SimulatedVoiceActivity(ears, times),
        SimulatedTurnDetector(ears, times),
        SimulatedSpeechToText(ears, times),
        ScriptedLanguageModel(reply, first_token_delay_seconds=times.first_token_ms / 1000),
        RenderedVoice(first_sound_seconds) if real_voice else steady,
        WebRtcAudioProcessing(),
    )


class SimulatedCall:
    """A session under way; `hear` plays a line to it. Use within `run_in_virtual_time`."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        self.heard = Heard()
        self.session = Session("sess_bench", settings, engines, self.heard, PCM16_16KHZ, PCM16_24KHZ)
        self._begun = asyncio.Event()
        self._hung_up = asyncio.Event()

    async def listen_to(self, line: CallerLine, over: asyncio.Event | None = None) -> None:
        """Send the line in frames of 20 ms, each when it has been spoken, until it closes or `over` is set."""
        clock = asyncio.get_running_loop()
        ticks = round(clock.time() * 1000 / FRAME_MS)
        while clock.time() < line.stays_open_until and (over is None or not over.is_set()):
            ticks += 1
            await asyncio.sleep(ticks * FRAME_MS / 1000 - clock.time())
            frame = line.frame(ticks * FRAME_MS / 1000, self.heard.player)
            await self.session.receive_audio(PCM16_16KHZ.encode(frame))

    async def ask(self, question: CallerLine) -> float:
        """Let the caller ask, and wait for the agent's answer; the loop time of its first sound."""
        await self.listen_to(question, self.heard.sounded)
        if not self.heard.audio:
            raise LookupError("the agent did not answer: the bench's question was not heard as a turn")
        return self.heard.audio[0].at

    async def __aenter__(self) -> SimulatedCall:
        async def reading() -> None:
            await self._hung_up.wait()

        self._running = asyncio.create_task(self.session.run(reading()))
        await self.heard.opened.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hung_up.set()
        await self._running


def virtual_time() -> asyncio.Runner:
    """A runner whose clock stands still while something works and jumps while everybody waits."""
    return asyncio.Runner(loop_factory=looptime.new_event_loop)
