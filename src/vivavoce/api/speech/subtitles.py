"""Transcripts as subtitles (SubRip, WebVTT) and as OpenAI's segments. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from vivavoce.api.speech.audio_models import TranscriptionSegment
from vivavoce.services.speech.service import HeardSegment

_LANGUAGES = {
    "ar": "arabic",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "he": "hebrew",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "uk": "ukrainian",
    "vi": "vietnamese",
    "zh": "chinese",
}


def language_name(tag: str) -> str:
    """The English name of a primary tag, in lower case; the tag itself where we do not know one."""
    return _LANGUAGES.get(tag, tag)


def whole_text(segments: Sequence[HeardSegment]) -> str:
    """All that was said."""
    return " ".join(segment.text for segment in segments if segment.text)


def openai_segments(segments: Sequence[HeardSegment]) -> list[TranscriptionSegment]:
    """The segments that hold words."""
    spoken = [segment for segment in segments if segment.text]
    return [
        TranscriptionSegment(
            id=number,
            seek=round(segment.start_seconds * 100),
            start=segment.start_seconds,
            end=segment.end_seconds,
            text=segment.text,
            tokens=[],
            temperature=0.0,
            avg_logprob=0.0,
            compression_ratio=_compression_ratio(segment.text),
            no_speech_prob=0.0,
        )
        for number, segment in enumerate(spoken)
    ]


def subrip(segments: Sequence[HeardSegment]) -> str:
    """A `.srt` file."""
    spoken = [segment for segment in segments if segment.text]
    cues = (
        f"{number}\n{_clock(each.start_seconds, ',')} --> {_clock(each.end_seconds, ',')}\n{each.text}\n"
        for number, each in enumerate(spoken, 1)
    )
    return "\n".join(cues)


def webvtt(segments: Sequence[HeardSegment]) -> str:
    """A `.vtt` file. What would end a cue or begin a tag is written as an entity."""
    cues = (
        f"{_clock(each.start_seconds, '.')} --> {_clock(each.end_seconds, '.')}\n{_cue_text(each.text)}\n"
        for each in segments
        if each.text
    )
    return "\n".join(["WEBVTT\n", *cues])


def _cue_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, separator: str) -> str:
    milliseconds = round(seconds * 1000)
    whole, milliseconds = divmod(milliseconds, 1000)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{whole:02}{separator}{milliseconds:03}"


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return round(len(data) / len(zlib.compress(data)), 3)
