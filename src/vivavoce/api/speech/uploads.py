"""Recordings that clients upload: what their bytes are, and what is told when they cannot be read. Stateless."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from starlette.datastructures import UploadFile

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.errors import ApiError
from vivavoce.api.problems import Problem
from vivavoce.media.audio_files import FASTEST_RATE_HZ, SLOWEST_RATE_HZ, UnsupportedAudioError
from vivavoce.media.formats import AudioEncoding, AudioFormat
from vivavoce.media.pcm import AudioDataError

_RAW_TYPES: Mapping[str, tuple[AudioEncoding, int]] = {
    "audio/pcm": ("pcm16", 24_000),
    "audio/l16": ("pcm16", 24_000),
    "audio/basic": ("pcmu", 8_000),
    "audio/pcmu": ("pcmu", 8_000),
    "audio/mulaw": ("pcmu", 8_000),
    "audio/x-mulaw": ("pcmu", 8_000),
    "audio/pcma": ("pcma", 8_000),
    "audio/alaw": ("pcma", 8_000),
    "audio/x-alaw": ("pcma", 8_000),
}
_RAW_SUFFIXES: Mapping[str, tuple[AudioEncoding, int]] = {
    ".pcm": ("pcm16", 24_000),
    ".raw": ("pcm16", 24_000),
    ".ulaw": ("pcmu", 8_000),
    ".mulaw": ("pcmu", 8_000),
    ".ul": ("pcmu", 8_000),
    ".alaw": ("pcma", 8_000),
    ".al": ("pcma", 8_000),
}
RAW_NAMES: Mapping[str, AudioEncoding] = {"pcm": "pcm16", "mulaw": "pcmu", "alaw": "pcma"}
"""Encodings without a container, as xAI names them."""

_RATE = re.compile(r"rate=(\d{1,6})")


def raw_format(file: UploadFile) -> AudioFormat | None:
    """How the bytes are to be read where the upload's type or name says that they have no container; else None.

    `audio/pcm;rate=16000` names a rate; without one it is 24 kHz for PCM and 8 kHz for G.711. Raises
    `InvalidFieldError`.
    """
    kind, _, parameters = (file.content_type or "").partition(";")
    known = _RAW_TYPES.get(kind.strip().lower())
    named = _RAW_SUFFIXES.get(PurePath(file.filename or "").suffix.lower())
    encoding, rate_hz = known or named or (None, 0)
    if encoding is None:
        return None
    told = _RATE.search(parameters)
    return checked_format(encoding, int(told[1]) if told else rate_hz, "file")


def checked_format(encoding: AudioEncoding, rate_hz: int, param: str) -> AudioFormat:
    """Raises `InvalidFieldError` for a rate that no sound has."""
    if not SLOWEST_RATE_HZ <= rate_hz <= FASTEST_RATE_HZ:
        raise InvalidFieldError(param, f"a sample rate lies within {SLOWEST_RATE_HZ} and {FASTEST_RATE_HZ} Hz")
    return AudioFormat(encoding, rate_hz)


def unreadable(error: AudioDataError) -> ApiError:
    """What to answer to a recording that cannot be read."""
    said = str(error)
    message = f"{said[:1].upper()}{said[1:]}."
    if isinstance(error, UnsupportedAudioError):
        return ApiError(Problem(400, "unsupported_format", message, param="file"))
    return ApiError(Problem(400, "invalid_audio", message, param="file"))
