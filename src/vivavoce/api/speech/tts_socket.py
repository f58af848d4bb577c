"""`wss /v1/tts`: xAI's socket that speaks a text while it is still being written, utterance after utterance.

One `SpeakingSocket` is one connection; everything of it ends when `run` returns.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, Field
from starlette.websockets import WebSocketDisconnect

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.errors import ApiError
from vivavoce.api.speech.sockets import admitted, error_event, query_of, refuse, wrong_event
from vivavoce.api.speech.tts import SPEEDS, TEXT_CHARACTERS_MAXIMUM, XaiCodec, speech_encoding, timestamps
from vivavoce.engines.ports import VOICE_RATE_HZ, EngineError
from vivavoce.media.audio_encoding import BIT_RATES, SpeechEncoder, SpeechEncoding, open_encoder
from vivavoce.services.errors import ServiceError
from vivavoce.services.speech.joining import TextJoint
from vivavoce.services.speech.saying import Manner, SaidPiece, SaidSound, Saying
from vivavoce.services.speech.service import SpeechService, voice_failure

QUEUED_PIECES = 1_000
"""Sentences that may wait for the voice."""

router = APIRouter()


class TtsQuery(BaseModel):
    """What a client may say in the address."""

    voice: str = Field(default="eve", max_length=200)
    language: str = Field(default="auto", max_length=40)
    codec: XaiCodec = "mp3"
    sample_rate: int | None = None
    bit_rate: int | None = Field(default=None, ge=BIT_RATES[0], le=BIT_RATES[1])
    speed: float = Field(default=1.0, ge=SPEEDS[0], le=SPEEDS[1])
    text_normalization: bool | None = None
    with_timestamps: bool = False


@dataclass(frozen=True, slots=True)
class SocketSpeech:
    """How one connection is spoken to."""

    manner: Manner
    encoding: SpeechEncoding
    with_timestamps: bool


@router.websocket("/v1/tts")
async def speak(websocket: WebSocket) -> None:
    try:
        admission = await admitted(websocket)
        query = query_of(websocket, TtsQuery)
        encoding = speech_encoding(query.codec, query.sample_rate, query.bit_rate, "sample_rate")
        voice = admission.speech.voice(query.voice, "voice", query.language)
    except (ApiError, ServiceError, InvalidFieldError) as error:
        await refuse(websocket, error)
        return
    await websocket.accept(admission.subprotocol)
    manner = Manner(voice, query.speed, query.text_normalization is not False)
    await SpeakingSocket(websocket, admission.speech, SocketSpeech(manner, encoding, query.with_timestamps)).run()


@dataclass(frozen=True, slots=True)
class _Queued:
    """A piece of an utterance; None: its end."""

    saying: Saying
    piece: str | None


class SpeakingSocket:
    """Owned by its route."""

    def __init__(self, websocket: WebSocket, speech: SpeechService, how: SocketSpeech) -> None:
        self._websocket = websocket
        self._speech = speech
        self._how = how
        # Twice as many fit, so that an utterance can still be ended when too much text waits.
        self._queue: asyncio.Queue[_Queued] = asyncio.Queue(2 * QUEUED_PIECES)
        self._begin_utterance()

    async def run(self) -> None:
        """Follow the client until it goes."""
        speaker = asyncio.create_task(self._speak(), name="speech socket")
        try:
            while (event := await self._next_event()) is not None:
                match event.get("type"):
                    case "text.delta" if isinstance(event.get("delta"), str):
                        await self._take(event["delta"])
                    case "text.done":
                        await self._finish()
                    case "text.clear":
                        speaker = await self._clear(speaker)
                    case _:
                        message = "send 'text.delta' with a `delta`, 'text.done' or 'text.clear'"
                        await self._tell(wrong_event(message))
        except (WebSocketDisconnect, RuntimeError):
            return  # the client went while it was being told something
        finally:
            speaker.cancel()
            await asyncio.gather(speaker, return_exceptions=True)

    # --- what the client says ---------------------------------------------------------------------------------------

    async def _next_event(self) -> Mapping[str, Any] | None:
        """None: the client has gone."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        try:
            event = json.loads(message.get("text") or "")
        except (ValueError, RecursionError):
            return {}
        return event if isinstance(event, dict) else {}

    def _begin_utterance(self) -> None:
        self._saying = self._speech.saying(self._how.manner)
        self._joint = TextJoint()
        self._characters = 0

    async def _take(self, delta: str) -> None:
        self._characters += len(delta)
        if self._characters > TEXT_CHARACTERS_MAXIMUM:
            message = f"an utterance has at most {TEXT_CHARACTERS_MAXIMUM} characters; end it with 'text.done'"
            await self._tell(wrong_event(message))
            return
        await self._queue_pieces(self._saying.push(self._joint.push(delta)))

    async def _finish(self) -> None:
        await self._queue_pieces([*self._saying.push(self._joint.flush()), *self._saying.flush()])
        if self._queue.full():
            await self._refuse_more()
        else:
            self._queue.put_nowait(_Queued(self._saying, None))
        self._begin_utterance()

    async def _queue_pieces(self, pieces: list[str]) -> None:
        if self._queue.qsize() + len(pieces) > QUEUED_PIECES:
            await self._refuse_more()
            return
        for piece in pieces:
            self._queue.put_nowait(_Queued(self._saying, piece))

    async def _refuse_more(self) -> None:
        await self._tell(wrong_event("too much text waits to be spoken; wait for 'audio.done', or send 'text.clear'"))

    async def _clear(self, speaker: asyncio.Task[None]) -> asyncio.Task[None]:
        """Stop speaking, forget what waits; the speaker that goes on."""
        speaker.cancel()
        await asyncio.gather(speaker, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._begin_utterance()
        await self._tell({"type": "audio.clear"})
        return asyncio.create_task(self._speak(), name="speech socket")

    # --- what the client is told ------------------------------------------------------------------------------------

    async def _speak(self) -> None:
        while True:
            encoder = open_encoder(self._how.encoding, VOICE_RATE_HZ)
            try:
                await self._speak_utterance(encoder)
            finally:
                encoder.close()

    async def _speak_utterance(self, encoder: SpeechEncoder) -> None:
        while (queued := await self._queue.get()).piece is not None:
            try:
                with self._speech.job():
                    await self._speak_piece(queued.saying, queued.piece, encoder)
            except EngineError as error:
                await self._tell(error_event(voice_failure(error)))
            except ServiceError as error:
                await self._tell(error_event(error))
        await self._tell_sound(await asyncio.to_thread(encoder.flush))
        await self._tell({"type": "audio.done"})

    async def _speak_piece(self, saying: Saying, piece: str, encoder: SpeechEncoder) -> None:
        async with aclosing(saying.say(piece)) as said:
            async for part in said:
                match part:
                    case SaidSound(samples=samples):
                        await self._tell_sound(await asyncio.to_thread(encoder.push, samples))
                    case SaidPiece() if self._how.with_timestamps:
                        await self._tell_times(part)
                    case SaidPiece():
                        pass

    async def _tell_sound(self, data: bytes) -> None:
        if data:
            await self._tell({"type": "audio.delta", "delta": base64.b64encode(data).decode()})

    async def _tell_times(self, piece: SaidPiece) -> None:
        duration = round(piece.end_seconds - piece.start_seconds, 3)
        times = timestamps([piece])
        await self._tell({"type": "audio.delta", "delta": "", "audio_timestamps": times, "audio_duration": duration})

    async def _tell(self, event: Mapping[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(event, separators=(",", ":")))
