"""Tests of reading and writing WAV files."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.pcm import AudioDataError
from vivavoce.media.wav import read_wav, write_wav


def _wav(frames: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 16_000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate_hz)
        writer.writeframes(frames)
    return target.getvalue()


def _with_encoding(data: bytes, tag: int) -> bytes:
    """The same file, claiming another encoding in bytes 20-21 of its header."""
    return data[:20] + struct.pack("<H", tag) + data[22:]


@given(st.lists(st.integers(-32768, 32767), max_size=50), st.sampled_from([8_000, 22_050, 48_000]))
def test_what_is_written_is_read_back(values: list[int], rate_hz: int) -> None:
    samples = np.array(values, dtype=np.float32) / np.float32(32768)
    file = io.BytesIO()
    write_wav(file, samples, rate_hz)
    file.seek(0)
    audio = read_wav(file)
    assert np.array_equal(audio.samples, samples)
    assert audio.rate_hz == rate_hz


def test_a_file_is_written_and_read_by_its_path(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(8_000, 0.25, dtype=np.float32), 16_000)
    audio = read_wav(tmp_path / "a.wav")
    assert audio.samples.size == 8_000
    assert audio.seconds == 0.5


def test_stereo_is_mixed_down_to_the_mean_of_its_channels() -> None:
    audio = read_wav(io.BytesIO(_wav(struct.pack("<4h", 16384, 0, -16384, -16384), channels=2)))
    assert audio.samples.tolist() == [0.25, -0.5]
    assert audio.samples.dtype == np.float32


def test_a_streamed_file_whose_header_does_not_know_its_length_is_read_to_the_end() -> None:
    data = _wav(struct.pack("<3h", 1, 2, 3))
    unknown = b"\xff\xff\xff\xff"
    assert read_wav(io.BytesIO(data[:4] + unknown + data[8:40] + unknown + data[44:])).samples.size == 3


def test_a_file_that_is_cut_short_gives_the_whole_frames_it_has() -> None:
    data = _wav(struct.pack("<6h", *range(6)), channels=2)
    assert read_wav(io.BytesIO(data[:-3])).samples.size == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(_wav(b"\x80" * 10, width=1), "8-bit samples, 16-bit PCM is needed", id="8-bit PCM"),
        pytest.param(_wav(b"\x00" * 9, width=3), "24-bit samples, 16-bit PCM is needed", id="24-bit PCM"),
        pytest.param(_with_encoding(_wav(b"\0\0"), 3), "unknown format: 3", id="floating point"),
        pytest.param(_with_encoding(_wav(b"\0\0"), 7), "unknown format: 7", id="mu-law"),
        pytest.param(
            b"ID3\x03 this is an MP3, not a WAV file at all", "does not start with RIFF", id="another kind of file"
        ),
        pytest.param(b"", "cut short", id="an empty file"),
        pytest.param(_wav(b"\0\0")[:30], "not a PCM WAV file", id="a file that ends in its header"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_the_remedy(data: bytes, message: str) -> None:
    with pytest.raises(AudioDataError, match=message) as refusal:
        read_wav(io.BytesIO(data))
    assert "ffmpeg" in str(refusal.value)


@given(st.binary(max_size=120))
def test_no_bytes_raise_anything_but_the_refusal(tail: bytes) -> None:
    for data in (tail, _wav(b"\0\0" * 4)[:24] + tail, _wav(b"\0\0" * 4)[:12] + tail):
        try:
            audio = read_wav(io.BytesIO(data))
        except AudioDataError:
            continue
        assert audio.samples.ndim == 1
