"""`wss /v1/stt`: xAI's socket that writes down what is said while it is said.

One `HearingSocket` is one connection; everything of it ends when `run` returns.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, Field
from starlette.websockets import WebSocketDisconnect

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.errors import ApiError
from vivavoce.api.problems import Problem
from vivavoce.api.speech.sockets import NORMAL_CLOSURE, admitted, error_event, query_of, refuse, wrong_event
from vivavoce.api.speech.stt import (
    KEYTERM_CHARACTERS_MAXIMUM,
    KEYTERMS_MAXIMUM,
    refuse_unknown_skills,
    speech_threshold,
)
from vivavoce.api.speech.uploads import RAW_NAMES
from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError
from vivavoce.media.formats import AudioFormat
from vivavoce.media.pcm import AudioDataError
from vivavoce.media.resampling import StreamResampler
from vivavoce.services.errors import ServiceError
from vivavoce.services.speech.listening import Listening, Utterance, UtteranceRules
from vivavoce.services.speech.service import ears_failure

INTERIM_EVERY_SECONDS = 0.5
QUEUED_UTTERANCES = 16
"""Utterances that may wait for their words; more and the client's sound waits."""

SLICE_MS = 500
"""A larger frame is taken in so much at a time."""

router = APIRouter()


class SttQuery(BaseModel):
    """What a client may say in the address."""

    sample_rate: int = Field(default=16_000, ge=8_000, le=48_000)
    encoding: Literal["pcm", "mulaw", "alaw", "opus"] = "pcm"
    interim_results: bool = False
    endpointing: int = Field(default=400, ge=0, le=5_000)
    language: str | None = Field(default=None, max_length=40)
    diarize: bool = False
    multichannel: bool = False
    channels: int = Field(default=1, ge=1, le=8)
    keyterm: list[Annotated[str, Field(max_length=KEYTERM_CHARACTERS_MAXIMUM)]] = Field(
        default_factory=list, max_length=KEYTERMS_MAXIMUM
    )
    smart_turn: float | None = Field(default=None, ge=0, le=1)
    smart_turn_timeout: int = Field(default=3_000, ge=1, le=5_000)
    vad_threshold: float = Field(default=0.5, ge=0, le=1)

    @property
    def rules(self) -> UtteranceRules:
        return UtteranceRules(
            silence_ms=self.endpointing,
            speech_threshold=speech_threshold(self.vad_threshold),
            turn_threshold=self.smart_turn,
            turn_timeout_ms=self.smart_turn_timeout,
        )

    @property
    def audio(self) -> AudioFormat:
        """Raises `ApiError`."""
        if self.encoding == "opus":
            message = "encoding: this server takes 'pcm', 'mulaw' or 'alaw' here, not 'opus'."
            raise ApiError(Problem(400, "unsupported_format", message, param="encoding"))
        refuse_unknown_skills(diarize=self.diarize, multichannel=self.multichannel or self.channels > 1)
        return AudioFormat(RAW_NAMES[self.encoding], self.sample_rate)


@router.websocket("/v1/stt")
async def write_down(websocket: WebSocket) -> None:
    try:
        admission = await admitted(websocket)
        query = query_of(websocket, SttQuery, "keyterm")
        audio = query.audio
        hints = admission.speech.hints(query.language, tuple(query.keyterm))
        with admission.speech.job():
            listening = admission.speech.listening(hints, query.rules)
            try:
                await websocket.accept(admission.subprotocol)
                interim = query.interim_results
                await HearingSocket(websocket, listening, audio, interim_results=interim).run()
            finally:
                listening.close()
    except (ApiError, ServiceError, InvalidFieldError) as error:
        await refuse(websocket, error)


class HearingSocket:
    """Owned by its route."""

    def __init__(
        self, websocket: WebSocket, listening: Listening, audio: AudioFormat, *, interim_results: bool
    ) -> None:
        self._websocket = websocket
        self._listening = listening
        self._audio = audio
        self._resampler = StreamResampler(audio.rate_hz, HEARING_RATE_HZ)
        self._interim_results = interim_results
        self._interim: asyncio.Task[None] | None = None
        self._interim_at_seconds = 0.0
        self._over: asyncio.Queue[Utterance] = asyncio.Queue(QUEUED_UTTERANCES)
        self._left_over = b""

    async def run(self) -> None:
        """Follow the client until it has said everything, or has gone."""
        teller = asyncio.create_task(self._tell_utterances(), name="transcripts of a socket")
        try:
            await self._tell({"type": "transcript.created", "id": f"stt_{secrets.token_hex(12)}"})
            if await self._read():
                await self._end()
        except (WebSocketDisconnect, RuntimeError):
            return  # the client went while it was being told something
        except EngineError as error:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._tell(error_event(ears_failure(error)))
                await self._websocket.close(NORMAL_CLOSURE)
        finally:
            tasks = [task for task in (teller, self._interim) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            while not self._over.empty():
                self._over.get_nowait().close()

    # --- what the client says ---------------------------------------------------------------------------------------

    async def _read(self) -> bool:
        """Take frames in. True: the client has said everything; False: it has gone."""
        while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
            if (data := message.get("bytes")) is not None:
                await self._hear(data)
                continue
            match _type_of(message.get("text") or ""):
                case "finalize":
                    await self._finalize()
                case "audio.done":
                    return True
                case _:
                    told = "send sound as binary frames, or 'finalize' or 'audio.done'"
                    await self._tell(wrong_event(told))
        return False

    async def _hear(self, data: bytes) -> None:
        data = self._left_over + data
        whole = len(data) - len(data) % self._audio.bytes_per_sample
        data, self._left_over = data[:whole], data[whole:]
        step = int(self._audio.bytes_per_ms * SLICE_MS) // self._audio.bytes_per_sample * self._audio.bytes_per_sample
        for start in range(0, len(data), step):
            try:
                samples = self._resampler.push(self._audio.decode(data[start : start + step]))
            except AudioDataError as error:
                await self._tell(wrong_event(str(error)))
                return
            for utterance in await self._listening.push(samples):
                await self._over.put(utterance)
            self._follow_interim()

    async def _finalize(self) -> None:
        """Tell what was said so far as final, even in the midst of it; an empty text where there is nothing."""
        ended = await self._listening.finish()
        for utterance in ended:
            await self._over.put(utterance)
        if not ended:
            await self._over.join()
            await self._tell(self._partial("", self._listening.heard_seconds, 0.0, is_final=True))

    async def _end(self) -> None:
        """The words that were not told yet come with the end."""
        for utterance in await self._listening.push(self._resampler.flush()):
            await self._over.put(utterance)
        left = await self._listening.finish()
        for utterance in left[:-1]:
            await self._over.put(utterance)
        await self._over.join()
        text = await _words_of(left[-1]) if left else ""
        duration = round(self._listening.heard_seconds, 3)
        await self._tell({"type": "transcript.done", "text": text, "words": [], "duration": duration})
        await self._websocket.close(NORMAL_CLOSURE)

    # --- what the client is told ------------------------------------------------------------------------------------

    async def _tell_utterances(self) -> None:
        while True:
            utterance = await self._over.get()
            try:
                text = await _words_of(utterance)
                length = round(utterance.end_seconds - utterance.start_seconds, 3)
                event = self._partial(text, utterance.start_seconds, length, is_final=True)
                if utterance.confidence is not None:
                    event["end_of_turn_confidence"] = round(utterance.confidence, 4)
                await self._tell(event)
            except EngineError as error:
                await self._tell(error_event(ears_failure(error)))
            finally:
                self._over.task_done()

    def _follow_interim(self) -> None:
        heard = self._listening.heard_seconds
        if not self._interim_results or heard - self._interim_at_seconds < INTERIM_EVERY_SECONDS:
            return
        utterance = self._listening.open
        if utterance is None or (self._interim is not None and not self._interim.done()):
            return
        self._interim_at_seconds = heard
        self._interim = asyncio.create_task(self._tell_interim(utterance), name="interim transcript of a socket")

    async def _tell_interim(self, utterance: Utterance) -> None:
        # Its stream may be closed meanwhile: the final words are on their way then.
        with suppress(EngineError, WebSocketDisconnect, RuntimeError):
            heard = await utterance.stream.interim()
            still = self._listening.open
            if heard.text and still is not None and still.stream is utterance.stream:
                length = round(utterance.end_seconds - utterance.start_seconds, 3)
                await self._tell(self._partial(heard.text, utterance.start_seconds, length, is_final=False))

    def _partial(self, text: str, start: float, duration: float, *, is_final: bool) -> dict[str, Any]:
        return {
            "type": "transcript.partial",
            "text": text,
            "words": [],
            "is_final": is_final,
            "speech_final": is_final,
            "start": round(start, 3),
            "duration": duration,
        }

    async def _tell(self, event: Mapping[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(event, separators=(",", ":")))


async def _words_of(utterance: Utterance) -> str:
    try:
        return (await utterance.words()).text.strip()
    finally:
        utterance.close()


def _type_of(text: str) -> object:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event.get("type") if isinstance(event, dict) else None
