"""`/v1/audio/speech`, `/v1/audio/transcriptions`, `/v1/audio/translations`: OpenAI's speech API. Thin, stateless."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from starlette.responses import JSONResponse, PlainTextResponse

from vivavoce.api.dependencies import PlatformOf, Speaker
from vivavoce.api.errors import ApiError, problem_of
from vivavoce.api.hanging_up import EventStreamResponse, unless_gone
from vivavoce.api.problems import Problem
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
from vivavoce.api.speech.audio_models import (
    DurationUsage,
    SpeechBody,
    TranscriptFormat,
    Transcription,
    VerboseTranscription,
)
from vivavoce.api.speech.subtitles import language_name, openai_segments, subrip, webvtt, whole_text
from vivavoce.api.speech.uploads import raw_format, unreadable
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.audio_encoding import Codec, SpeechEncoding
from vivavoce.media.pcm import AudioDataError
from vivavoce.services.errors import ServiceError
from vivavoce.services.speech.saying import Manner
from vivavoce.services.speech.service import HeardPart, HeardSegment, RecordingEnded

PROMPT_CHARACTERS_MAXIMUM = 4096

_AUDIO_TOKENS_PER_SECOND = 20
_CHARACTERS_PER_TOKEN = 4
_CODECS: Mapping[str, Codec] = {"mp3": "mp3", "opus": "opus", "flac": "flac", "wav": "wav", "pcm": "pcm"}
_SOUNDS = ("audio/mpeg", "audio/ogg", "audio/flac", "audio/wav", "audio/pcm", "text/event-stream")
_TRANSCRIPTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What was said, in the format asked for; with `stream` as events.",
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "text/vtt": {"schema": {"type": "string"}},
            "text/event-stream": {},
        },
    }
}

router = APIRouter(tags=["Speech"], responses=speech_errors(), route_class=KeyFirstRoute)


# --- text to speech -------------------------------------------------------------------------------------------------


@router.post(
    "/v1/audio/speech",
    response_class=SpeechResponse,
    responses=speech_responses("The sound, while it is spoken; or its events.", *_SOUNDS),
    summary="Speak a text",
)
async def create_speech(request: Request, body: SpeechBody, _caller: Speaker, platform: PlatformOf) -> Response:
    """The answer begins with the first words; a client that goes stops the rest."""
    name = body.voice if isinstance(body.voice, str) else body.voice.id
    codec = _CODECS.get(body.response_format)
    if codec is None:
        possible = ", ".join(_CODECS)
        message = f"{body.response_format!r} cannot be written by this server; ask for one of: {possible}."
        raise ApiError(Problem(400, "unsupported_format", message, param="response_format"))
    encoding = SpeechEncoding(codec, VOICE_RATE_HZ)
    manner = Manner(platform.speech.voice(name, "voice"), body.speed)
    meter = SoundMeter()
    sound = encoded(meter.through(platform.speech.say(body.input, manner)), encoding)
    first = await unless_gone(request, first_of(sound))
    if body.stream_format == "sse":
        return EventStreamResponse(_speech_events(body.input, beginning_with(first, sound), meter), sound)
    return SpeechResponse(beginning_with(first, sound), encoding.content_type)


async def _speech_events(text: str, sound: AsyncGenerator[bytes], meter: SoundMeter) -> AsyncGenerator[str]:
    try:
        async with aclosing(sound):
            async for data in sound:
                yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    except ServiceError as error:
        yield _event({"type": "error"} | problem_of(error).body)
        return
    read = -(-len(text) // _CHARACTERS_PER_TOKEN)
    spoken = math.ceil(meter.seconds * _AUDIO_TOKENS_PER_SECOND)
    usage = {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}
    yield _event({"type": "speech.audio.done", "usage": usage})


# --- speech to text -------------------------------------------------------------------------------------------------


@router.post(
    "/v1/audio/transcriptions",
    response_model=Transcription | VerboseTranscription,
    responses=_TRANSCRIPTS,
    summary="Write down a recording",
)
async def create_transcription(
    request: Request,
    _caller: Speaker,
    platform: PlatformOf,
    file: Annotated[
        UploadFile,
        File(
            description="The recording: WAV, FLAC, Ogg, MP3, AIFF, AU or CAF; raw PCM or G.711 where its type or name "
            "says so (`audio/pcm;rate=16000`, `.ulaw`)."
        ),
    ],
    model: Annotated[str, Form(max_length=200, description="Any name: this server has one model.")],  # noqa: ARG001
    language: Annotated[str | None, Form(max_length=40, description="The language spoken, such as `en`.")] = None,
    prompt: Annotated[
        str | None,
        Form(max_length=PROMPT_CHARACTERS_MAXIMUM, description="Words that may occur; only some models heed them."),
    ] = None,
    response_format: Annotated[TranscriptFormat, Form(description="How the text is written.")] = "json",
    stream: Annotated[bool, Form(description="Answer with events, an utterance at a time.")] = False,
    temperature: Annotated[float, Form(ge=0, le=1, description="Accepted; it changes nothing.")] = 0.0,  # noqa: ARG001
    timestamp_granularities: Annotated[  # noqa: ARG001
        list[Literal["word", "segment"]] | None,
        Form(alias="timestamp_granularities[]", description="`word` gives nothing: times are told of utterances."),
    ] = None,
) -> Response | Transcription | VerboseTranscription:
    """Long recordings are cut at pauses and written down one utterance after the other."""
    hints = platform.speech.hints(language, (prompt,) if prompt else ())
    parts = platform.speech.transcribe(file.file, raw_format(file), hints)
    if stream:
        first = await unless_gone(request, _first_part(parts))
        return EventStreamResponse(_transcript_events(first, parts), parts)
    segments, seconds = await unless_gone(request, _all_parts(parts))
    return _transcript(response_format, segments, seconds)


@router.post("/v1/audio/translations", response_model=None, summary="Translate a recording (not possible)")
async def create_translation(_caller: Speaker) -> Transcription:
    """Always 400: no engine of this server translates."""
    message = "This server cannot translate speech; use /v1/audio/transcriptions and let a language model translate."
    raise ApiError(Problem(400, "unsupported_operation", message))


async def _first_part(parts: AsyncGenerator[HeardPart]) -> HeardPart:
    try:
        return await anext(parts)
    except AudioDataError as error:
        raise unreadable(error) from error


async def _all_parts(parts: AsyncGenerator[HeardPart]) -> tuple[list[HeardSegment], float]:
    segments: list[HeardSegment] = []
    seconds = 0.0
    try:
        async with aclosing(parts):
            async for part in parts:
                match part:
                    case HeardSegment():
                        segments.append(part)
                    case RecordingEnded(audio_seconds=seconds):
                        pass
    except AudioDataError as error:
        raise unreadable(error) from error
    return segments, seconds


def _transcript(
    wanted: TranscriptFormat, segments: list[HeardSegment], seconds: float
) -> Response | Transcription | VerboseTranscription:
    text = whole_text(segments)
    usage = DurationUsage(seconds=round(seconds, 3))
    match wanted:
        case "text":
            return PlainTextResponse(f"{text}\n")
        case "srt":
            return PlainTextResponse(subrip(segments))
        case "vtt":
            return Response(webvtt(segments), media_type="text/vtt")
        case "verbose_json":
            language = next((each.language for each in reversed(segments) if each.text), "en")
            verbose = VerboseTranscription(
                language=language_name(language),
                duration=round(seconds, 3),
                text=text,
                segments=openai_segments(segments),
                usage=usage,
            )
            return JSONResponse(verbose.model_dump())
        case "json":
            return JSONResponse(Transcription(text=text, usage=usage).model_dump())


async def _transcript_events(first: HeardPart, rest: AsyncGenerator[HeardPart]) -> AsyncGenerator[str]:
    told: list[str] = []
    try:
        async with aclosing(_beginning_with(first, rest)) as parts:
            async for part in parts:
                if isinstance(part, HeardSegment) and part.text:
                    delta = f" {part.text}" if told else part.text
                    told.append(part.text)
                    yield _event({"type": "transcript.text.delta", "delta": delta})
    except AudioDataError as error:
        yield _event({"type": "error"} | unreadable(error).problem.body)
        return
    except ServiceError as error:
        yield _event({"type": "error"} | problem_of(error).body)
        return
    yield _event({"type": "transcript.text.done", "text": " ".join(told)})


async def _beginning_with(first: HeardPart, rest: AsyncGenerator[HeardPart]) -> AsyncGenerator[HeardPart]:
    yield first
    async for part in rest:
        yield part


def _event(fields: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(fields, separators=(',', ':'))}\n\n"
