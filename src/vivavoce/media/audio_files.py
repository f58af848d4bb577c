"""Reads uploaded recordings piece by piece: mono samples at the rate that is wanted, whatever the file holds.

One `RecordingReader` belongs to one upload and ends with `close`. WAV, FLAC, Ogg, MP3, AIFF, AU and CAF are decoded by
libsndfile; raw PCM and G.711 by our own tables. Blocks the calling thread, so it is called on worker threads.
"""

from __future__ import annotations

import contextlib
import threading
from typing import BinaryIO

import numpy as np
import soundfile  # type: ignore[import-untyped]

from vivavoce.media.formats import AudioFormat
from vivavoce.media.pcm import AudioDataError, Samples
from vivavoce.media.resampling import StreamResampler

BLOCK_SECONDS = 0.5
CHANNELS_MAXIMUM = 32
SLOWEST_RATE_HZ, FASTEST_RATE_HZ = 4_000, 384_000
SNIFFED_BYTES = 16

KNOWN_CONTAINERS = "WAV, FLAC, Ogg (Opus or Vorbis), MP3, AIFF, AU or CAF"
_ADVICE = f"send {KNOWN_CONTAINERS}; convert it with: ffmpeg -i IN -ac 1 -ar 16000 OUT.wav"

_READABLE = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff")
_MP3_LAYER_BITS = 0x06


class UnsupportedAudioError(AudioDataError):
    """The file is in a container that cannot be read here; the message says which can."""


class _ForwardSound(soundfile.SoundFile):  # type: ignore[misc]
    """Reads on and on. The library would seek after every read, which fails in FLAC of unknown length."""

    def seekable(self) -> bool:
        return False


class _Forgiving:
    """A file that stays where it is when a damaged recording sends its decoder to a place that cannot be.

    The decoder calls from C, where an exception would only be printed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, count: int = -1) -> bytes:
        return self._file.read(count)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        with contextlib.suppress(ValueError, OSError, OverflowError):
            self._file.seek(offset, whence)
        return self._file.tell()


class RecordingReader:
    """Reads `file` from where it stands to its end as mono samples at `rate_hz`.

    `raw` says how bytes without a container are to be read; None: the file has one. Raises `UnsupportedAudioError` for
    a container that is not known, `AudioDataError` for one that is broken.
    """

    def __init__(self, file: BinaryIO, rate_hz: int, raw: AudioFormat | None = None) -> None:
        self._raw = raw
        self._file = file
        self._sound = None if raw is not None else _opened(file)
        self._from_hz = raw.rate_hz if raw is not None else _rate_of(self._sound)
        self._resampler = StreamResampler(self._from_hz, rate_hz)
        self._ended = False
        # Whoever gives up may close from another thread while the decoder still works.
        self._lock = threading.Lock()

    def read(self) -> Samples | None:
        """The next (n,) samples, about `BLOCK_SECONDS` of them; None at the end. Raises `AudioDataError`."""
        with self._lock:
            return None if self._ended else self._next()

    def _next(self) -> Samples:
        block = self._raw_block(self._raw) if self._raw is not None else self._container_block()
        if block.size:
            return self._resampler.push(block)
        self._ended = True
        return self._resampler.flush()

    def close(self) -> None:
        """Let go of the decoder; the file stays open."""
        with self._lock:
            self._ended = True
            if self._sound is not None:
                self._sound.close()

    def _raw_block(self, raw: AudioFormat) -> Samples:
        frames = round(self._from_hz * BLOCK_SECONDS)
        data = self._file.read(frames * raw.bytes_per_sample)
        return raw.decode(data[: len(data) - len(data) % raw.bytes_per_sample])

    def _container_block(self) -> Samples:
        assert self._sound is not None, "files without a container are read as raw audio"
        try:
            frames = self._sound.read(round(self._from_hz * BLOCK_SECONDS), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise AudioDataError(f"the recording is broken: {_said(error)}; {_ADVICE}") from error
        mono: Samples = frames.mean(axis=1, dtype=np.float32)
        return np.clip(np.nan_to_num(mono, nan=0.0), -1.0, 1.0)


def _opened(file: BinaryIO) -> _ForwardSound:
    _check_container(file)
    try:
        sound = _ForwardSound(_Forgiving(file))
    except (soundfile.SoundFileError, TypeError, ValueError, RuntimeError) as error:
        raise AudioDataError(f"the recording cannot be read: {_said(error)}; {_ADVICE}") from error
    if not 0 < sound.channels <= CHANNELS_MAXIMUM:
        sound.close()
        raise AudioDataError(f"the recording has {sound.channels} channels, at most {CHANNELS_MAXIMUM} can be read")
    return sound


def _rate_of(sound: soundfile.SoundFile | None) -> int:
    rate_hz = int(sound.samplerate) if sound is not None else 0
    if sound is not None and not SLOWEST_RATE_HZ <= rate_hz <= FASTEST_RATE_HZ:
        sound.close()
        raise AudioDataError(f"the recording claims a sample rate of {rate_hz} Hz; {_ADVICE}")
    return rate_hz


def _check_container(file: BinaryIO) -> None:
    """Only what is known by its first bytes is given to the decoder."""
    start = file.tell()
    head = file.read(SNIFFED_BYTES)
    file.seek(start)
    if not head:
        raise AudioDataError("the file is empty; send the recording")
    if head.startswith(_READABLE) or _is_mp3_frame(head):
        return
    raise UnsupportedAudioError(f"{_named(head)} cannot be read here; {_ADVICE}")


def _is_mp3_frame(head: bytes) -> bool:
    """An MPEG audio frame of layer I to III (ISO/IEC 11172-3, 2.4.1.3); AAC's frames have layer bits 00."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & _MP3_LAYER_BITS != 0


def _named(head: bytes) -> str:
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "A WebM or Matroska file"
    if head[4:8] == b"ftyp":
        return "An MP4 or M4A file"
    if head[0] == 0xFF and len(head) > 1 and head[1] & 0xF6 == 0xF0:
        return "An AAC stream"
    return "A file that begins like this one"


def _said(error: Exception) -> str:
    """Without the file, which has no name that the client knows."""
    said = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return str(said).strip().rstrip(".") or type(error).__name__
