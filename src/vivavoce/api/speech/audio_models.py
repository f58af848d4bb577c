"""The bodies of OpenAI's speech API as its clients send and read them. Values of a request."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

INPUT_CHARACTERS_MAXIMUM = 4096
ResponseFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
TranscriptFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]


class VoiceId(BaseModel):
    """A voice named by its id."""

    id: str = Field(description="The id or an alias of a voice.", max_length=200)


class SpeechBody(BaseModel):
    """A text to be spoken."""

    model: str = Field(description="Any name: this server has one set of voices.", examples=["tts-1"], max_length=200)
    input: str = Field(description="What to say.", min_length=1, max_length=INPUT_CHARACTERS_MAXIMUM)
    voice: str | VoiceId = Field(
        description="The id of a voice of `/v1/voices`, or one of its aliases, such as OpenAI's names.",
        examples=["alloy"],
    )
    response_format: ResponseFormat = Field(
        default="mp3", description="`pcm` is 24 kHz, 16 bit, mono; `opus` is in Ogg. `aac` is refused."
    )
    speed: float = Field(
        default=1.0, ge=0.25, le=4.0, description="1.0 is the voice's own pace; voices hold 0.7 to 1.5."
    )
    stream_format: Literal["audio", "sse"] = Field(
        default="audio", description="`sse`: the sound comes as events, base64 in `speech.audio.delta`."
    )
    instructions: str | None = Field(
        default=None, description="Accepted; the voices do not follow instructions.", max_length=4096
    )


class DurationUsage(BaseModel):
    """What a transcription is counted by."""

    type: Literal["duration"] = Field(default="duration", description="Always `duration`.")
    seconds: float = Field(description="How long the recording is.")


class Transcription(BaseModel):
    """What was said."""

    text: str = Field(description="All of it; empty where nothing was understood.")
    usage: DurationUsage = Field(description="What it is counted by.")


class TranscriptionSegment(BaseModel):
    """One utterance of the recording. What the engine does not tell is 0 or empty."""

    id: int = Field(description="Counted from 0.")
    seek: int = Field(description="Where it begins, in hundredths of a second.")
    start: float = Field(description="Where it begins, in seconds.")
    end: float = Field(description="Where it ends, in seconds.")
    text: str = Field(description="What was said.")
    tokens: list[int] = Field(description="Always empty.")
    temperature: float = Field(description="Always 0.")
    avg_logprob: float = Field(description="Always 0: unknown.")
    compression_ratio: float = Field(description="How far the text can be compressed.")
    no_speech_prob: float = Field(description="Always 0: unknown.")


class VerboseTranscription(BaseModel):
    """What was said, utterance by utterance. There is no `words`: the engines do not tell the times of words."""

    task: Literal["transcribe"] = Field(default="transcribe", description="Always `transcribe`.")
    language: str = Field(description="The language's English name, such as `english`.")
    duration: float = Field(description="How long the recording is, in seconds.")
    text: str = Field(description="All of it.")
    segments: list[TranscriptionSegment] = Field(description="Its utterances.")
    usage: DurationUsage = Field(description="What it is counted by.")
