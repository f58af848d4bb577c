"""`/v1/tts`: xAI's way to have a text spoken. Thin, without state."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import JSONResponse

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.dependencies import PlatformOf, Speaker
from vivavoce.api.hanging_up import unless_gone
from vivavoce.api.speech.answering import (
    KeyFirstRoute,
    SoundMeter,
    SpeechResponse,
    beginning_with,
    encoded,
    first_of,
    speech_errors,
    speech_responses,
)
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.audio_encoding import BIT_RATES, Codec, SpeechEncoding
from vivavoce.media.phonetic_words import fault_of
from vivavoce.services.speech.saying import Manner, Said, SaidPiece

TEXT_CHARACTERS_MAXIMUM = 15_000
REPLACEMENTS_MAXIMUM = 200
SPEEDS = (0.7, 1.5)

XaiCodec = Literal["mp3", "wav", "pcm", "mulaw", "alaw"]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]

_REPLACE = "Written words and what is said for them: words, or between slashes the sounds in phonetic alphabet."
_SOUNDS = ("audio/mpeg", "audio/wav", "audio/pcm", "audio/basic", "audio/alaw")
_G711_RATE_HZ = 8_000

router = APIRouter(tags=["Speech"], responses=speech_errors(), route_class=KeyFirstRoute)


class OutputFormat(BaseModel):
    """How the sound is written."""

    codec: XaiCodec = Field(default="mp3", description="`pcm` is 16 bit, little-endian, mono.")
    sample_rate: int | None = Field(
        default=None, description="In Hz, 8000 to 48000; 24000 if it is not given, 8000 for G.711.", examples=[24000]
    )
    bit_rate: int | None = Field(
        default=None, ge=BIT_RATES[0], le=BIT_RATES[1], description="Bits a second, for MP3 only; 128000 if not given."
    )

    def encoding(self, param: str) -> SpeechEncoding:
        """Raises `InvalidFieldError`."""
        return speech_encoding(self.codec, self.sample_rate, self.bit_rate, param)


class TtsBody(BaseModel):
    """A text to be spoken."""

    text: str = Field(description="What to say.", min_length=1, max_length=TEXT_CHARACTERS_MAXIMUM)
    language: str = Field(description="What the text is in, such as `en`; or `auto`.", max_length=40, examples=["auto"])
    voice_id: str = Field(default="eve", description="The id of a voice of `/v1/voices`, or an alias.")
    output_format: OutputFormat = Field(default_factory=OutputFormat, description="How the sound is written.")
    speed: float = Field(default=1.0, ge=SPEEDS[0], le=SPEEDS[1], description="1.0 is the voice's own pace.")
    text_normalization: bool | None = Field(
        default=None, description="False: numbers, dates and markup are left as they stand. Otherwise written out."
    )
    optimize_streaming_latency: int | None = Field(
        default=None, ge=0, le=4, description="Accepted; the first words are spoken as soon as can be in any case."
    )
    with_timestamps: bool = Field(default=False, description="Answer with JSON that has the times of the characters.")
    replace: dict[ShortText, ShortText] = Field(
        default_factory=dict, description=_REPLACE, max_length=REPLACEMENTS_MAXIMUM
    )


class AudioTimestamps(BaseModel):
    """When each character sounds: of each sentence begin and end are exact, within it the times are spread evenly."""

    graph_chars: list[str] = Field(description="The characters of the text.")
    graph_times: list[list[float]] = Field(description="Of each character begin and end, in seconds.")


class TimedSpeech(BaseModel):
    """The sound with its times."""

    audio: str = Field(description="The sound, as base64.")
    content_type: str = Field(description="What the sound is.", examples=["audio/mpeg"])
    duration: float = Field(description="How long it is, in seconds.")
    audio_timestamps: AudioTimestamps = Field(description="When each character sounds.")


def speech_encoding(codec: Codec, rate_hz: int | None, bit_rate: int | None, param: str) -> SpeechEncoding:
    """Raises `InvalidFieldError` for a sample rate that the codec does not have."""
    usual = _G711_RATE_HZ if codec in ("mulaw", "alaw") else VOICE_RATE_HZ
    try:
        return SpeechEncoding(codec, rate_hz if rate_hz is not None else usual, bit_rate)
    except ValueError as error:
        raise InvalidFieldError(param, str(error)) from error


@router.post(
    "/v1/tts",
    response_class=SpeechResponse,
    responses=speech_responses("The sound, while it is spoken; with `with_timestamps` as JSON.", *_SOUNDS)
    | {200: {"model": TimedSpeech} | speech_responses("The sound, while it is spoken.", *_SOUNDS)[200]},
    summary="Speak a text (xAI)",
)
async def speak(request: Request, body: TtsBody, _caller: Speaker, platform: PlatformOf) -> Response:
    """The answer begins with the first words; a client that goes stops the rest."""
    encoding = body.output_format.encoding("output_format.sample_rate")
    voice = platform.speech.voice(body.voice_id, "voice_id", body.language)
    for written, spoken in body.replace.items():
        if (fault := fault_of(spoken)) is not None:
            raise InvalidFieldError(f"replace.{written}", fault)
    manner = Manner(voice, body.speed, body.text_normalization is not False, tuple(body.replace.items()))
    said = platform.speech.say(body.text, manner)
    if body.with_timestamps:
        return await unless_gone(request, _timed(said, encoding))
    sound = encoded(said, encoding)
    first = await unless_gone(request, first_of(sound))
    return SpeechResponse(beginning_with(first, sound), encoding.content_type)


async def _timed(said: AsyncGenerator[Said], encoding: SpeechEncoding) -> JSONResponse:
    pieces: list[SaidPiece] = []
    meter = SoundMeter()

    async def noted() -> AsyncGenerator[Said]:
        async with aclosing(said):
            async for part in said:
                if isinstance(part, SaidPiece):
                    pieces.append(part)
                yield part

    async with aclosing(encoded(meter.through(noted()), encoding)) as sound:
        data = b"".join([each async for each in sound])
    told: dict[str, Any] = {
        "audio": base64.b64encode(data).decode(),
        "content_type": encoding.content_type,
        "duration": round(meter.seconds, 3),
        "audio_timestamps": timestamps(pieces),
    }
    return JSONResponse(told)


def timestamps(pieces: list[SaidPiece]) -> dict[str, Any]:
    """The `AudioTimestamps` of pieces that were spoken."""
    times = [timed for piece in pieces for timed in piece.character_times()]
    return {"graph_chars": [each[0] for each in times], "graph_times": [[each[1], each[2]] for each in times]}
