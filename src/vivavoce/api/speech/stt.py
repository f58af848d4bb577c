"""`/v1/stt`: xAI's way to have a recording written down. Thin, without state."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.dependencies import PlatformOf, Speaker
from vivavoce.api.errors import ApiError
from vivavoce.api.hanging_up import unless_gone
from vivavoce.api.problems import Problem
from vivavoce.api.speech.answering import KeyFirstRoute, speech_errors
from vivavoce.api.speech.subtitles import whole_text
from vivavoce.api.speech.uploads import RAW_NAMES, checked_format, raw_format, unreadable
from vivavoce.media.formats import AudioFormat
from vivavoce.media.pcm import AudioDataError
from vivavoce.services.speech.listening import UtteranceRules
from vivavoce.services.speech.service import RECORDING_RULES, HeardPart, HeardSegment, RecordingEnded

KEYTERMS_MAXIMUM = 100
KEYTERM_CHARACTERS_MAXIMUM = 50
SPEECH_THRESHOLDS = (0.02, 0.98)
"""What the voice-activity model can be asked for; other values within 0 and 1 mean the nearer end."""

router = APIRouter(tags=["Speech"], responses=speech_errors(), route_class=KeyFirstRoute)


class SttWord(BaseModel):
    """A word and when it was said."""

    text: str = Field(description="The word.")
    start: float = Field(description="Where it begins, in seconds.")
    end: float = Field(description="Where it ends, in seconds.")
    confidence: float | None = Field(default=None, description="How sure the model is.")
    speaker: int | None = Field(default=None, description="Who said it.")


class SttAnswer(BaseModel):
    """What was said."""

    text: str = Field(description="All of it; empty where nothing was understood.")
    language: str = Field(description="What was spoken, such as `en`.")
    duration: float = Field(description="How long the recording is, in seconds.")
    words: list[SttWord] = Field(description="Always empty: the engines do not tell the times of words.")


@router.post("/v1/stt", summary="Write down a recording (xAI)")
async def write_down(
    request: Request,
    _caller: Speaker,
    platform: PlatformOf,
    file: Annotated[UploadFile | None, File(description="The recording, as for `/v1/audio/transcriptions`.")] = None,
    url: Annotated[str | None, Form(max_length=2000, description="Refused: send the recording itself.")] = None,
    language: Annotated[str | None, Form(max_length=40, description="The language spoken, such as `en`.")] = None,
    format: Annotated[  # noqa: A002, ARG001 - the wire's word
        bool | None, Form(description="Accepted; the text always has its marks and capitals.")
    ] = None,
    audio_format: Annotated[
        Literal["pcm", "mulaw", "alaw"] | None, Form(description="What the bytes are where they have no container.")
    ] = None,
    sample_rate: Annotated[int | None, Form(description="Their sample rate in Hz; needed for `audio_format`.")] = None,
    diarize: Annotated[bool, Form(description="Only `false`: speakers are not told apart.")] = False,
    multichannel: Annotated[bool, Form(description="Only `false`: channels are mixed.")] = False,
    channels: Annotated[  # noqa: ARG001
        int | None, Form(ge=1, le=8, description="Accepted; the file says it itself.")
    ] = None,
    filler_words: Annotated[bool | None, Form(description="Accepted; the model decides.")] = None,  # noqa: ARG001
    vad_threshold: Annotated[float, Form(ge=0, le=1, description="From which probability a sound is speech.")] = 0.5,
    keyterm: Annotated[
        list[Annotated[str, Field(max_length=KEYTERM_CHARACTERS_MAXIMUM)]] | None,
        Form(max_length=KEYTERMS_MAXIMUM, description="Words that may occur; only some models heed them."),
    ] = None,
) -> SttAnswer:
    """Long recordings are cut at pauses. The order of the parts does not matter."""
    refuse_unknown_skills(diarize=diarize, multichannel=multichannel)
    if url:
        message = "This server fetches nothing from addresses; send the recording itself as `file`."
        raise ApiError(Problem(400, "unsupported_parameter", message, param="url"))
    if file is None:
        raise ApiError(Problem(400, "missing_required_parameter", "file: send the recording.", param="file"))
    raw = _raw(file, audio_format, sample_rate)
    hints = platform.speech.hints(language, tuple(keyterm or ()))
    rules = UtteranceRules(
        RECORDING_RULES.silence_ms, speech_threshold(vad_threshold), RECORDING_RULES.relaxed_after_seconds
    )
    parts = platform.speech.transcribe(file.file, raw, hints, rules)
    return await unless_gone(request, _answer(parts, hints.language))


def refuse_unknown_skills(*, diarize: bool, multichannel: bool) -> None:
    """Raises `ApiError` where a client asks for what no engine here can do."""
    for wanted, param in ((diarize, "diarize"), (multichannel, "multichannel")):
        if wanted:
            message = f"{param}: this server cannot do that; leave it out."
            raise ApiError(Problem(400, "unsupported_parameter", message, param=param))


def speech_threshold(wanted: float) -> float:
    """A threshold that the voice-activity model can hold."""
    return min(max(wanted, SPEECH_THRESHOLDS[0]), SPEECH_THRESHOLDS[1])


def _raw(file: UploadFile, audio_format: str | None, sample_rate: int | None) -> AudioFormat | None:
    if audio_format is None:
        return raw_format(file)
    if sample_rate is None:
        raise InvalidFieldError("sample_rate", "is needed where `audio_format` is given: the rate in Hz")
    return checked_format(RAW_NAMES[audio_format], sample_rate, "sample_rate")


async def _answer(parts: AsyncGenerator[HeardPart], wanted_language: str | None) -> SttAnswer:
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
    heard = next((each.language for each in reversed(segments) if each.text), wanted_language or "")
    return SttAnswer(text=whole_text(segments), language=heard, duration=round(seconds, 3), words=[])
